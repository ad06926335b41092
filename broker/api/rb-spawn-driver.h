/* rb-spawn-driver.h: starts a runtime of one kind
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-module.h"

G_BEGIN_DECLS

#define RB_TYPE_SPAWN_DRIVER (rb_spawn_driver_get_type ())
G_DECLARE_INTERFACE (RbSpawnDriver, rb_spawn_driver, RB, SPAWN_DRIVER, RbModule)

typedef struct {
  const char *kind;
  const char *prompt;      /* what it is told first; may be NULL */
  const char *token;       /* handed to it as MASONS_SPAWN_TOKEN; by it the driver knows it from then on */
  const char *directory;   /* where it is to work; NULL: as the driver is set up */
} RbSpawnRequest;

/* A runtime that runs, and what another process of the broker needs to know it again. */
typedef struct {
  gint64  pid;        /* 0: none that is known, it handed over to others */
  char   *unit;       /* of the service manager; NULL: a process group of its own */
  char   *log_file;   /* where its output is; NULL: in the journal of its unit, or nowhere */
  char   *directory;  /* where it works; NULL: not known */
} RbRuntime;

RbRuntime *rb_runtime_copy (const RbRuntime *self);
void       rb_runtime_free (RbRuntime *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbRuntime, rb_runtime_free)

/* The pid of a runtime that runs without a process of its own that is known. */
#define RB_SPAWN_PID_NONE G_MAXINT
/* The wait status of a runtime of which only its end is known. */
#define RB_SPAWN_STATUS_UNKNOWN (-1)

/**
 * RbSpawnDriverInterface:
 * @handles: whether it starts runtimes of @kind
 * @is_available: whether it could now; sets @error to the reason when not
 * @spawn_async: starts one; finishes when the program runs
 * @dup_runtime: one that was started or adopted, and whose end was not told; NULL: it has none of that token. Default: NULL.
 * @adopt: another process of the broker started it, and its pid is still that process: from here on its end is told. FALSE: it cannot be
 *   watched. Default: FALSE.
 * @end: asks it to end, or with @force makes it, its children included; `exited` says when it did. Default: nothing.
 *
 * Signal: `exited` (utf8 token, gint wait_status, utf8 tail of its output).
 */
struct _RbSpawnDriverInterface {
  GTypeInterface parent_iface;

  gboolean (*handles)      (RbSpawnDriver *self, const char *kind);
  gboolean (*is_available) (RbSpawnDriver *self, const char *kind, GError **error);
  void     (*spawn_async)  (RbSpawnDriver *self, const RbSpawnRequest *request, GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer user_data);
  GPid     (*spawn_finish) (RbSpawnDriver *self, GAsyncResult *result, GError **error);   /* 0 on error */
  RbRuntime *(*dup_runtime) (RbSpawnDriver *self, const char *token);
  gboolean (*adopt)        (RbSpawnDriver *self, const char *token, const RbRuntime *runtime);
  void     (*end)          (RbSpawnDriver *self, const char *token, gboolean force);
};

gboolean  rb_spawn_driver_handles      (RbSpawnDriver *self, const char *kind);
gboolean  rb_spawn_driver_is_available (RbSpawnDriver *self, const char *kind, GError **error);
void      rb_spawn_driver_spawn_async  (RbSpawnDriver *self, const RbSpawnRequest *request, GCancellable *cancellable,
                                        GAsyncReadyCallback callback, gpointer user_data);
GPid      rb_spawn_driver_spawn_finish (RbSpawnDriver *self, GAsyncResult *result, GError **error);
RbRuntime *rb_spawn_driver_dup_runtime (RbSpawnDriver *self, const char *token);
gboolean  rb_spawn_driver_adopt        (RbSpawnDriver *self, const char *token, const RbRuntime *runtime);
void      rb_spawn_driver_end          (RbSpawnDriver *self, const char *token, gboolean force);
void      rb_spawn_driver_emit_exited  (RbSpawnDriver *self, const char *token, int wait_status, const char *output);

G_END_DECLS
