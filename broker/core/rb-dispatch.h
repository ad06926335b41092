/* rb-dispatch.h: a message of the inbox becomes an assignment
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"
#include "rb-target.h"

G_BEGIN_DECLS

/* POST /v1/dispatch, protocol.md 11.6. Both ids non-NULL and non-empty, else RB_ERROR_INVALID "dispatch_body_invalid".
 * Finishes when the target took the message (receipt) or, for a reconnecting one, when it is queued for it. */
void      rb_dispatch_async   (RbCore *core, const RbCaller *caller, const char *undispatched_id, const char *endpoint_id,
                               GAsyncReadyCallback callback, gpointer user_data);
gboolean  rb_dispatch_finish  (RbCore *core, GAsyncResult *result, GError **error);

/* What the upstream orders with a control event, protocol.md 11.5. Texts may be NULL where the event has none. */
typedef struct {
  const char     *key;                  /* becomes the assignment's id; NULL: ordered here, a fresh one is made */
  const char     *undispatched_id;
  const char     *source_message_id;    /* NULL: the row's */
  const char     *endpoint_id;
  const char     *rule;                 /* of rb-rule.h: who ordered it */
  const RbTarget *target;               /* NULL: what the endpoint says of itself */
  const char     *token;
  gint64          emitted_at;
  void          (*stored) (RbCore *core, gpointer user_data);   /* (nullable) called when nothing that comes later can overtake it */
  gpointer        stored_data;
} RbDispatchOrder;

/* Every failure is RB_ERROR_INVALID "dispatch_failed" with the detail of 11.5 as its text, but for a broker that cannot store or stops. */
void      rb_dispatch_order_async (RbCore *core, const RbDispatchOrder *order, GAsyncReadyCallback callback, gpointer user_data);

/* The endpoint's channel is gone: who waits for the receipt of what was not pushed yet hears that it is queued. */
void      rb_dispatch_settle  (RbCore *core, const char *endpoint_id);

G_END_DECLS
