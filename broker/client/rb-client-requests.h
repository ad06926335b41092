/* rb-client-requests.h: what was asked over the stream, until it is answered
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "rb-clock.h"
#include "rb-json.h"

G_BEGIN_DECLS

/* Frames `request` and `response` of design.md section 6: each answer names its request, and they come in any order. */
typedef struct _RbClientRequests RbClientRequests;

RbClientRequests *rb_client_requests_new    (RbClock          *clock);
/* What still waits fails as in rb_client_requests_fail(). */
void              rb_client_requests_free   (RbClientRequests *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbClientRequests, rb_client_requests_free)

/* The frame that asks. @task: taken; it is answered with the RbJson of a success, or fails: with the broker's error, after @timeout_ms (0: never),
 * when it is cancelled, or when the channel ends. Its task data is ours. @body: (nullable): JSON text. @repeatable: as in rb_client_http_call_async(). */
char             *rb_client_requests_add    (RbClientRequests *self,
                                             GTask            *task,
                                             const char       *method,
                                             const char       *path,
                                             GBytes           *body,
                                             gboolean          repeatable,
                                             gint64            timeout_ms);
void              rb_client_requests_answer (RbClientRequests *self,
                                             const RbJson     *frame);
/* The channel ended: nobody knows what became of what was asked. */
void              rb_client_requests_fail   (RbClientRequests *self,
                                             const char       *reason);
/* Of a task of ours that has returned; 0: it was not answered. */
guint             rb_client_requests_get_status (GAsyncResult *result);

G_END_DECLS
