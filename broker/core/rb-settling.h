/* rb-settling.h: which messages adapters declared handled, while nobody knows whether the upstream heard so
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

/* One endpoint that declared a message handled. */
typedef struct {
  char     *endpoint_id;
  guint     n_running;      /* calls whose outcome is still to come; with none of these and none lost: another's outcome tells what its own was */
  guint     n_lost;         /* calls whose outcome nobody ever learned, in this process or the one before */
  gboolean  is_refused;     /* a later call was, and one that was lost may still be carried out: nothing is asked until it asks itself */
  gboolean  has_left;       /* the endpoint is gone: nothing can be asked in its name, and what it asked for may have happened */
} RbSettler;

/* A self-settle is the upstream's to grant, and ours to carry out after it. The mark of it is on the disk before the upstream is asked, a row for
 * each endpoint, and leaves with the message, so that neither a crash in between nor another endpoint leaves a row that is handled already. */
typedef struct {
  char      *message_id;
  GPtrArray *settlers;      /* of RbSettler; the last to come is the last */
  gboolean   is_settled;    /* the upstream agreed, and what is here ends */
  gboolean   is_gone;       /* the message ended meanwhile, or none of them happened */
} RbSettling;

RbSettling *rb_settling_ref             (RbSettling *self);
void        rb_settling_unref           (RbSettling *self);
RbSettler  *rb_settler_ref              (RbSettler *self);
void        rb_settler_unref            (RbSettler *self);

/* Another call of @endpoint_id begins; it may be made once @changes are durable. (transfer full) */
RbSettler  *rb_settling_begin           (RbCore *core, const char *message_id, const char *endpoint_id, RbChanges *changes);
/* While loading, after all else: what names nothing here that would end with it is deleted. */
void        rb_settling_load            (RbCore *core, GVariant *row, RbChanges *changes);
RbSettling *rb_settling_lookup          (RbCore *core, const char *message_id);
GPtrArray  *rb_settling_dup_all         (RbCore *core);                      /* (transfer full): of RbSettling */
/* The upstream may have carried out a call that nobody heard of. */
gboolean    rb_settling_may_be_over     (const RbSettling *self);
/* The outcome of a call is still to come. */
gboolean    rb_settling_is_asked        (const RbSettling *self);
/* In whose name it can be asked again; NULL: nobody's, or somebody asks just now. */
RbSettler  *rb_settling_find_asker      (const RbSettling *self);
/* The upstream refused that endpoint. What it lost before may come to be carried out all the same, and stays known. */
void        rb_settling_refuse          (RbCore *core, RbSettling *self, RbSettler *settler, RbChanges *changes);
void        rb_settling_forget_message  (RbCore *core, const char *message_id, RbChanges *changes);
/* It can ask no more; what it may have brought about stays known. */
void        rb_settling_leave           (RbCore *core, const char *endpoint_id, RbChanges *changes);
/* There is something here that ends with it: a row of the inbox, an assignment that nobody accepted, or what is being claimed just now. */
gboolean    rb_settling_has_object      (RbCore *core, const char *message_id);

G_END_DECLS
