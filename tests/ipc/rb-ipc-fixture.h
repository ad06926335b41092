/* rb-ipc-fixture.h: a server on a fake core and a fake clock
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-fake-clock.h"
#include "rb-fake-core.h"
#include "rb-ipc-server.h"
#include "rb-raw-client.h"
#include "rb-test.h"

G_BEGIN_DECLS

#define TOKEN "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE"

typedef struct {
  RbCore      *core;
  RbClock     *clock;
  RbIpcServer *server;
  const char  *url;
  guint        port;
  char        *directory;
  char        *socket;
} RbIpcFixture;

/* A GTest fixture; the test's data may be an RbIpcOptions to start from. */
void   rb_ipc_fixture_set_up    (RbIpcFixture *fixture, gconstpointer data);
void   rb_ipc_fixture_tear_down (RbIpcFixture *fixture, gconstpointer data);

/* One request on a connection of its own with a right Host and token: the whole response. @headers: more lines or NULL. */
char  *rb_ipc_fixture_ask       (RbIpcFixture *fixture, const char *method, const char *target, const char *headers,
                                 const char *body);
char  *rb_ipc_fixture_ask_unix  (RbIpcFixture *fixture, const char *method, const char *target, const char *body);
/* An open channel of process 7. */
RbRaw *rb_ipc_fixture_open      (RbIpcFixture *fixture, const char *capabilities);

#define assert_contains(text, part)                                                                       \
  G_STMT_START {                                                                                          \
    if ((text) == NULL || strstr (text, part) == NULL)                                                    \
      g_error ("%s:%d: '%s' is not in '%s'", __FILE__, __LINE__, part, (text) != NULL ? (text) : "(null)"); \
  } G_STMT_END

#define assert_status(response, status)                                                              \
  G_STMT_START {                                                                                     \
    g_autofree char *number_ = g_strdup_printf (" %d ", status);                                     \
    if ((response) == NULL || !g_str_has_prefix (response, "HTTP/1.") || strncmp (response + 8, number_, 5) != 0) \
      g_error ("%s:%d: no %d in '%s'", __FILE__, __LINE__, status, (response) != NULL ? (response) : "(null)"); \
  } G_STMT_END

G_END_DECLS
