/* rb-host.h: loads modules and guards every call into them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-api.h"

G_BEGIN_DECLS

#define RB_TYPE_HOST (rb_host_get_type ())
G_DECLARE_FINAL_TYPE (RbHost, rb_host, RB, HOST, GObject)

/* Whether group [@name] of the settings wants its connector in a process of its own. Asked before anything of the module is known. */
typedef gboolean (*RbHostIsolateFunc) (const char *name, gpointer user_data);

typedef struct {
  const char *const   *directories;      /* searched in order for <name>.so (or <kind>-<name>.so); NULL-terminated */
  RbModuleEnvironment  environment;      /* copied */
  gint64               call_timeout_ms;  /* 0: 35,000; start and stop have it too */
  RbHostIsolateFunc    isolate;          /* NULL: nothing is isolated */
  gpointer             isolate_data;
} RbHostOptions;

/* Effective settings of a module's group; called once the module's table is known, so that unknown keys can be refused by name.
 * Returns char * to char *, or NULL with @error. */
typedef GHashTable *(*RbHostSettingsFunc) (const RbModuleInfo *info, gpointer user_data, GError **error);

RbHost      *rb_host_new               (const RbHostOptions *options, RbHostSettingsFunc settings, gpointer user_data);
/* Finds, checks, loads and configures. @name is a bare name ("local", "connector-local" for the file) or an absolute path of a .so.
 * With @required a failure is returned; otherwise it is logged and kept for rb_host_view(), and TRUE is returned. */
gboolean     rb_host_load              (RbHost *self, RbModuleKind kind, const char *name, gboolean required, GError **error);

void         rb_host_start_async       (RbHost *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean     rb_host_start_finish      (RbHost *self, GAsyncResult *result, GError **error);   /* FALSE: a required one failed */
void         rb_host_stop_async        (RbHost *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean     rb_host_stop_finish       (RbHost *self, GAsyncResult *result, GError **error);

/* One connector makes way for another while the broker runs; see rb-host-swap.c. a{sv}: connector, before, restarted (b: they are the
 * same), took_ms, closed_ms (for how long nothing was delivered), trouble (why the old one did not stop as it should). */
void         rb_host_use_connector_async  (RbHost *self, const char *name, RbHostSettingsFunc settings, gpointer settings_data,
                                           GAsyncReadyCallback callback, gpointer user_data);
GVariant    *rb_host_use_connector_finish (RbHost *self, GAsyncResult *result, GError **error);
/* The broker stops soon: who waits for an exchange hears so now. */
void         rb_host_end_exchange         (RbHost *self);
const char  *rb_host_get_connector_name   (RbHost *self);   /* NULL: there is none */
const char  *rb_host_get_upstream_name    (RbHost *self);   /* likewise */

/* Guarded: each implements its interface, forwards, runs the deadline and checks the contract. NULL when there is none. What is behind
 * the connector may be another one after a while. */
RbConnector *rb_host_get_connector     (RbHost *self);
RbUpstream  *rb_host_get_upstream      (RbHost *self);
GPtrArray   *rb_host_get_emitters      (RbHost *self);
GPtrArray   *rb_host_get_spawn_drivers (RbHost *self);

/* Of RbBounds: what the modules count. */
GPtrArray   *rb_host_dup_bounds        (RbHost *self);
/* aa{sv}: name, kind, version, summary, path, required, state (loaded, starting, running, stopping, stopped, failed), reason,
 * calls, failures, timeouts; of an isolated one also isolated, restarts, pid. A required one that fails leaves the others as they are: stop them. */
GVariant    *rb_host_view              (RbHost *self);
/* Signals `changed` (): one has started, or could not; `exchanged` (): another instance is the connector, and delivers from now on. */
/* The info of a module file without keeping it: for `config explain`. Same checks. */
const RbModuleInfo *rb_host_peek       (RbHost *self, RbModuleKind kind, const char *name, GError **error);

G_END_DECLS
