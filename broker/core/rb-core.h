/* rb-core.h: the domain: composed once, driven by its ports
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-archive.h"
#include "rb-bounds.h"
#include "rb-channel.h"
#include "rb-connector.h"
#include "rb-emitter.h"
#include "rb-policy-rule.h"
#include "rb-processes.h"
#include "rb-spawn-driver.h"
#include "rb-store.h"
#include "rb-upstream.h"

G_BEGIN_DECLS

#define RB_TYPE_CORE (rb_core_get_type ())
G_DECLARE_FINAL_TYPE (RbCore, rb_core, RB, CORE, GObject)

/* Fills @buffer with random bytes. */
typedef void (*RbRandomFunc) (guint8 *buffer, gsize length, gpointer user_data);

/* Ports. All borrowed ones are referenced. */
typedef struct {
  RbClock       *clock;
  RbStore       *store;
  RbConnector   *connector;
  RbUpstream    *upstream;
  GPtrArray     *emitters;        /* of RbEmitter */
  GPtrArray     *spawn_drivers;   /* of RbSpawnDriver */
  RbRandomFunc   random;          /* NULL: the kernel's */
  gpointer       random_data;
  RbProcesses   *processes;
} RbCorePorts;

/* protocol.md 20.1: whether the upstream is of the 0.2.5 age. */
typedef enum {
  RB_LEGACY_UPSTREAM_AUTO,        /* when its capabilities route answers 404, 405 or 501 */
  RB_LEGACY_UPSTREAM_ON,
  RB_LEGACY_UPSTREAM_OFF,
} RbLegacyUpstream;

/* protocol.md section 2; defaults from rb_core_settings_init(). Milliseconds unless the name says otherwise. */
typedef struct {
  gint64 push_ack_timeout;
  gint64 endpoint_grace;
  gint64 acceptance_timeout;      /* zero or less: off */
  gint64 reply_record_ttl;
  gint64 reply_correlation_ttl;
  gint64 presence_grace;
  gint64 spawn_stop_timeout;      /* that what was spawned has to end when it is asked to */
  gint64 spawn_timeout;           /* how long what was spawned may take to register */
  gint64 seen_retention;          /* how long the ids of ended messages are remembered: redelivered, they have no effect */
  RbArchiveLimits archive;        /* how long they, what was sent and closed endpoints can be explained and searched */
  guint  message_cap;             /* that live: in the inbox, in queues and in assignments */
  gsize  message_bytes_cap;
  guint  inbox_cap;               /* rows */
  guint  held_cap;                /* messages that wait for a person to let them in */
  guint  correlation_ring_cap;    /* for each endpoint */
  guint  reply_correlation_cap;   /* for each endpoint */
  guint  reply_record_cap;        /* replies remembered, so that none is sent twice */
  guint  endpoint_cap;
  guint  queue_cap;               /* messages for each endpoint */
  gsize  queue_bytes_cap;         /* bytes for each endpoint */
  guint  outbox_cap;              /* events that the upstream is still to hear */
  guint  window_messages;         /* connector: in flight */
  gsize  window_bytes;
  guint  push_window_messages;    /* channel: pushed and not acknowledged */
  gsize  push_window_bytes;
  gint64 mailroom_interval;
  gint64 mailroom_retry;          /* until it is asked again whether the mailroom may run */
  guint  mailroom_list_limit;     /* candidates listed for an endpoint */
  gint64 staged_max_timeout;
  gint64 staged_max_hold;
  guint  staged_cap;              /* messages claimed in advance */
  gsize  staged_bytes_cap;
  guint  staged_waiters_cap;      /* requests that wait for them */
  gboolean remote_spawn;          /* spawn.remote = allow: the upstream may start runtimes here, where the policy says so */
  guint  unknown_per_hour;        /* messages of one stranger; 0: any number */
  guint  loop_hops;               /* of one conversation with no person in it; 0: any number */
  guint  loop_rate;               /* likewise, in a minute */
  RbPolicyAction spawn_approval;  /* what it says where no rule does: allow, ask or deny */
  gboolean legacy_adapters;       /* compat.legacy-adapters = auto */
  RbLegacyUpstream legacy_upstream;
} RbCoreSettings;

void      rb_core_settings_init    (RbCoreSettings *settings);

RbCore   *rb_core_new              (const RbCorePorts *ports, const RbCoreSettings *settings);
/* Reads back what the last process left: endpoints come back reconnecting, queues, inbox, assignments with their deadlines. */
gboolean  rb_core_load             (RbCore *self, GError **error);
/* Once the modules were started by whoever owns them (or are late): deadlines and grace periods go on, the connector's window opens. */
void      rb_core_start            (RbCore *self);
/* Protocol.md section 19, steps 4 to 8: no new work, timers off, pending assignments restored, endpoints kept on disk, everything
 * committed. Finishes always. @reason: "signal:SIGTERM", ...; one that begins with RB_CORE_RESTART promises that the next process goes on at
 * once: then pending assignments wait for it, as after a crash, and nobody is told anything. */
#define RB_CORE_RESTART "restart:"

void      rb_core_stop_async       (RbCore *self, const char *reason, GAsyncReadyCallback callback, gpointer user_data);
void      rb_core_stop_finish      (RbCore *self, GAsyncResult *result);

const char *rb_core_get_presence   (RbCore *self);    /* "online", "reconnecting", "offline" */
const char *rb_core_get_presence_reason (RbCore *self);
/* What the process knows of itself, for people who look at the status: "profile", "node_id". */
void      rb_core_set_fact         (RbCore *self, const char *name, const char *value);
gboolean  rb_core_is_stopping      (RbCore *self);
/* What is behind the connector is another one, which has delivered nothing yet; nothing of the one before is undecided. */
void      rb_core_exchange_connector (RbCore *self);
/* Shown in the status with the core's own. Takes a reference. */
void      rb_core_add_bounds       (RbCore *self, RbBounds *bounds);
void      rb_core_remove_bounds    (RbCore *self, RbBounds *bounds);
/* FALSE with the reason while new work must be refused (store failing, stopping). */
gboolean  rb_core_is_ready         (RbCore *self, GError **error);
/* Somebody is attached, or has an endpoint; when that changes `changed` is emitted. */
gboolean  rb_core_is_attended      (RbCore *self);
/* Nobody is, and nothing is due: no assignment, nothing on its way in or out. What waits in the inbox waits on the disk. */
gboolean  rb_core_is_idle          (RbCore *self);

/* Signals: `superseded` (): another runtime took over; the process should stop. `incompatible` (utf8 reason): so it should when the
 * network turns out to be one that we cannot work with. `changed` (utf8 topic): endpoints, inbox, assignments, presence or health
 * changed, for monitors. `stored` (uint RbTouchedKind, utf8 id): what is on the disk of that endpoint or message is not what it was. */

/* Who asks. */
typedef struct {
  gint64   pid;        /* x-plugin-pid, or the kernel's word on the Unix socket; 0: missing */
  gboolean kernel;     /* the pid is the kernel's word */
  gboolean operator_;  /* a person at the Unix socket, on an operator route */
} RbCaller;

G_END_DECLS
