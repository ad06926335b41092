/* rb-daemon-private.h: the inside of RbDaemon, for the files that start, show and stop it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-backoff.h"
#include "rb-bus.h"
#include "rb-core.h"
#include "rb-daemon.h"
#include "rb-disk-watch.h"
#include "rb-discovery.h"
#include "rb-host.h"
#include "rb-ipc-server.h"
#include "rb-lock.h"
#include "rb-paths.h"
#include "rb-processes.h"
#include "rb-setup.h"
#include "rb-sqlite-store.h"
#include "rb-watchdog.h"

G_BEGIN_DECLS

struct _RbDaemon {
  GMainLoop     *loop;
  guint          signal_ids[3];
  int            exit_code;
  char          *stop_reason;     /* NULL until the stop began */

  RbLaunch      *launch;          /* borrowed */
  const RbSetupOptions *setup;    /* borrowed: what the command line said */
  char          *instance;        /* tells one run from the next, also in one process */
  RbHandover    *inherited;       /* (nullable) until others may find us */
  RbHandover    *next;            /* (nullable) for whoever goes on in our place */
  gboolean       is_activated;    /* by the bus: somebody waits there */
  gboolean       is_checking;     /* asking the program whether it would start */
  int            is_in_place;     /* atomic, for the watchdog; the stop is for another one in this process */
  guint64        quiet_timer;
  gint64         quiet_until_us;
  guint          restart_id;      /* source: the restart begins when its answer is on its way */

  /* In the order in which they come to be; NULL until then. */
  RbSettings    *settings;
  RbCredentials *credentials;     /* NULL: profile local */
  RbClock       *clock;
  char          *runtime_token;
  RbPaths       *paths;
  RbLock        *lock;
  RbSqliteStore *store;
  RbHost        *host;
  char          *connector_subject;  /* (nullable) of its trouble, as told last */
  char          *next_connector;  /* that the next start would have, as far as we know */
  GPtrArray     *module_bounds;   /* of RbBounds, as the core knows them */
  RbProcesses   *processes;
  RbCore        *core;
  char          *bearer_token;
  char          *socket_path;     /* NULL: no Unix socket */
  gboolean       is_socket_kept;  /* by the service manager, which listened there before us */
  RbIpcServer   *ipc;
  RbBus         *bus;             /* NULL: it is not wanted, or we stop */
  GCancellable  *starting;        /* while modules start */
  guint64        ready_timer;
  guint64        notify_timer;
  guint64        idle_timer;      /* until nobody has needed us for long; 0: somebody does */
  guint64        identity_timer;  /* until the upstream is asked again who we are */
  guint          n_identity_calls;
  RbBackoff      identity_backoff;
  RbDiskWatch   *disk_watch;      /* NULL: the core is not loaded yet */
  RbDiscovery   *discovery;       /* as written; NULL until others may find us */

  RbWatchdog    *watchdog;        /* while stopping */
};

/* Protocol.md section 19. Runs once; later calls change nothing. */
void rb_daemon_stop      (RbDaemon *self, const char *reason, int exit_code);
/* A stop for another one in this process becomes one for good; any other is not changed. */
void rb_daemon_end_instead (RbDaemon *self);
/* Something that waiting cannot mend, found while the main loop runs: said once, then stops with code 1. */
void rb_daemon_fail      (RbDaemon *self, const GError *error);
void rb_daemon_ask_identity (RbDaemon *self);
/* rb-daemon-clock.c: facts of the status; @ahead_ms: how far the network's clock is before ours now */
void rb_daemon_note_clock (RbDaemon *self);
void rb_daemon_note_network_clock (RbDaemon *self, gint64 ahead_ms);
/* When others may find us: leaves when nobody has needed it for as long as broker.idle-exit-ms says. */
void rb_daemon_watch_idle (RbDaemon *self);
/* A start step: the sockets. */
gboolean rb_daemon_listen (RbDaemon *self, GError **error);
/* A start step: the account's directories, of which its own is made. */
gboolean rb_daemon_find_paths (RbDaemon *self, GError **error);
/* To be without one is usual; one that cannot be used is somebody's mistake, and said. */
void rb_daemon_look_at_runtime_dir (RbDaemon *self);
/* A start step: on the session bus, whether there is one or not. */
gboolean rb_daemon_open_bus (RbDaemon *self, GError **error);
/* Who called a process that the bus has started is answered with @error, by what we are on the bus with. */
void rb_daemon_tell_callers (RbDaemon *self, const GError *error);
/* What others than the core and the server count against their limits, shown with theirs. */
void rb_daemon_add_bounds (RbDaemon *self);
/* Modules that do not run and a disk that gets full are told to the core, which lists what needs a person. */
void rb_daemon_watch_troubles (RbDaemon *self);
/* What the operator routes of the Unix socket show: modules, config, env. */
void rb_daemon_add_views (RbDaemon *self);
/* Another one in this process, of the program as it is installed now, if that would start. @task: (transfer full) (nullable): who asked is
 * answered before it begins, with what identifies this one. */
void rb_daemon_restart   (RbDaemon *self, GTask *task);
/* Another connector. @task: (transfer full): its data is (sb): the name of it, whether the next start is not to have it. */
void rb_daemon_use       (RbDaemon *self, GTask *task);
/* An RbHostIsolateFunc, of the daemon. */
gboolean rb_daemon_is_isolated (const char *name, gpointer user_data);
/* Once the core is loaded. */
void rb_daemon_watch_connector (RbDaemon *self);
/* Those that are installed, aa{sv} (floating): name, used. */
GVariant *rb_daemon_view_connectors (gpointer self, GError **error);
/* During the stop: keeps what the next one needs. */
void rb_daemon_hand_over (RbDaemon *self);

G_END_DECLS
