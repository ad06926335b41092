/* rb-staged.h: an adapter fetches what is staged for it, or waits for it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"
#include "rb-staging.h"

G_BEGIN_DECLS

/* POST /v1/runtime/staged-delivery, protocol.md 12.5. */
typedef struct {
  char     *endpoint_id;     /* NULL: none */
  gint64    plugin_pid;      /* 0: none */
  double    timeout_ms;      /* whatever the body said; not finite: 0 */
  gboolean  mark_attempt;
} RbStagedRequest;

void       rb_staged_request_clear (RbStagedRequest *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RbStagedRequest, rb_staged_request_clear)

/* @cancellable: cancelled when the client is gone (IMP-39). One that only waited leaves no trace then; it finishes with
 * G_IO_ERROR_CANCELLED. */
void       rb_staged_async       (RbCore *core, const RbCaller *caller, const RbStagedRequest *request, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *rb_staged_finish      (RbCore *core, GAsyncResult *result, GError **error);   /* of RbStagedItem */

/* FALSE: our own inbox is the authority, so nothing will ever be staged. */
gboolean   rb_staged_is_offered  (RbCore *core);

/* Who waits for the endpoint gets all that is staged for it, if something is. */
void       rb_staged_wake        (RbCore *core, const char *endpoint_id);
/* They get nothing. */
void       rb_staged_release     (RbCore *core, const char *endpoint_id);
void       rb_staged_release_all (RbCore *core);
/* Who waits for the store, which writes nothing, is told so; @why: (nullable): the store's words. */
void       rb_staged_drop_unstored (RbCore *core, const char *why);

G_END_DECLS
