/* rb-settling.h: which messages adapters declared handled, while nobody knows whether the upstream heard so
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

/* A self-settle is the upstream's to grant, and ours to carry out after it. The mark of it is on the disk before the upstream is asked and
 * leaves with the message, so that a crash in between leaves no row that is handled already. */
typedef struct {
  char     *message_id;
  char     *endpoint_id;    /* who declared it so last */
  guint     n_running;      /* calls whose outcome is still to come */
  guint     n_lost;         /* calls whose outcome nobody ever learned, in this process or the one before */
  gboolean  is_settled;     /* the upstream agreed, and what is here ends */
  gboolean  is_gone;        /* the message or the endpoint ended meanwhile, or it did not happen */
} RbSettling;

RbSettling *rb_settling_ref             (RbSettling *self);
void        rb_settling_unref           (RbSettling *self);

/* Another call begins; it may be made once @changes are durable. (transfer full) */
RbSettling *rb_settling_begin           (RbCore *core, const char *message_id, const char *endpoint_id, RbChanges *changes);
/* While loading, after all else: what names nothing that lives is deleted. */
void        rb_settling_load            (RbCore *core, GVariant *row, RbChanges *changes);
RbSettling *rb_settling_lookup          (RbCore *core, const char *message_id);
GPtrArray  *rb_settling_dup_all         (RbCore *core);                      /* (transfer full): of RbSettling */
void        rb_settling_forget          (RbCore *core, RbSettling *self, RbChanges *changes);
void        rb_settling_forget_message  (RbCore *core, const char *message_id, RbChanges *changes);
void        rb_settling_forget_endpoint (RbCore *core, const char *endpoint_id, RbChanges *changes);
/* There is something here that ends with it: a row of the inbox, or an assignment that nobody accepted. */
gboolean    rb_settling_has_object      (RbCore *core, const char *message_id);

G_END_DECLS
