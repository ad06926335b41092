/* rb-processing.h: an adapter reports how far it is with an assignment
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

#define RB_NO_TIME G_MININT64

/* protocol.md 11.7 */
typedef struct {
  char     *endpoint_id;
  gint64    plugin_pid;
  char     *endpoint_owner_token;   /* NULL when absent */
  char     *source_message_id;
  char     *assignment_id;
  char     *state_event_id;
  gint64    state_sequence;
  char     *state;
  gint64    occurred_at;            /* RB_NO_TIME: now */
  char     *undispatched_id;
  gboolean  has_retryable;
  gboolean  retryable;
  char     *reason_code;
  char     *detail;
  char     *reply_request_id;
  char     *outbound_message_id;
} RbProcessingRequest;

void      rb_processing_request_clear (RbProcessingRequest *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RbProcessingRequest, rb_processing_request_clear)

void      rb_processing_async   (RbCore *core, const RbCaller *caller, const RbProcessingRequest *request, GAsyncReadyCallback callback,
                                 gpointer user_data);
gboolean  rb_processing_finish  (RbCore *core, GAsyncResult *result, GError **error);

G_END_DECLS
