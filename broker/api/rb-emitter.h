/* rb-emitter.h: carries events outwards
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-event.h"
#include "rb-module.h"

G_BEGIN_DECLS

#define RB_TYPE_EMITTER (rb_emitter_get_type ())
G_DECLARE_INTERFACE (RbEmitter, rb_emitter, RB, EMITTER, RbModule)

/**
 * RbEmitterInterface:
 * @is_authority: TRUE if its refusal decides (an upstream that may refuse a processing state); FALSE for a projection such as
 *   the journal, whose failures are only logged. Default: FALSE.
 * @emit_async: one event. Fails with %RB_ERROR_REJECTED (terminal, details "status" x, "assignment_failure_category" s?) or
 *   %RB_ERROR_UNAVAILABLE, %RB_ERROR_TIMED_OUT (try again; details "status" x where the other side answered, "retry_after_ms" x where it
 *   said when). The text is the detail of protocol.md 14.2. An emitter does not repeat by itself.
 */
struct _RbEmitterInterface {
  GTypeInterface parent_iface;

  gboolean (*is_authority) (RbEmitter *self);
  void     (*emit_async)   (RbEmitter *self, RbEvent *event, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
  gboolean (*emit_finish)  (RbEmitter *self, GAsyncResult *result, GError **error);
};

gboolean  rb_emitter_is_authority (RbEmitter *self);
void      rb_emitter_emit_async   (RbEmitter *self, RbEvent *event, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean  rb_emitter_emit_finish  (RbEmitter *self, GAsyncResult *result, GError **error);

G_END_DECLS
