/* rb-local-database.h: the shared mailboxes of one machine, in SQL
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-connector.h"
#include "rb-local-claim.h"
#include "rb-sql.h"

G_BEGIN_DECLS

/* One connection, used by one thread at a time. Every function blocks. */
typedef struct _RbLocalDatabase RbLocalDatabase;

RbLocalDatabase *rb_local_database_open         (const char             *path,
                                                 GError                **error);
void             rb_local_database_close        (RbLocalDatabase        *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbLocalDatabase, rb_local_database_close)

RbSql           *rb_local_database_get_sql      (RbLocalDatabase        *self);

/* FALSE without an error when somebody newer has the handle. */
gboolean         rb_local_database_is_current   (RbLocalDatabase        *self,
                                                 const RbLocalClaim     *claim,
                                                 GError                **error);

/* Around any number of puts and accepts. @durable: the commit reaches the disk before it returns. */
gboolean         rb_local_database_begin        (RbLocalDatabase        *self,
                                                 gboolean                durable,
                                                 GError                **error);
gboolean         rb_local_database_commit       (RbLocalDatabase        *self,
                                                 GError                **error);
void             rb_local_database_roll_back    (RbLocalDatabase        *self);

typedef struct {
  gint64 mailbox;
  gint64 generation;
  gint64 next_seq;
  gint64 messages;       /* waiting there now, and how many may */
  gint64 messages_max;
  gint64 bytes;
  gint64 bytes_max;
} RbLocalRecipient;

/* Lookups: FALSE without an error when there is no such thing. */
gboolean         rb_local_database_find         (RbLocalDatabase        *self,
                                                 const char             *handle,
                                                 RbLocalRecipient       *recipient,
                                                 GError                **error);
gboolean         rb_local_database_find_earlier (RbLocalDatabase        *self,
                                                 gint64                  mailbox,
                                                 const char             *id,
                                                 char                  **sender,
                                                 RbSendStatus           *status,
                                                 GError                **error);
gboolean         rb_local_database_put          (RbLocalDatabase        *self,
                                                 const RbLocalRecipient *recipient,
                                                 RbEnvelope             *envelope,
                                                 RbSendStatus            status,
                                                 gint64                  now_ms,
                                                 GError                **error);
gboolean         rb_local_database_accept       (RbLocalDatabase        *self,
                                                 gint64                  mailbox,
                                                 gint64                  seq,
                                                 gint64                  now_ms,
                                                 GError                **error);

typedef struct {
  gint64      seq;
  gsize       size;        /* as rb_envelope_get_size() */
  RbEnvelope *envelope;    /* NULL: it is larger than what was asked for */
} RbLocalRow;

void             rb_local_row_clear             (RbLocalRow             *row);
/* The message @seq, or with @or_next the first one from @seq on. Of a larger one than @max_size only seq and size are read. */
gboolean         rb_local_database_read         (RbLocalDatabase        *self,
                                                 gint64                  mailbox,
                                                 gint64                  seq,
                                                 gboolean                or_next,
                                                 gsize                   max_size,
                                                 RbLocalRow             *row,
                                                 GError                **error);

G_END_DECLS
