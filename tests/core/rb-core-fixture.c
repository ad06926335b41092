/* rb-core-fixture.c: a core over fakes, and calls that wait for their answer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-fixture.h"

#include "rb-error.h"
#include "rb-json.h"
#include "rb-watched-store.h"

#include <string.h>

static void
next_random (guint8   *buffer,
             gsize     length,
             gpointer  user_data)
{
  guint64 *state = user_data;

  for (gsize i = 0; i < length; i++)
    {
      *state = *state * 6364136223846793005u + 1442695040888963407u;
      buffer[i] = *state >> 56;
    }
}

static void
start_core (RbCoreFixture *fixture)
{
  g_autoptr(GPtrArray) emitters = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GError) error = NULL;
  RbCorePorts ports = {
    .clock = fixture->clock,
    .store = RB_STORE (fixture->store),
    .connector = RB_CONNECTOR (fixture->connector),
    .upstream = RB_UPSTREAM (fixture->upstream),
    .emitters = emitters,
    .spawn_drivers = fixture->spawn_drivers,
    .processes = RB_PROCESSES (fixture->processes),
    .random = next_random,
    .random_data = &fixture->random,
  };

  g_ptr_array_add (emitters, g_object_ref (fixture->journal));
  if (fixture->authority != NULL)
    g_ptr_array_add (emitters, g_object_ref (fixture->authority));

  fixture->core = rb_core_new (&ports, &fixture->settings);
  rb_core_load (fixture->core, &error);
  g_assert_no_error (error);
  if (!fixture->is_late)
    rb_core_fixture_go (fixture);
}

void
rb_core_fixture_go (RbCoreFixture *fixture)
{
  rb_core_start (fixture->core);
  rb_connector_emit_connected (RB_CONNECTOR (fixture->connector));
  rb_test_settle ();
}

void
rb_core_fixture_set_up (RbCoreFixture *fixture,
                        gconstpointer  data)
{
  rb_test_forget_logs ();
  fixture->clock = rb_fake_clock_new ();
  fixture->store = rb_watched_store_new ();
  fixture->connector = rb_fake_connector_new ();
  fixture->upstream = rb_fake_upstream_new ();
  fixture->journal = rb_fake_emitter_new (FALSE);
  fixture->authority = g_strcmp0 (data, "authority") == 0 || g_strcmp0 (data, "network") == 0 ? rb_fake_emitter_new (TRUE) : NULL;
  fixture->processes = rb_fake_processes_new ();
  fixture->random = 42;
  rb_core_settings_init (&fixture->settings);
  fixture->settings.spawn_approval = RB_POLICY_ALLOW;
  fixture->settings.archive.max_age_ms = 0;      /* a timer in 30 days is nothing that is stuck */
  if (g_strcmp0 (data, "network") == 0)
    fixture->upstream->features = RB_UPSTREAM_HAS_CANDIDATES;
  start_core (fixture);
}

/* Nobody may hold the core any more: a reference that is left is a task or a commit that was forgotten. */
static void
drop_core (RbCoreFixture *fixture)
{
  rb_test_settle ();
  g_assert_finalize_object (fixture->core);
  fixture->core = NULL;
}

void
rb_core_fixture_tear_down (RbCoreFixture *fixture,
                           gconstpointer  data)
{
  rb_fake_store_set_hold (fixture->store, FALSE);
  drop_core (fixture);
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  g_assert_finalize_object (fixture->store);
  g_assert_finalize_object (fixture->connector);
  g_assert_finalize_object (fixture->upstream);
  g_assert_finalize_object (fixture->journal);
  if (fixture->authority != NULL)
    g_assert_finalize_object (fixture->authority);
  g_clear_pointer (&fixture->spawn_drivers, g_ptr_array_unref);
  g_assert_finalize_object (fixture->processes);
  g_assert_finalize_object (fixture->clock);
}

static void
on_stopped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  rb_core_stop_finish (RB_CORE (source), result);
  *(gboolean *) user_data = TRUE;
}

/* The broken store keeps nothing of what the remains do; stopping them gives back the memory of those who wait. */
void
rb_core_fixture_crash (RbCoreFixture *fixture)
{
  g_autoptr(GError) gone = rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "the process is gone");
  guint n_events = fixture->journal->events->len;
  guint n_sent = fixture->connector->sent->len;
  guint n_acks = fixture->upstream->acks->len;
  gboolean stopped = FALSE;

  rb_fake_store_crash (fixture->store);
  rb_fake_connector_answer (fixture->connector, gone);
  fixture->upstream->hold = FALSE;
  memset (fixture->upstream->holds, 0, sizeof fixture->upstream->holds);
  rb_fake_upstream_answer (fixture->upstream);
  for (guint i = 0; fixture->spawn_drivers != NULL && i < fixture->spawn_drivers->len; i++)
    rb_fake_spawn_driver_answer (g_ptr_array_index (fixture->spawn_drivers, i));
  if (fixture->authority != NULL)
    {
      fixture->authority->hold = FALSE;
      rb_fake_emitter_answer (fixture->authority, gone);
    }
  rb_core_stop_async (fixture->core, "crash", on_stopped, &stopped);
  rb_test_wait_until (stopped);
  drop_core (fixture);

  g_ptr_array_set_size (fixture->journal->events, n_events);
  g_ptr_array_set_size (fixture->connector->sent, n_sent);
  g_ptr_array_set_size (fixture->upstream->acks, n_acks);
  rb_fake_store_revive (fixture->store);
  fixture->connector->hold = FALSE;
  start_core (fixture);
}

static void
stop_for (RbCoreFixture *fixture,
          const char    *reason)
{
  gboolean stopped = FALSE;

  rb_core_stop_async (fixture->core, reason, on_stopped, &stopped);
  rb_test_wait_until (stopped);
}

void
rb_core_fixture_stop (RbCoreFixture *fixture)
{
  stop_for (fixture, "signal:SIGTERM");
}

void
rb_core_fixture_restart (RbCoreFixture *fixture)
{
  rb_core_fixture_stop (fixture);
  drop_core (fixture);
  start_core (fixture);
}

void
rb_core_fixture_hand_over (RbCoreFixture *fixture)
{
  stop_for (fixture, RB_CORE_RESTART "operator");
  drop_core (fixture);
  start_core (fixture);
}

RbFakeChannel *
rb_core_fixture_attach (RbCoreFixture *fixture,
                        gint64         pid,
                        gboolean       has_receipts)
{
  RbFakeChannel *channel = rb_fake_channel_new (pid, has_receipts);

  rb_channels_attach (fixture->core, RB_CHANNEL (channel));
  return channel;
}

void
rb_core_fixture_detach (RbCoreFixture *fixture,
                        RbFakeChannel *channel)
{
  channel->is_open = FALSE;
  rb_channels_detach (fixture->core, RB_CHANNEL (channel));
  rb_test_settle ();
}

void
rb_core_fixture_receipt (RbCoreFixture *fixture,
                         RbFakeChannel *channel,
                         guint          i)
{
  rb_channels_receipt (fixture->core, RB_CHANNEL (channel), rb_fake_channel_get (channel, i)->push_id);
  rb_test_settle ();
}

void
rb_core_fixture_forget (RbCoreFixture *fixture)
{
  GError *forgotten = rb_error_new (RB_ERROR_REJECTED, "endpoint_not_found", "no such endpoint");

  rb_error_add_detail (forgotten, "status", g_variant_new_int64 (404));
  rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_HEARTBEAT, forgotten);
}

char *
rb_core_fixture_try_register (RbCoreFixture  *fixture,
                              gint64          pid,
                              RbFixtureKind   kind,
                              const char     *session,
                              char          **owner_token,
                              GError        **error)
{
  static const char *const background[] = { "background_exchange_v1", NULL };
  static const char *const hybrid[] = { "background_exchange_v1", "foreground_channel_v1", NULL };
  static const char *const plain[] = { "foreground_channel_v1", NULL };
  RbCaller caller = { .pid = pid };
  RbRegisterRequest request = { .agent_id = (char *) "agent", .plugin_pid = pid, .kind = (char *) "custom" };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GVariant) naming = NULL;
  g_autofree char *token = NULL;
  char *id = NULL;

  request.runtime_session_id = (char *) session;
  request.runtime_capabilities = (GStrv) (kind == RB_PLAIN ? plain : kind == RB_BACKGROUND ? background : hybrid);
  if (kind != RB_PLAIN)
    request.background_exchange_mode = (char *) "adapter_managed_turn";
  rb_register_async (fixture->core, &caller, &request, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  if (!rb_register_finish (fixture->core, result, &id, &token, &naming, error))
    return NULL;

  if (owner_token != NULL)
    *owner_token = g_steal_pointer (&token);
  return id;
}

char *
rb_core_fixture_register (RbCoreFixture  *fixture,
                          gint64          pid,
                          RbFixtureKind   kind,
                          const char     *session,
                          char          **owner_token)
{
  g_autoptr(GError) error = NULL;
  char *id = rb_core_fixture_try_register (fixture, pid, kind, session, owner_token, &error);

  g_assert_no_error (error);
  return id;
}

gboolean
rb_core_fixture_reattach (RbCoreFixture  *fixture,
                          gint64          pid,
                          const char     *endpoint_id,
                          guint          *n,
                          GError        **error)
{
  RbCaller caller = { .pid = pid };
  g_autoptr(GAsyncResult) result = NULL;

  rb_reattach_async (fixture->core, &caller, endpoint_id, pid, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_reattach_finish (fixture->core, result, n, error);
}

gboolean
rb_core_fixture_unregister (RbCoreFixture  *fixture,
                            gint64          pid,
                            const char     *endpoint_id,
                            GError        **error)
{
  RbCaller caller = { .pid = pid };
  g_autoptr(GAsyncResult) result = NULL;

  rb_unregister_async (fixture->core, &caller, endpoint_id, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_unregister_finish (fixture->core, result, error);
}

char *
rb_core_fixture_send (RbCoreFixture  *fixture,
                      gint64          pid,
                      const char     *endpoint_id,
                      const char     *to,
                      const char     *content,
                      const char     *metadata,
                      char          **correlation_id,
                      GError        **error)
{
  RbCaller caller = { .pid = pid };
  g_autoptr(GBytes) text = rb_json_slice_from_string (content);
  g_autoptr(GBytes) object = metadata != NULL ? g_bytes_new (metadata, strlen (metadata)) : NULL;
  RbSendRequest request = { .endpoint_id = (char *) endpoint_id, .to = (char *) to, .content = text, .metadata = object };
  g_autoptr(GAsyncResult) result = NULL;
  RbSendStatus status;
  char *message_id = NULL;

  rb_send_async (fixture->core, &caller, &request, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  rb_send_finish (fixture->core, result, &message_id, &status, correlation_id, error);
  return message_id;
}

void
rb_core_fixture_dispatch_start (RbCoreFixture  *fixture,
                                const char     *message_id,
                                const char     *endpoint_id,
                                GAsyncResult  **result)
{
  RbCaller caller = { .operator_ = TRUE };

  rb_dispatch_async (fixture->core, &caller, message_id, endpoint_id, result != NULL ? rb_test_store_result : NULL, result);
  rb_test_settle ();
}

gboolean
rb_core_fixture_dispatch (RbCoreFixture  *fixture,
                          const char     *message_id,
                          const char     *endpoint_id,
                          GError        **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  rb_core_fixture_dispatch_start (fixture, message_id, endpoint_id, &result);
  rb_test_wait_until (result != NULL);
  return rb_dispatch_finish (fixture->core, result, error);
}

gboolean
rb_core_fixture_report (RbCoreFixture  *fixture,
                        gint64          pid,
                        const char     *endpoint_id,
                        const char     *owner_token,
                        const char     *source_message_id,
                        const char     *assignment_id,
                        gint64          sequence,
                        const char     *state,
                        GError        **error)
{
  RbCaller caller = { .pid = pid };
  g_autofree char *event_id = g_strdup_printf ("%s:%s:%" G_GINT64_FORMAT, assignment_id, state, sequence);
  RbProcessingRequest request = {
    .endpoint_id = (char *) endpoint_id,
    .plugin_pid = pid,
    .endpoint_owner_token = (char *) owner_token,
    .source_message_id = (char *) source_message_id,
    .assignment_id = (char *) assignment_id,
    .state_event_id = event_id,
    .state_sequence = sequence,
    .state = (char *) state,
    .occurred_at = RB_NO_TIME,
  };
  g_autoptr(GAsyncResult) result = NULL;

  rb_processing_async (fixture->core, &caller, &request, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_processing_finish (fixture->core, result, error);
}

void
rb_core_fixture_reply_start (RbCoreFixture  *fixture,
                             gint64          pid,
                             const char     *endpoint_id,
                             const char     *owner_token,
                             const char     *source_message_id,
                             const char     *assignment_id,
                             const char     *request_id,
                             const char     *content,
                             GAsyncResult  **result)
{
  RbCaller caller = { .pid = pid };
  g_autoptr(GBytes) text = rb_json_slice_from_string (content);
  RbReplyRequest request = {
    .endpoint_id = (char *) endpoint_id,
    .plugin_pid = pid,
    .endpoint_owner_token = (char *) owner_token,
    .source_message_id = (char *) source_message_id,
    .assignment_id = (char *) assignment_id,
    .reply_request_id = (char *) request_id,
    .content = text,
  };

  rb_reply_async (fixture->core, &caller, &request, result != NULL ? rb_test_store_result : NULL, result);
  rb_test_settle ();
}

char *
rb_core_fixture_reply (RbCoreFixture  *fixture,
                       gint64          pid,
                       const char     *endpoint_id,
                       const char     *owner_token,
                       const char     *source_message_id,
                       const char     *assignment_id,
                       const char     *request_id,
                       const char     *content,
                       GError        **error)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autofree char *status = NULL;
  char *message_id = NULL;

  rb_core_fixture_reply_start (fixture, pid, endpoint_id, owner_token, source_message_id, assignment_id, request_id, content, &result);
  rb_test_wait_until (result != NULL);
  rb_reply_finish (fixture->core, result, &message_id, &status, error);
  return message_id;
}

static const char *
peek_place (RbCoreFixture *fixture,
            const char    *message_id,
            gsize          column)
{
  GVariant *row = rb_fake_store_peek (fixture->store, RB_TABLE_PLACES, g_variant_new ("(s)", message_id));
  const char *text = NULL;

  if (row != NULL && column == 1)
    g_variant_get_child (row, column, "&s", &text);
  else if (row != NULL)
    g_variant_get_child (row, column, "m&s", &text);
  return text;
}

const char *
rb_core_fixture_place (RbCoreFixture *fixture,
                       const char    *message_id)
{
  return peek_place (fixture, message_id, 1);
}

const char *
rb_core_fixture_reason (RbCoreFixture *fixture,
                        const char    *message_id)
{
  return peek_place (fixture, message_id, 4);
}

guint
rb_core_fixture_count_inbox (RbCoreFixture *fixture)
{
  g_autoptr(GVariant) rows = g_variant_ref_sink (rb_view_inbox (fixture->core));

  return g_variant_n_children (rows);
}

GVariant *
rb_core_fixture_explain (RbCoreFixture *fixture,
                         const char    *id,
                         GError       **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  rb_explain_async (fixture->core, id, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_explain_finish (fixture->core, result, error);
}
