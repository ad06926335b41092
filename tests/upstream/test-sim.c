/* test-sim.c: the simulated upstream answers plainly
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sim.h"
#include "rb-test.h"

#include <string.h>

typedef struct {
  RbSim       *sim;
  SoupSession *session;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  fixture->sim = rb_sim_new (NULL, &error);
  g_assert_no_error (error);
  fixture->session = soup_session_new ();
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  soup_session_abort (fixture->session);
  g_clear_object (&fixture->session);
  rb_sim_free (fixture->sim);
  rb_test_settle ();
}

static guint
call (Fixture    *fixture,
      const char *method,
      const char *path,
      const char *body,
      char      **answer)
{
  g_autofree char *uri = g_strconcat (rb_sim_get_origin (fixture->sim), path, NULL);
  g_autofree char *authorization = g_strdup_printf ("Bearer %s", rb_sim_get_token (fixture->sim));
  g_autoptr(SoupMessage) message = soup_message_new (method, uri);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GBytes) request = body != NULL ? g_bytes_new (body, strlen (body)) : NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GError) error = NULL;

  soup_message_headers_replace (soup_message_get_request_headers (message), "Authorization", authorization);
  if (request != NULL)
    soup_message_set_request_body_from_bytes (message, "application/json", request);
  soup_session_send_and_read_async (fixture->session, message, G_PRIORITY_DEFAULT, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  bytes = soup_session_send_and_read_finish (fixture->session, result, &error);
  g_assert_no_error (error);
  if (answer != NULL)
    *answer = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  return soup_message_get_status (message);
}

static void
test_whoami (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *answer = NULL;

  g_test_summary ("The principal is an agent runtime.");
  g_assert_cmpuint (call (fixture, "GET", "/v1/whoami", NULL, &answer), ==, 200);
  g_assert_nonnull (strstr (answer, "agent-runtime"));
  g_assert_cmpuint (rb_sim_count (fixture->sim, "GET /v1/whoami", NULL), ==, 1);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add ("/sim/whoami", Fixture, NULL, set_up, test_whoami, tear_down);
  return g_test_run ();
}
