/* rb-bus-fixture.h: a broker on a bus of its own, and somebody who calls it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bus.h"
#include "rb-core-fixture.h"

G_BEGIN_DECLS

typedef struct {
  RbCoreFixture    core;
  GSubprocess     *daemon;       /* the bus; NULL: there is none */
  char            *address;
  RbBusPorts       ports;
  RbBus           *bus;
  GDBusConnection *caller;
  GPtrArray       *signals;      /* of char: "InterfacesAdded PATH", in order */
  guint            n_restarts;
  gboolean         has_other;  /* the connector is another one than it was */
  GVariant        *wish;       /* (nullable) for another connector, the last one */
} RbBusFixture;

/* For g_test_add(); skips the test where there is no dbus-daemon: look at @fixture->bus. Data as for rb_core_fixture_set_up(). */
void      rb_bus_fixture_set_up     (RbBusFixture *fixture, gconstpointer data);
void      rb_bus_fixture_tear_down  (RbBusFixture *fixture, gconstpointer data);

void      rb_bus_fixture_start_bus  (RbBusFixture *fixture);
void      rb_bus_fixture_stop_bus   (RbBusFixture *fixture);
void      rb_bus_fixture_wait_state (RbBusFixture *fixture, const char *state);
/* A caller of our own; it hears of all signals from now on. */
void      rb_bus_fixture_connect    (RbBusFixture *fixture);

/* @path: below the root, "" for it. @interface: behind the name, "" for the broker's; a whole one if it has a dot inside. @parameters: sunk. */
void      rb_bus_fixture_start      (RbBusFixture *fixture, const char *path, const char *interface, const char *method, GVariant *parameters,
                                     GAsyncResult **result);
GVariant *rb_bus_fixture_finish     (RbBusFixture *fixture, GAsyncResult **result, GError **error);
GVariant *rb_bus_fixture_call       (RbBusFixture *fixture, const char *path, const char *interface, const char *method, GVariant *parameters,
                                     GError **error);
/* A method of the broker's, with @parameters in the text format of GVariant: answered, or refused with that name and a text that begins so. */
GVariant *rb_bus_fixture_call_well  (RbBusFixture *fixture, const char *method, const char *parameters);
void      rb_bus_fixture_call_badly (RbBusFixture *fixture, const char *method, const char *parameters, const char *name, const char *text);
/* A text, through org.freedesktop.DBus.Properties; NULL: there is no such object. */
char     *rb_bus_fixture_get        (RbBusFixture *fixture, const char *path, const char *interface, const char *property);
/* Time passes for the core, and what is on its way arrives. */
void      rb_bus_fixture_pass       (RbBusFixture *fixture, gint64 ms);
/* Its name and how its text begins; clears it. */
void      rb_bus_assert_error       (GError **error, const char *name, const char *text);

G_END_DECLS
