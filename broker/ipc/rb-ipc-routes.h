/* rb-ipc-routes.h: which request goes where
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ipc-private.h"

G_BEGIN_DECLS

typedef void (*RbIpcHandler) (RbIpcRequest *request);

typedef enum {
  RB_IPC_ROUTE_PLAIN = 0,
  RB_IPC_ROUTE_BODY = 1 << 0,       /* takes a JSON object */
  RB_IPC_ROUTE_OPERATOR = 1 << 1,   /* for the person whose broker it is; for others it does not exist */
  RB_IPC_ROUTE_OPEN = 1 << 2,       /* matches without a query only */
  RB_IPC_ROUTE_PAGE = 1 << 3,       /* of the operator's routes: the page may ask for it, too */
  RB_IPC_ROUTE_ENTRANCE = 1 << 4,   /* what the page is made of, and how one comes to a session of it */
  RB_IPC_ROUTE_ONCE = 1 << 5,       /* not a GET, and yet done once however often the same is asked for */
  RB_IPC_ROUTE_PATIENT = 1 << 6,    /* waits for others than the store, or the core itself answers while that writes nothing */
} RbIpcRouteFlags;

/* Who asks decides which routes there are. */
typedef enum {
  RB_IPC_ACCESS_ADAPTER,    /* whoever showed the token */
  RB_IPC_ACCESS_ANYBODY,    /* a browser without a session of the page */
  RB_IPC_ACCESS_PAGE,       /* the page, with its session */
  RB_IPC_ACCESS_LOCAL,      /* the person at the Unix socket, and their adapters */
} RbIpcAccess;

typedef struct {
  const char     *method;
  const char     *pattern;    /* "{}" is one segment, the parameter */
  RbIpcHandler    handler;
  RbIpcRouteFlags flags;
} RbIpcRoute;

/* Matches on the path alone (IMP-64). @parameter: (out) the decoded segment, NULL where the pattern has none. @allow: (out)
 * (nullable) for a known path and another method the methods it has, as in an Allow header. Fails with RB_ERROR_INVALID when
 * the parameter's escapes are malformed. Returns NULL without an error when nothing matches. */
const RbIpcRoute *rb_ipc_route_find (const char *method, const char *target, RbIpcAccess access, char **parameter, char **allow,
                                     GError **error);

/* The first @name of the query of @target, decoded; NULL when absent. An escape that is malformed: RB_ERROR_INVALID. */
gboolean          rb_ipc_query_get  (const char *target, const char *name, char **value, GError **error);

/* Sinks @view; the second answers behind the commits that make it true. */
void rb_ipc_answer_view                (RbIpcRequest *request, GVariant *view);
void rb_ipc_answer_when_durable        (RbIpcRequest *request, GVariant *view);

/* Handlers, by area. */
void rb_ipc_handle_health              (RbIpcRequest *request);
void rb_ipc_handle_initialize          (RbIpcRequest *request);
void rb_ipc_handle_register            (RbIpcRequest *request);
void rb_ipc_handle_heartbeat           (RbIpcRequest *request);
void rb_ipc_handle_reattach            (RbIpcRequest *request);
void rb_ipc_handle_task_hint           (RbIpcRequest *request);
void rb_ipc_handle_unregister          (RbIpcRequest *request);

void rb_ipc_handle_send                (RbIpcRequest *request);
void rb_ipc_handle_undispatched        (RbIpcRequest *request);
void rb_ipc_handle_presence            (RbIpcRequest *request);

void rb_ipc_handle_dispatch            (RbIpcRequest *request);
void rb_ipc_handle_reply               (RbIpcRequest *request);
void rb_ipc_handle_processing          (RbIpcRequest *request);

void rb_ipc_handle_claim               (RbIpcRequest *request);
void rb_ipc_handle_history             (RbIpcRequest *request);
void rb_ipc_handle_settle              (RbIpcRequest *request);
void rb_ipc_handle_staged              (RbIpcRequest *request);

void rb_ipc_handle_operator_status      (RbIpcRequest *request);
void rb_ipc_handle_operator_endpoints   (RbIpcRequest *request);
void rb_ipc_handle_operator_inbox       (RbIpcRequest *request);
void rb_ipc_handle_operator_needs       (RbIpcRequest *request);
void rb_ipc_handle_operator_assignments (RbIpcRequest *request);
void rb_ipc_handle_operator_explain     (RbIpcRequest *request);
void rb_ipc_handle_operator_show        (RbIpcRequest *request);
void rb_ipc_handle_operator_dispatch    (RbIpcRequest *request);
void rb_ipc_handle_operator_outbox      (RbIpcRequest *request);
void rb_ipc_handle_operator_dead_letters (RbIpcRequest *request);
void rb_ipc_handle_operator_retry       (RbIpcRequest *request);
void rb_ipc_handle_operator_dismiss       (RbIpcRequest *request);
void rb_ipc_handle_operator_search      (RbIpcRequest *request);
void rb_ipc_handle_operator_export      (RbIpcRequest *request);
void rb_ipc_handle_operator_policy      (RbIpcRequest *request);
void rb_ipc_handle_operator_policy_set  (RbIpcRequest *request);
void rb_ipc_handle_operator_policy_remove (RbIpcRequest *request);
void rb_ipc_handle_operator_policy_apply (RbIpcRequest *request);
void rb_ipc_handle_operator_held        (RbIpcRequest *request);
void rb_ipc_handle_operator_accept      (RbIpcRequest *request);
void rb_ipc_handle_operator_refuse      (RbIpcRequest *request);
void rb_ipc_handle_operator_view        (RbIpcRequest *request);
void rb_ipc_handle_operator_restart     (RbIpcRequest *request);
void rb_ipc_handle_operator_use         (RbIpcRequest *request);
void rb_ipc_handle_operator_spawns       (RbIpcRequest *request);
void rb_ipc_handle_operator_spawn_approve (RbIpcRequest *request);
void rb_ipc_handle_operator_spawn_deny   (RbIpcRequest *request);
void rb_ipc_handle_operator_spawn_start  (RbIpcRequest *request);
void rb_ipc_handle_operator_runtimes     (RbIpcRequest *request);
void rb_ipc_handle_operator_runtime_log  (RbIpcRequest *request);
void rb_ipc_handle_operator_runtime_stop (RbIpcRequest *request);
void rb_ipc_handle_operator_page        (RbIpcRequest *request);

void rb_ipc_handle_page_file           (RbIpcRequest *request);
void rb_ipc_handle_page_login          (RbIpcRequest *request);
void rb_ipc_handle_page_logout         (RbIpcRequest *request);

G_END_DECLS
