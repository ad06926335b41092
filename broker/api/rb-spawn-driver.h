/* rb-spawn-driver.h: starts a runtime of one kind
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-module.h"

G_BEGIN_DECLS

#define RB_TYPE_SPAWN_DRIVER (rb_spawn_driver_get_type ())
G_DECLARE_INTERFACE (RbSpawnDriver, rb_spawn_driver, RB, SPAWN_DRIVER, RbModule)

/**
 * RbSpawnDriverInterface:
 * @handles: whether it starts runtimes of @kind
 * @is_available: whether it could now; sets @error to the reason when not
 * @spawn_async: starts one; finishes when the program runs. @token is handed to it as MASONS_SPAWN_TOKEN.
 *
 * Signal: `exited` (utf8 token, gint wait_status, utf8 tail of its output).
 */
struct _RbSpawnDriverInterface {
  GTypeInterface parent_iface;

  gboolean (*handles)      (RbSpawnDriver *self, const char *kind);
  gboolean (*is_available) (RbSpawnDriver *self, const char *kind, GError **error);
  void     (*spawn_async)  (RbSpawnDriver *self, const char *kind, const char *prompt, const char *token, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data);
  GPid     (*spawn_finish) (RbSpawnDriver *self, GAsyncResult *result, GError **error);   /* 0 on error */
};

gboolean  rb_spawn_driver_handles      (RbSpawnDriver *self, const char *kind);
gboolean  rb_spawn_driver_is_available (RbSpawnDriver *self, const char *kind, GError **error);
void      rb_spawn_driver_spawn_async  (RbSpawnDriver *self, const char *kind, const char *prompt, const char *token,
                                        GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
GPid      rb_spawn_driver_spawn_finish (RbSpawnDriver *self, GAsyncResult *result, GError **error);
void      rb_spawn_driver_emit_exited  (RbSpawnDriver *self, const char *token, int wait_status, const char *output);

G_END_DECLS
