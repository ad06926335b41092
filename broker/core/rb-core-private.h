/* rb-core-private.h: the parts of the core, as its use cases see them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-archive.h"
#include "rb-assignment.h"
#include "rb-channels.h"
#include "rb-core-bounds.h"
#include "rb-core.h"
#include "rb-held.h"
#include "rb-inbox.h"
#include "rb-known.h"
#include "rb-ledger.h"
#include "rb-loop.h"
#include "rb-placing.h"
#include "rb-policy.h"
#include "rb-presence.h"
#include "rb-quota.h"
#include "rb-refused.h"
#include "rb-registry.h"
#include "rb-reply-cache.h"
#include "rb-reply-record.h"
#include "rb-router.h"
#include "rb-seen.h"
#include "rb-spawn-limit.h"
#include "rb-staging.h"
#include "rb-troubles.h"

G_BEGIN_DECLS

/* These stand on this header. */
typedef struct _RbOutbox RbOutbox;              /* rb-outbox.h */
typedef struct _RbRouteClaims RbRouteClaims;    /* rb-route-claim.h */
typedef struct _RbClosed RbClosed;              /* rb-closed.h */
typedef struct _RbMailroom RbMailroom;
typedef struct _RbControl RbControl;
typedef struct _RbSpawns RbSpawns;

struct _RbCore {
  GObject         parent_instance;

  RbCoreSettings  settings;
  RbClock        *clock;
  RbStore        *store;
  RbConnector    *connector;
  RbUpstream     *upstream;
  GPtrArray      *emitters;
  GPtrArray      *spawn_drivers;
  RbProcesses    *processes;
  RbRandomFunc    random;
  gpointer        random_data;

  RbBounds       *bounds;          /* numbered by RbCoreBound */
  GPtrArray      *all_bounds;      /* of RbBounds: these, and those of whoever works for us */
  RbRegistry     *registry;
  RbRouter       *router;
  RbReplyCache   *received;
  RbLedger       *ledger;
  RbArchive      *archive;
  RbPolicy       *policy;
  RbKnown        *known;
  RbQuota        *quota;
  RbLoop         *loop;
  RbHeld         *held;
  RbInbox        *inbox;
  RbAssignments  *assignments;
  RbReplies      *replies;
  RbRefused      *refused;
  RbOutbox       *outbox;
  RbRouteClaims  *route_claims;
  RbClosed       *closed;
  RbPlacing      *placing;
  GHashTable     *asking;          /* ids of assignments about which the authority is being told or asked: those with one id are one to it (rb-turns.h) */
  RbControl      *control;
  RbSpawns       *spawns;
  RbSpawnLimit    spawn_limit;
  RbTroubles     *troubles;        /* of the process around us */
  RbSeen         *seen;
  GHashTable     *channels;        /* gint64 * pid to RbChannel */
  GHashTable     *receipts;        /* push id (borrowed from the item) to RbItem */
  gint64          next_position;
  guint           n_in_flight;     /* sequences that the connector handed on, neither accepted nor released */
  guint           n_registering;   /* registrations that the upstream was asked about: they count as endpoints */

  RbPresence      presence;
  const char     *presence_reason;
  gint64          presence_since;      /* epoch-ms */
  gint64          store_failed_at;     /* epoch-ms: since when nothing can be stored; 0: it can */
  gint64          stored_us;           /* while it cannot: when something was written last, or when that began */
  guint64         outage_timer;        /* until those who wait are told; 0: it can */
  char           *link_error;          /* why the connector is not connected, in its words; NULL: it is, or has not said */
  GHashTable     *facts;               /* what the process says of itself: name to text */
  guint64         presence_timer;
  guint64         archive_timer;       /* until the oldest of it is too old; 0: there is nothing */
  guint64         held_timer;      /* until it is tried again to let in what had no room; 0: there is nothing */
  gboolean        is_held_stuck;   /* something of that is there */
  gboolean        is_letting_in;   /* what was held, one after the other */
  guint64         sweep_timer;         /* of received correlations; 0: there are none */

  GHashTable     *claims;          /* RbPair of endpoint and undispatched id to GPtrArray of GTask: who else waits for that claim */
  GQueue          settles;         /* of GTask: their messages are being given to somebody just now (rb-settle.c) */
  GHashTable     *settling;        /* message id to RbSettling */
  guint64         settle_timer;    /* until the upstream is asked again of those; 0: there is no need, or no link */
  guint           settle_attempts;
  RbStaging      *staging;
  RbMailroom     *mailroom;
  GHashTable     *waiters;         /* endpoint id to GPtrArray of who waits for staged messages (rb-staged.c) */
  guint           n_waiters;
  GHashTable     *waiters_of;      /* gint64 * pid to how many of them are its own */
  GQueue          unstored_fetches;   /* who waits for the store to write what was fetched, linked through it (rb-staged.c) */
  guint64         probe_timer;     /* how long inbound handling waits for the upstream's word */
  gboolean        is_asking;       /* what the upstream can do */

  gboolean        is_legacy_upstream;   /* protocol.md 20.1; known before inbound handling starts */
  gboolean        is_probing;      /* the upstream was asked what it can do, and inbound handling waits for its word */
  gboolean        is_running;
  gboolean        is_stopping;
  gboolean        is_restarting;   /* and the next process goes on at once: nobody is to notice */
  guint           n_reports;       /* on their way to an authority; and endpoints that are taken back while we stop */
  GQueue          unstored_sends;  /* what adapters sent and the store has yet to write, likewise */
  GQueue          sends;           /* what adapters sent and the network has yet to answer, linked through it (rb-send.c) */
  guint           n_starts;        /* programs that a driver is starting */
  GTask          *stop;            /* waits for all of these; NULL: none */
  guint64         stop_timer;      /* how long for the sends and the starts */
  gboolean        is_stop_late;    /* that was */

  struct {
    guint64 received, duplicates, refused, pushed, taken, receipt_timeouts, sent, replies, restored, claimed, staged, fetched, self_settled, held,
            turned_away;
  } counters;
};

/* Called once the changes are durable, or with the error that says why they never will be. */
typedef void (*RbCommitted) (RbCore *core, const GError *error, gpointer user_data);

void      rb_core_commit       (RbCore *self, RbChanges *changes, RbCommitted done, gpointer user_data);
/* Commits and then returns @task (transfer full): TRUE, or the error. */
void      rb_core_commit_task  (RbCore *self, RbChanges *changes, GTask *task);
/* For what nothing waits for. */
void      rb_core_commit_lazy  (RbCore *self, RbChanges *changes, RbCommitted done, gpointer user_data);

gint64    rb_core_now          (RbCore *self);                 /* epoch-ms */
char     *rb_core_uuid         (RbCore *self);
void      rb_core_changed      (RbCore *self, const char *topic);

/* protocol.md 4.6 and IMP-13: may @caller act for @endpoint? @body_pid: 0 when the body has none. */
gboolean  rb_core_check_owner  (RbCore *self, const RbCaller *caller, const RbEndpoint *endpoint, gint64 body_pid, GError **error);
/* Called when a report was answered: the stop may have waited for it. */
void      rb_core_stop_continue (RbCore *self);
RbBounds *rb_core_bounds_new   (RbClock *clock);               /* numbered by RbCoreBound */
/* Its parts are there: from here on they are shown as they are. */
void      rb_core_bounds_start (RbCore *self);
/* May a message of that size come to live here? One is always taken. */
gboolean  rb_core_has_room_for (RbCore *self, gsize size_bytes, GError **error);
/* How many of the requests for staged messages may be of one process. */
guint     rb_core_get_waiters_share (RbCore *self);
/* Refuses while the store fails or we stop. */
gboolean  rb_core_check_ready  (RbCore *self, GError **error);

G_END_DECLS
