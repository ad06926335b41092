/* rb-ipc-request.h: one request until it is answered, over HTTP, over a channel, or from within the process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-error.h"
#include "rb-ipc-routes.h"
#include "rb-json.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* Answered exactly once: by its handler, by the deadline (503), by the end of the server (503), or, when everybody forgot it, by
 * dropping its last reference (500). A handler takes a reference for each call that it waits for. */

#define RB_IPC_BODY_MAX_DEFAULT (1024 * 1024)

/* Over HTTP: @message is not paused before rb_ipc_request_run(). */
RbIpcRequest  *rb_ipc_request_new_http    (RbIpcServer *server, RbIpcConnection *connection, SoupServerMessage *message,
                                           const char *target);
/* Over a channel; design.md section 6. */
RbIpcRequest  *rb_ipc_request_new_stream  (RbIpcServer *server, RbIpcChannel *channel, const char *id, const char *method,
                                           const char *target);
/* From within the process: @heard is called once, unless the request is abandoned. */
typedef void (*RbIpcAnswered) (guint status, GBytes *body, gpointer user_data);
RbIpcRequest  *rb_ipc_request_new_direct  (RbIpcServer *server, const RbCaller *caller, const char *method, const char *target,
                                           RbIpcAnswered heard, gpointer user_data);
/* Of a direct one: its client left. */
void           rb_ipc_request_abandon     (RbIpcRequest *self);
RbIpcRequest  *rb_ipc_request_ref         (RbIpcRequest *self);
void           rb_ipc_request_unref       (RbIpcRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbIpcRequest, rb_ipc_request_unref)

/* Over HTTP: before it is routed; for the answer, whatever it will be. */
void           rb_ipc_request_set_access  (RbIpcRequest *self, RbIpcAccess access);
void           rb_ipc_request_set_header  (RbIpcRequest *self, const char *name, const char *value);

/* Finds the route. FALSE when it was refused with 404, 405, 400 or 503; it is answered then. */
gboolean       rb_ipc_request_route       (RbIpcRequest *self);
const RbIpcRoute *rb_ipc_request_get_route (RbIpcRequest *self);
/* Its body has, or is announced to have, so many bytes, which count until it is answered. FALSE when there is no room for them; it is
 * answered then. A person's request always has room. */
gboolean       rb_ipc_request_reserve     (RbIpcRequest *self, gsize size_bytes);
/* Calls the handler; from here on the request answers in any case. @body: NULL when there is none. */
void           rb_ipc_request_run         (RbIpcRequest *self, GBytes *body);

/* For handlers. */
RbIpcServer    *rb_ipc_request_get_server    (RbIpcRequest *self);
RbCore         *rb_ipc_request_get_core      (RbIpcRequest *self);
const RbCaller *rb_ipc_request_get_caller    (RbIpcRequest *self);
const RbJson   *rb_ipc_request_get_body      (RbIpcRequest *self);   /* of a route that takes one: never NULL */
const char     *rb_ipc_request_get_parameter (RbIpcRequest *self);
const char     *rb_ipc_request_get_target    (RbIpcRequest *self);
/* Of the request; NULL when it has none of that name. */
const char     *rb_ipc_request_get_header    (RbIpcRequest *self, const char *name);
gboolean        rb_ipc_request_is_answered   (RbIpcRequest *self);
/* For what waits long: cancelled when the client leaves before the request is answered. Borrowed. */
GCancellable   *rb_ipc_request_watch_client  (RbIpcRequest *self);

/* All of them do nothing when the request is answered. @body is taken. */
void           rb_ipc_request_answer      (RbIpcRequest *self, guint status, GBytes *body);
/* The error envelope, and a line in the log. @error stays the caller's. */
void           rb_ipc_request_fail        (RbIpcRequest *self, const GError *error);
/* {"error":code,"path":target}; @allow as in an Allow header, or NULL */
void           rb_ipc_request_refuse      (RbIpcRequest *self, guint status, const char *code, const char *allow);
void           rb_ipc_request_fail_with   (RbIpcRequest *self, RbError code, const char *reason, gboolean retryable, const char *text);

/* For the server: what is at work now. */
void           rb_ipc_requests_fail_all   (RbIpcServer *server);
/* Those that may well wait for a store that writes nothing (@why), and have for long. */
void           rb_ipc_requests_fail_stuck (RbIpcServer *server, const char *why);
/* The channel is gone: its requests have nobody to answer. */
void           rb_ipc_requests_forget     (RbIpcServer *server, RbIpcChannel *channel);

G_END_DECLS
