/* rb-register.h: an adapter registers, keeps, takes back and gives up endpoints
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"

G_BEGIN_DECLS

/* Strings may be NULL where protocol.md 7.2 says "no". The wire layer has checked types; the rest is checked here, in order. */
typedef struct {
  char     *agent_id;
  gint64    plugin_pid;
  char     *kind;
  char     *client_kind;
  char     *client_version;
  char     *started_at;
  GBytes   *workspace;             /* JSON value as it came; NULL: absent */
  char     *tracking_ref;
  char     *session_name;
  char     *task_hint;
  char     *runtime_session_id;
  GStrv     runtime_capabilities;
  char     *execution_surface;
  char     *background_exchange_mode;
  char     *spawn_token;
} RbRegisterRequest;

void      rb_register_request_clear (RbRegisterRequest *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RbRegisterRequest, rb_register_request_clear)

void      rb_register_async        (RbCore *core, const RbCaller *caller, const RbRegisterRequest *request, GAsyncReadyCallback callback, gpointer user_data);
/* @session_naming: (out) (nullable) a{sv} */
gboolean  rb_register_finish       (RbCore *core, GAsyncResult *result, char **endpoint_id, char **owner_token, GVariant **session_naming,
                                    GError **error);

void      rb_heartbeat_async       (RbCore *core, const RbCaller *caller, const char *endpoint_id, GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean  rb_heartbeat_finish      (RbCore *core, GAsyncResult *result, GError **error);

/* @plugin_pid: 0 when the body had none that is a positive number */
void      rb_reattach_async        (RbCore *core, const RbCaller *caller, const char *endpoint_id, gint64 plugin_pid, GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean  rb_reattach_finish       (RbCore *core, GAsyncResult *result, guint *n_pushed, GError **error);

void      rb_unregister_async      (RbCore *core, const RbCaller *caller, const char *endpoint_id, GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean  rb_unregister_finish     (RbCore *core, GAsyncResult *result, GError **error);

/* @task_hint: NULL when the body had none that is a string */
void      rb_task_hint_async       (RbCore *core, const RbCaller *caller, const char *endpoint_id, gint64 plugin_pid, const char *task_hint,
                                    GAsyncReadyCallback callback, gpointer user_data);
gboolean  rb_task_hint_finish      (RbCore *core, GAsyncResult *result, GError **error);

G_END_DECLS
