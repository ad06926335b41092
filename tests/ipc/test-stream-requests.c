/* test-stream-requests.c: requests as frames of a channel
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-fixture.h"

#include <string.h>

typedef struct {
  const char *name;
  const char *frame;
  const char *answer;     /* all of it, or, with "~" before it, a part */
  const char *call;       /* NULL: nothing reaches the core */
} Case;

#define REQUEST(rest) "{\"event\":\"request\",\"id\":\"1\"," rest "}"
#define ANSWER(rest) "{\"event\":\"response\",\"id\":\"1\"," rest "}"

static const Case cases[] = {
  { "post", REQUEST ("\"method\":\"POST\",\"path\":\"/v1/send\",\"body\":{\"endpoint_id\":\"e\",\"to\":\"b\",\"content\":\"hi\"}"),
    ANSWER ("\"status\":200,\"body\":{\"messageId\":\"m1\",\"status\":\"stored\"}"), "send e b 4 pid=7 kernel=0 operator=0" },
  { "delete", REQUEST ("\"method\":\"DELETE\",\"path\":\"/v1/endpoint/a%2Fb\""), ANSWER ("\"status\":200,\"body\":{\"ok\":true}"),
    "unregister a/b pid=7" },
  { "query", REQUEST ("\"method\":\"GET\",\"path\":\"/v1/undispatched?endpoint_id=e\""),
    ANSWER ("\"status\":200,\"body\":{\"items\":[]}"), "list e pid=7" },
  { "not-found", REQUEST ("\"method\":\"GET\",\"path\":\"/x\""),
    ANSWER ("\"status\":404,\"body\":{\"error\":\"not_found\",\"path\":\"/x\"}"), NULL },
  { "stream", REQUEST ("\"method\":\"GET\",\"path\":\"/v1/stream\""), "~\"status\":404", NULL },
  { "method", REQUEST ("\"method\":\"GET\",\"path\":\"/v1/send\""), "~\"status\":405", NULL },
  { "operator", REQUEST ("\"method\":\"GET\",\"path\":\"/v1/operator/status\""), "~\"status\":404", NULL },
  { "bad-escape", REQUEST ("\"method\":\"DELETE\",\"path\":\"/v1/endpoint/%zz\""), "~\"status\":400", NULL },
  { "body-type", REQUEST ("\"method\":\"POST\",\"path\":\"/v1/send\",\"body\":[]"), "~\"status\":400", NULL },
  { "no-body", REQUEST ("\"method\":\"POST\",\"path\":\"/v1/send\""), "~'endpoint_id'", NULL },
  { "no-method", REQUEST ("\"path\":\"/v1/send\""), "~\"status\":400", NULL },
  { "no-path", REQUEST ("\"method\":\"GET\",\"path\":1"), "~\"status\":400", NULL },
};

static void
test_case (RbIpcFixture *fixture,
           gconstpointer data)
{
  const Case *c = data;
  g_autoptr(RbRaw) client = rb_ipc_fixture_open (fixture, "stream_requests_v1");
  g_autofree char *answer = NULL;
  g_autofree char *calls = NULL;

  g_free (rb_fake_core_take_calls (fixture->core));
  rb_raw_ws_send_text (client, c->frame);
  answer = rb_raw_ws_read_text (client);
  if (*c->answer == '~')
    assert_contains (answer, c->answer + 1);
  else
    g_assert_cmpstr (answer, ==, c->answer);
  calls = rb_fake_core_take_calls (fixture->core);
  if (c->call != NULL)
    assert_contains (calls, c->call);
  else
    g_assert_cmpstr (calls, ==, "");
}

static void
test_poll_leaves (RbIpcFixture *fixture,
                  gconstpointer data)
{
  RbRaw *client = rb_ipc_fixture_open (fixture, "stream_requests_v1");

  g_test_summary ("Whoever waits for staged messages over a channel that closes is noticed.");

  rb_fake_core_set_hold (fixture->core, TRUE);
  rb_raw_ws_send_text (client, "{\"event\":\"request\",\"id\":\"1\",\"method\":\"POST\",\"path\":\"/v1/runtime/staged-delivery\"}");
  rb_test_wait_until (rb_fake_core_get_n_held (fixture->core) == 1);
  rb_raw_close (client);
  rb_raw_free (client);
  rb_test_wait_until (strstr (rb_fake_core_peek_calls (fixture->core), "client gone") != NULL);
  rb_fake_core_release (fixture->core);
  rb_test_settle ();
}

static void
test_order (RbIpcFixture *fixture,
            gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_ipc_fixture_open (fixture, "stream_requests_v1");
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  g_test_summary ("Answers come when they are ready, in any order, each with the id of its request.");

  rb_fake_core_set_hold (fixture->core, TRUE);
  rb_raw_ws_send_text (client, "{\"event\":\"request\",\"id\":\"slow\",\"method\":\"DELETE\",\"path\":\"/v1/endpoint/e\"}");
  rb_test_wait_until (rb_fake_core_get_n_held (fixture->core) == 1);
  rb_raw_ws_send_text (client, "{\"event\":\"request\",\"id\":\"fast\",\"method\":\"GET\",\"path\":\"/health\"}");
  first = rb_raw_ws_read_text (client);
  assert_contains (first, "\"id\":\"fast\"");
  rb_fake_core_release (fixture->core);
  second = rb_raw_ws_read_text (client);
  assert_contains (second, "\"id\":\"slow\"");
}

static void
test_body_too_large (RbIpcFixture *fixture,
                     gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_ipc_fixture_open (fixture, "stream_requests_v1");
  g_autofree char *content = g_strnfill (1024 * 1024, 'x');
  g_autofree char *frame = g_strdup_printf (REQUEST ("\"method\":\"POST\",\"path\":\"/v1/send\",\"body\":{\"content\":\"%s\"}"), content);
  g_autofree char *answer = NULL;

  g_test_summary ("A body has the same limit here as over HTTP.");

  rb_raw_ws_send_text (client, frame);
  answer = rb_raw_ws_read_text (client);
  assert_contains (answer, "\"status\":413,\"body\":{\"error\":\"body_too_large\",\"message\":\"request body too large\"}");
}

static void
test_many (RbIpcFixture *fixture,
           gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_ipc_fixture_open (fixture, "stream_requests_v1");
  guint held;

  g_test_summary ("Of a flood of requests only so many are at work at a time; all are answered in the end.");

  rb_fake_core_set_hold (fixture->core, TRUE);
  for (guint i = 0; i < 4000; i++)
    rb_raw_ws_send_text (client, "{\"event\":\"request\",\"id\":\"x\",\"method\":\"DELETE\",\"path\":\"/v1/endpoint/eeeeeeeeeeeeeeeeeeeeee\"}");
  rb_test_settle ();
  held = rb_fake_core_get_n_held (fixture->core);
  g_assert_cmpuint (held, >=, 256);
  g_assert_cmpuint (held, <, 1500);

  rb_fake_core_set_hold (fixture->core, FALSE);
  rb_fake_core_release (fixture->core);
  for (guint i = 0; i < 4000; i++)
    {
      g_autofree char *answer = rb_raw_ws_read_text (client);

      assert_contains (answer, "\"status\":200");
    }
}

static void
test_channel_ends (RbIpcFixture *fixture,
                   gconstpointer data)
{
  g_autoptr(RbRaw) client = rb_ipc_fixture_open (fixture, "stream_requests_v1");

  g_test_summary ("A request whose channel is gone is answered into nothing.");

  rb_fake_core_set_hold (fixture->core, TRUE);
  rb_raw_ws_send_text (client, "{\"event\":\"request\",\"id\":\"1\",\"method\":\"DELETE\",\"path\":\"/v1/endpoint/e\"}");
  rb_test_wait_until (rb_fake_core_get_n_held (fixture->core) == 1);
  rb_raw_close (client);
  rb_test_wait_until (rb_fake_core_get_n_channels (fixture->core) == 0);
  rb_fake_core_release (fixture->core);
  rb_test_settle ();
}

static void
set_up_default (RbIpcFixture *fixture,
                gconstpointer data)
{
  rb_ipc_fixture_set_up (fixture, NULL);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/stream-requests/", cases[i].name, NULL);

      g_test_add (path, RbIpcFixture, &cases[i], set_up_default, test_case, rb_ipc_fixture_tear_down);
    }
#define ADD(path, function) g_test_add (path, RbIpcFixture, NULL, set_up_default, function, rb_ipc_fixture_tear_down)
  ADD ("/stream-requests/any-order", test_order);
  ADD ("/stream-requests/body-too-large", test_body_too_large);
  ADD ("/stream-requests/many", test_many);
  ADD ("/stream-requests/channel-ends", test_channel_ends);
  ADD ("/stream-requests/poll-leaves", test_poll_leaves);

  return g_test_run ();
}
