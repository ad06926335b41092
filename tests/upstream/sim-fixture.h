/* sim-fixture.h: a simulated upstream, and a client of libsoup's that sees how it behaves
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-sim.h"
#include "rb-test.h"

G_BEGIN_DECLS

typedef struct {
  RbSim                   *sim;
  RbSimGateway            *gateway;     /* the simulation's parts, borrowed */
  RbSimEvents             *events;
  RbSimWork               *work;
  SoupSession             *session;
  SoupWebsocketConnection *socket;      /* (nullable) of sim_fixture_connect() */
  GPtrArray               *frames;      /* of char *: what came on it */
  guint16                  close_code;  /* once it is closed; 0 without a close frame */
  char                    *close_reason;
  gboolean                 is_closed;
} SimFixture;

void  sim_fixture_set_up    (SimFixture    *fixture,
                             gconstpointer  data);
void  sim_fixture_tear_down (SimFixture    *fixture,
                             gconstpointer  data);

/* The status, or 0 with the error's message as @answer when there was no complete answer. */
guint sim_fixture_call      (SimFixture    *fixture,
                             const char    *method,
                             const char    *path,
                             const char    *body,
                             char         **answer);
/* "POST", and the status alone. */
guint sim_fixture_post      (SimFixture    *fixture,
                             const char    *path,
                             const char    *body);
/* Opens the WebSocket; FALSE when it is refused. */
gboolean sim_fixture_open   (SimFixture    *fixture);
/* Opens it, sends REGISTER and waits for the answer, which is frame 0. */
void  sim_fixture_register  (SimFixture    *fixture,
                             gint64         last_known_seq);
void  sim_fixture_say       (SimFixture    *fixture,
                             const char    *frame);
/* Whether the frame at @index, from the end when negative, contains @text. */
gboolean sim_fixture_heard  (SimFixture    *fixture,
                             int            index,
                             const char    *text);
/* An endpoint with background exchange (adapter_managed_turn, session "s1", nonce "n"); its id. */
char *sim_fixture_endpoint  (SimFixture    *fixture);

#define sim_fixture_add(path, function) \
  g_test_add (path, SimFixture, NULL, sim_fixture_set_up, function, sim_fixture_tear_down)

G_END_DECLS
