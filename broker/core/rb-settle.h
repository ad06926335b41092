/* rb-settle.h: an adapter declares a message handled without a reply
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

/* POST /v1/runtime/self-settle, protocol.md 12.6. Strings are NULL where the body has none. */
typedef struct {
  char   *endpoint_id;
  gint64  plugin_pid;         /* 0: none */
  char   *undispatched_id;
} RbSettleRequest;

void      rb_settle_request_clear (RbSettleRequest *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RbSettleRequest, rb_settle_request_clear)

void      rb_settle_async  (RbCore *core, const RbCaller *caller, const RbSettleRequest *request, GAsyncReadyCallback callback,
                            gpointer user_data);
/* TRUE: settled, as "handled_no_reply". */
gboolean  rb_settle_finish (RbCore *core, GAsyncResult *result, GError **error);

/* A row that was taken is in its place again, or has an assignment: who settles it goes on. */
void      rb_settle_go_on        (RbCore *core, const char *undispatched_id);
/* Asks again about what was declared handled while nobody knows whether the upstream heard so: the link is there again. */
void      rb_settle_resume       (RbCore *core);
/* A message is in the inbox again. */
void      rb_settle_watch        (RbCore *core);
/* What was claimed is not here after all, and nothing of it is kept. */
void      rb_settle_vanished     (RbCore *core, const char *undispatched_id);
/* Another call about it was refused. That the upstream knows of no such message, which somebody declared handled, says that it heard so. */
void      rb_settle_learn        (RbCore *core, const char *undispatched_id, const GError *refusal);

G_END_DECLS
