/* rb-archive.h: what is over, for as long as it is kept
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"
#include "rb-changes.h"

G_BEGIN_DECLS

/* Which rows of RB_TABLE_ARCHIVE there are, and which are to go: bounded by age, by bytes and by number. In memory an entry is its number, its
 * id, its size and its time; the rest is the store's. What ends here has no effect any more: the ids that keep a redelivery from having one
 * are the ledger's, and stay as long as that says. */
typedef struct _RbArchive RbArchive;

/* Words of the column `kind`. */
#define RB_ARCHIVE_IN "in"                /* a message that arrived */
#define RB_ARCHIVE_OUT "out"              /* one that an endpoint sent */
#define RB_ARCHIVE_ENDPOINT "endpoint"

typedef struct {
  gint64  max_age_ms;         /* 0: age does not matter */
  gsize   max_bytes;          /* of texts, and a flat sum for each row */
  guint   max_entries;
  gsize   text_max;           /* bytes of one text; 0: texts are not kept */
} RbArchiveLimits;

/* One row. Texts are borrowed and may be NULL where the table says so. */
typedef struct {
  const char *kind;
  const char *id;
  const char *name;           /* address of the other side; of an endpoint its label */
  const char *endpoint_id;    /* who had it or sent it */
  const char *correlation_id;
  const char *source_id;
  const char *detail;         /* content type; of an endpoint its kind */
  gint64      begun_at;       /* epoch-ms */
  gint64      ended_at;
  const char *outcome;        /* how it ended */
  GBytes     *content;        /* (nullable) JSON slice */
} RbPast;

RbArchive  *rb_archive_new         (const RbArchiveLimits *limits);
void        rb_archive_free        (RbArchive *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbArchive, rb_archive_free)

/* Borrowed; NULL: nobody counts. */
void        rb_archive_set_bounds  (RbArchive *self, RbBounds *bounds);
void        rb_archive_add         (RbArchive *self, const RbPast *past, RbChanges *changes);
/* While loading, in the table's order. */
void        rb_archive_load        (RbArchive *self, GVariant *row);

/* Deletes the oldest that are due, at most @max, with their texts. A ladder goes with the last entry of its id, unless @is_alive says that the
 * message lives again. Returns how many went. */
typedef gboolean (*RbArchiveAlive) (const char *id, gpointer user_data);
guint       rb_archive_prune       (RbArchive *self, gint64 now, guint max, RbArchiveAlive is_alive, gpointer user_data, RbChanges *changes);
gboolean    rb_archive_is_due      (RbArchive *self, gint64 now);
/* epoch-ms at which the oldest is to go by its age; 0: there is nothing, or age does not matter */
gint64      rb_archive_get_due_at  (RbArchive *self);

/* The number of the last row of @id; 0: none. */
gint64      rb_archive_find        (RbArchive *self, const char *id, gboolean *is_endpoint);    /* @is_endpoint: (optional) */
/* Calls @found for each id that begins with @prefix; looks through all, so for people only. */
typedef void (*RbArchiveFound) (const char *id, gboolean is_endpoint, gpointer user_data);
void        rb_archive_find_prefix (RbArchive *self, const char *prefix, RbArchiveFound found, gpointer user_data);

guint       rb_archive_get_n       (RbArchive *self);
gsize       rb_archive_get_bytes   (RbArchive *self);
guint64     rb_archive_get_n_pruned (RbArchive *self);
const RbArchiveLimits *rb_archive_get_limits (RbArchive *self);

/* What of a content can be searched: a JSON string's text, or the JSON; at most @max bytes of whole characters, without control characters. */
char       *rb_archive_dup_text    (GBytes *content, gsize max);

G_END_DECLS
