/* client-fixture.c: a client, its fake broker and a clock that stands still
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client-fixture.h"

#include "rb-fake-clock.h"
#include "rb-test.h"

#include <string.h>

static gboolean
on_message (RbClient         *client,
            RbClientEndpoint *endpoint,
            RbClientMessage  *message,
            ClientFixture    *fixture)
{
  g_ptr_array_add (fixture->messages, g_object_ref (message));
  /* Nothing may have been acknowledged while the handler still works. */
  g_assert_null (strstr (rb_fake_broker_get_frames (fixture->broker), message->push_id));
  return fixture->store;
}

void
client_fixture_set_up (ClientFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbClientOptions) options = rb_client_options_new ();

  fixture->data_dir = rb_test_make_dir ();
  fixture->broker = rb_fake_broker_new (fixture->data_dir);
  rb_fake_broker_set_streaming (fixture->broker, data != NULL);
  fixture->clock = rb_fake_clock_new ();
  options->data_dir = g_strdup (fixture->data_dir);
  options->ping_interval_ms = 0;
  fixture->client = rb_client_new_for (options, fixture->clock);
  fixture->messages = g_ptr_array_new_with_free_func (g_object_unref);
  fixture->store = TRUE;
  g_signal_connect (fixture->client, "message", G_CALLBACK (on_message), fixture);
}

void
client_fixture_tear_down (ClientFixture *fixture,
                          gconstpointer  data)
{
  g_clear_object (&fixture->result);
  rb_client_close_async (fixture->client, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  rb_client_close_finish (fixture->client, fixture->result);
  g_clear_object (&fixture->result);
  rb_test_settle ();
  g_clear_object (&fixture->endpoint);
  g_assert_finalize_object (fixture->client);
  rb_fake_broker_free (fixture->broker);
  g_object_unref (fixture->clock);
  g_ptr_array_unref (fixture->messages);
  g_free (fixture->data_dir);
}

void
client_fixture_connect (ClientFixture *fixture)
{
  g_autoptr(GError) error = NULL;

  rb_client_connect_async (fixture->client, NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  g_assert_true (rb_client_connect_finish (fixture->client, fixture->result, &error));
  g_assert_no_error (error);
  g_clear_object (&fixture->result);
  rb_test_wait_until (rb_fake_broker_has_channel (fixture->broker));
}

void
client_fixture_register (ClientFixture *fixture)
{
  const RbClientRegistration registration = { .agent_id = "a", .kind = "custom", .spawn_token = "spawn-1" };
  g_autoptr(RbClientEndpoint) endpoint = rb_client_endpoint_new_for (&registration);
  g_autoptr(GError) error = NULL;

  rb_client_register_async (fixture->client, endpoint, NULL, rb_test_store_result, &fixture->result);
  rb_test_wait_until (fixture->result != NULL);
  fixture->endpoint = rb_client_register_finish (fixture->client, fixture->result, &error);
  g_assert_no_error (error);
  g_clear_object (&fixture->result);
}

void
client_fixture_set_up_registered (ClientFixture *fixture,
                                  gconstpointer  data)
{
  client_fixture_set_up (fixture, data);
  client_fixture_connect (fixture);
  client_fixture_register (fixture);
  rb_fake_broker_forget (fixture->broker);
}
