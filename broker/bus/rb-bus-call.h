/* rb-bus-call.h: one call of a caller on the bus, from its arrival to its answer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "rb-bus-claims.h"
#include "rb-core.h"

G_BEGIN_DECLS

/* What the process offers beside the core: named views, a{sv} or aa{sv}, floating; @found: whether there is one of that name. */
typedef GVariant *(*RbBusViewFunc) (const char *name, gboolean *found, gpointer user_data, GError **error);
/* Takes @task, which returns an a{sv}, floating. */
typedef void (*RbBusRestartFunc) (GTask *task, gpointer user_data);

typedef struct {
  RbCore           *core;
  RbClock          *clock;
  RbBusViewFunc     view;
  RbBusRestartFunc  restart;
  RbBusRestartFunc  use;         /* the data of its task is (sb): the name of a connector, whether for this run alone */
  gpointer          user_data;   /* of all */
  gboolean          notifies;        /* a person is shown what waits for them */
  gboolean          hides_content;   /* but not who wrote, and what */
} RbBusPorts;

/* How many calls may wait for an answer, and how many of one caller, so that others have their turn; further ones are refused. */
#define RB_BUS_CALLS_MAX 256
#define RB_BUS_CALLS_EACH 64
/* What a call may say in all. A bus lets through some 100 MiB. */
#define RB_BUS_CALL_BYTES (2 * 1024 * 1024)

typedef struct {
  const RbBusPorts *ports;
  GQueue            waiting;     /* of RbBusCall, the oldest first */
  gboolean          is_closed;   /* we stop: further ones are refused */
  const GError     *failure;     /* because of this; NULL: somebody wants it so */
  RbBounds         *bounds;
  RbBusClaims      *claims;      /* not asked for when it is closed */
} RbBusCalls;

typedef struct {
  RbBusCalls            *calls;        /* NULL: it was answered already, for we stop */
  const RbBusPorts      *ports;
  GDBusMethodInvocation *invocation;   /* NULL: likewise, or the store writes nothing */
  gint64                 begun_us;
  gboolean               is_patient;   /* waits for others than the store, or the core itself answers while that writes nothing */
  gboolean               is_idle;      /* has done nothing yet; when it is answered early it does nothing any more (rb_bus_call_is_given_up()) */
  GVariant              *view;         /* what is answered when it is durable */
  GList                  link;
} RbBusCall;

void       rb_bus_calls_init  (RbBusCalls *self, const RbBusPorts *ports, RbBounds *bounds, RbBusClaims *claims);
/* Who waits, and who calls from now on, is answered that we stop. */
void       rb_bus_calls_close (RbBusCalls *self);

/* Who may well wait for a store that writes nothing (@why), and has for long, is told. */
void       rb_bus_calls_fail_stuck (RbBusCalls *self, const char *why);

gboolean   rb_bus_call_is_given_up (const RbBusCall *self);

/* NULL: refused, and answered so. Takes @invocation. */
RbBusCall *rb_bus_call_begin  (RbBusCalls *calls, GDBusMethodInvocation *invocation);
/* Both end @self. @value: a tuple, sunk. */
void       rb_bus_call_answer (RbBusCall *self, GVariant *value);
void       rb_bus_call_fail   (RbBusCall *self, const GError *error);
/* Of a call of the core that answers nothing but that it is done: so, or its error. */
typedef gboolean (*RbBusFinish) (RbCore *core, GAsyncResult *result, GError **error);
void       rb_bus_call_answer_done (RbBusCall *self, GObject *core, GAsyncResult *result, RbBusFinish finish);
/* The view, sunk, when what it shows is on the disk. */
void       rb_bus_call_answer_when_durable (RbBusCall *self, GVariant *view);
/* The view in a tuple, or @error. */
void       rb_bus_call_answer_view (RbBusCall *self, GVariant *view, const GError *error);

G_END_DECLS
