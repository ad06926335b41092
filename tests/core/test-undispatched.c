/* test-undispatched.c: the inbox as adapters may see it (protocol.md 10.1, 10.4, 10.5, 10.6)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-worker.h"

#include "rb-core-private.h"

#include "rb-error.h"
#include "rb-json.h"

#include <string.h>

#define WORKER 100
#define OTHER 200

static GPtrArray *
list (RbCoreFixture *fixture,
      gint64         pid,
      const char    *endpoint_id,
      GError       **error)
{
  RbCaller caller = { .pid = pid };
  g_autoptr(GAsyncResult) result = NULL;

  rb_undispatched_list_async (fixture->core, &caller, endpoint_id, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_undispatched_list_finish (fixture->core, result, error);
}

static gboolean
count (RbCoreFixture *fixture,
       gint64         pid,
       const char    *endpoint_id,
       guint         *n,
       GError       **error)
{
  RbCaller caller = { .pid = pid };
  g_autoptr(GAsyncResult) result = NULL;

  rb_undispatched_count_async (fixture->core, &caller, endpoint_id, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_undispatched_count_finish (fixture->core, result, n, error);
}

static void
test_list_checks (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *second = NULL;
  g_autofree char *text = g_strdup_printf ("endpoint %s is reconnecting; list claimable requires Active", worker->endpoint_id);
  g_autoptr(GPtrArray) items = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("10.5, rows 1 to 6, each before the next.");

  fixture->upstream->features = 0;
  g_assert_null (list (fixture, 0, "ep_none", &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "plugin_pid_invalid", "x-plugin-pid header is required for list undispatched");
  g_assert_null (list (fixture, WORKER, "ep_none", &error));
  g_assert_cmpstr (rb_error_retryable (error), ==, "true");
  rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "runtime_claim_candidates_unavailable",
                     "Services claim-candidates authority is not configured; refusing to expose broker-local cache");

  fixture->upstream->features = RB_UPSTREAM_LOCAL_INBOX;
  second = rb_core_fixture_register (fixture, WORKER, RB_PLAIN, NULL, NULL);
  g_assert_null (list (fixture, WORKER, NULL, &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "ambiguous_endpoint",
                     "list claimable requires endpoint_id when a plugin owns multiple active endpoints");
  g_assert_true (rb_core_fixture_unregister (fixture, WORKER, second, &error));
  items = list (fixture, WORKER, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (items->len, ==, 0);

  for (guint i = 0; i < 2; i++)
    {
      g_assert_null (list (fixture, WORKER, i == 0 ? "" : "ep_none", &error));
      rb_assert_refused (error, RB_ERROR_BAD_STATE, "no_active_endpoint", "list claimable requires an active registered endpoint");
    }
  g_assert_null (list (fixture, OTHER, NULL, &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "no_active_endpoint", "list claimable requires an active registered endpoint");
  rb_worker_detach (worker);
  g_assert_null (list (fixture, WORKER, NULL, &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "no_active_endpoint", "list claimable requires an active registered endpoint");
  g_assert_null (list (fixture, OTHER, worker->endpoint_id, &error));
  rb_assert_refused (error, RB_ERROR_FORBIDDEN, "endpoint_pid_mismatch", "plugin_pid does not own endpoint_id");
  g_assert_null (list (fixture, WORKER, worker->endpoint_id, &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "endpoint_not_active", text);
}

static void
test_own_rows (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *metadata = g_strdup_printf ("{\"target_endpoint_id\":\"%s\",\"correlation_id\":\"c1\",\"k\":1}", worker->endpoint_id);
  g_autoptr(GPtrArray) items = NULL;
  g_autofree char *content = NULL;
  g_autoptr(GError) error = NULL;
  RbListedMessage *item;

  g_test_summary ("Where our inbox is the authority, the list is its rows, whole and in order; what is assigned is not in it.");

  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "first", metadata);
  rb_fake_connector_deliver (fixture->connector, 2, NULL, "eve", "second", NULL);
  rb_test_settle ();
  rb_worker_take (worker, 3, "m3", NULL);
  items = list (fixture, WORKER, worker->endpoint_id, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (items->len, ==, 2);

  item = g_ptr_array_index (items, 0);
  content = rb_json_slice_to_string (item->content, NULL);
  g_assert_cmpstr (item->id, ==, "m1");
  g_assert_cmpstr (item->source_message_id, ==, "m1");
  g_assert_cmpint (item->arrived_at, ==, rb_clock_get_wall_ms (fixture->clock));
  g_assert_cmpstr (item->sender_address, ==, "bob");
  g_assert_cmpstr (content, ==, "first");
  g_assert_cmpstr (item->content_type, ==, "text");
  g_assert_nonnull (g_strstr_len (g_bytes_get_data (item->metadata, NULL), g_bytes_get_size (item->metadata), "\"traceparent\""));
  g_assert_cmpstr (item->reason, ==, "unaddressed");
  g_assert_cmpstr (item->original_target_endpoint_id, ==, worker->endpoint_id);
  g_assert_cmpstr (item->original_correlation_id, ==, "c1");
  g_assert_null (item->active_assignment_id);

  item = g_ptr_array_index (items, 1);
  g_assert_nonnull (item->id);
  g_assert_null (item->source_message_id);
  g_assert_null (item->original_target_endpoint_id);
}

static void
test_after_commit (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GAsyncResult) listed = NULL;
  g_autoptr(GAsyncResult) counted = NULL;
  RbCaller caller = { .pid = WORKER };

  g_test_summary ("An answer does not overtake the commits that make it true.");

  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "x", NULL);
  rb_test_settle ();
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_core_fixture_dispatch_start (fixture, "m1", worker->endpoint_id, NULL);
  rb_undispatched_list_async (fixture->core, &caller, worker->endpoint_id, rb_test_store_result, &listed);
  rb_undispatched_count_async (fixture->core, &caller, worker->endpoint_id, rb_test_store_result, &counted);
  rb_test_settle ();
  g_assert_null (listed);
  g_assert_null (counted);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_wait_until (listed != NULL && counted != NULL);
  {
    g_autoptr(GPtrArray) items = rb_undispatched_list_finish (fixture->core, listed, NULL);

    g_assert_cmpuint (items->len, ==, 0);
  }
  rb_worker_receipt (worker);
}

static GVariant *
candidate (const char *id,
           const char *reason,
           const char *policy,
           const char *hint)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "undispatched_id", "s", id);
  g_variant_dict_insert (&dict, "source_message_id", "s", id);
  g_variant_dict_insert (&dict, "sender_address", "s", "upstream-bob");
  g_variant_dict_insert (&dict, "content_preview", "s", "a \"preview\"");
  g_variant_dict_insert (&dict, "reason", "s", reason);
  g_variant_dict_insert (&dict, "claim_policy", "s", policy);
  g_variant_dict_insert (&dict, "arrived_at", "x", G_GINT64_CONSTANT (1234));
  if (hint != NULL)
    {
      g_variant_dict_insert (&dict, "target_endpoint_id_hint", "s", hint);
      g_variant_dict_insert (&dict, "in_reply_to", "s", "c7");
      g_variant_dict_insert (&dict, "active_assignment_id", "s", "a7");
      g_variant_dict_insert (&dict, "active_target_endpoint_id", "s", "ep_7");
      g_variant_dict_insert_value (&dict, "conversation_ref", g_variant_new_parsed ("{'kind': <'session_conversation'>, 'id': <'sc'>}"));
    }
  return g_variant_dict_end (&dict);
}

static void
offer (RbCoreFixture *fixture,
       GVariant      *items)
{
  GVariantDict dict;

  g_clear_pointer (&fixture->upstream->answer, g_variant_unref);
  g_variant_dict_init (&dict, NULL);
  if (items != NULL)
    g_variant_dict_insert_value (&dict, "items", items);
  fixture->upstream->answer = g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
test_candidates (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GPtrArray) items = NULL;
  g_autofree char *known = NULL;
  g_autofree char *assigned = NULL;
  g_autofree char *preview = NULL;
  GVariant *children[3];
  const char *nonce = NULL;
  gint64 limit = 0;
  RbListedMessage *item;
  guint n = 0;

  g_test_summary ("Where the upstream says what may be seen, its list is the answer, in its order; what is here makes it whole.");

  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "here", NULL);
  rb_fake_connector_deliver (fixture->connector, 2, "m2", "bob", "not offered", NULL);
  rb_test_settle ();
  rb_worker_take (worker, 3, "m3", NULL);
  fixture->upstream->features = RB_UPSTREAM_HAS_CANDIDATES;
  children[0] = candidate ("m3", "correlated_continuation", "assigned_in_progress", "ep_other");
  children[1] = candidate ("elsewhere", "something_else", "bound_session_pull_only", worker->endpoint_id);
  children[2] = candidate ("m1", "closed_session_continuation", "owner_select_required", NULL);
  offer (fixture, g_variant_new_array (G_VARIANT_TYPE_VARDICT, children, 3));
  items = list (fixture, WORKER, NULL, NULL);
  g_assert_cmpuint (items->len, ==, 3);

  item = g_ptr_array_index (items, 0);
  assigned = rb_json_slice_to_string (item->content, NULL);
  g_assert_cmpstr (item->id, ==, "m3");
  g_assert_cmpstr (assigned, ==, "please");
  g_assert_cmpstr (item->sender_address, ==, "bob");
  g_assert_cmpint (item->arrived_at, ==, 1234);
  g_assert_cmpstr (item->reason, ==, "correlated_continuation");
  g_assert_cmpstr (item->claim_policy, ==, "assigned_in_progress");
  g_assert_cmpstr (item->active_assignment_id, ==, "a7");
  g_assert_cmpstr (item->active_target_endpoint_id, ==, "ep_7");
  g_assert_cmpstr (item->original_target_endpoint_id, ==, "ep_other");
  g_assert_cmpstr (item->original_correlation_id, ==, "c7");
  g_assert_nonnull (item->conversation_ref);

  item = g_ptr_array_index (items, 1);
  preview = rb_json_slice_to_string (item->content, NULL);
  g_assert_cmpstr (preview, ==, "a \"preview\"");
  g_assert_cmpstr (item->sender_address, ==, "upstream-bob");
  g_assert_cmpstr (item->content_type, ==, "text");
  g_assert_cmpmem (g_bytes_get_data (item->metadata, NULL), g_bytes_get_size (item->metadata), "{}", 2);
  g_assert_cmpstr (item->reason, ==, "unaddressed");

  item = g_ptr_array_index (items, 2);
  known = rb_json_slice_to_string (item->content, NULL);
  g_assert_cmpstr (known, ==, "here");
  g_assert_cmpstr (item->reason, ==, "closed_session_continuation");
  g_assert_null (item->conversation_ref);

  g_assert_true (g_variant_lookup (fixture->upstream->arguments[RB_UPSTREAM_CANDIDATES], "endpoint_nonce", "&s", &nonce));
  g_assert_cmpuint (strlen (nonce), ==, 36);
  g_assert_true (g_variant_lookup (fixture->upstream->arguments[RB_UPSTREAM_CANDIDATES], "limit", "x", &limit));
  g_assert_cmpint (limit, ==, 256);

  g_assert_true (count (fixture, WORKER, worker->endpoint_id, &n, NULL));
  g_assert_cmpuint (n, ==, 1);
  offer (fixture, g_variant_new_array (G_VARIANT_TYPE_VARDICT, NULL, 0));
  g_assert_true (count (fixture, WORKER, worker->endpoint_id, &n, NULL));
  g_assert_cmpuint (n, ==, 0);
}

static void
test_candidates_fail (RbCoreFixture *fixture,
                      gconstpointer  data)
{
  static const struct {
    const char *text, *log;
  } reads[] = {
    { "Services claim-candidates read failed; refusing to expose broker-local cache", "runtime_claim_candidates_failed" },
    { "Services claim-candidates read failed; refusing to expose broker-local presence", "runtime_presence_claim_candidates_failed" },
  };
  static const int refusals[] = { RB_ERROR_REJECTED, RB_ERROR_UNAVAILABLE };
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autoptr(GError) error = NULL;
  guint n;

  g_test_summary ("Rows 7 and 8: an answer of the upstream is passed on with its status; whatever else keeps us from reading is 503.");

  fixture->upstream->features = RB_UPSTREAM_HAS_CANDIDATES;
  for (guint read = 0; read < 2; read++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
        {
          GVariant *details;
          gint64 status = 0;

          g_clear_error (&fixture->upstream->failure);
          fixture->upstream->failure = rb_error_new (refusals[i], NULL, "said upstream");
          rb_error_add_detail (fixture->upstream->failure, "status", g_variant_new_int64 (i == 0 ? 404 : 500));
          rb_error_add_detail (fixture->upstream->failure, "code", g_variant_new_string ("endpoint_gone"));
          if (read == 0)
            g_assert_null (list (fixture, WORKER, worker->endpoint_id, &error));
          else
            g_assert_false (count (fixture, WORKER, worker->endpoint_id, &n, &error));
          details = rb_error_get_details (error);
          g_assert_true (g_variant_lookup (details, "status", "x", &status));
          g_assert_cmpint (status, ==, i == 0 ? 404 : 500);
          g_assert_cmpstr (rb_error_retryable (error), ==, i == 0 ? "false" : "true");
          rb_assert_refused (error, RB_ERROR_REJECTED, "endpoint_gone", "said upstream");
        }

      for (guint i = 0; i < 3; i++)
        {
          g_clear_error (&fixture->upstream->failure);
          if (i == 0)
            fixture->upstream->failure = rb_error_new (RB_ERROR_TIMED_OUT, NULL, "no answer");
          else
            offer (fixture, i == 1 ? NULL : g_variant_new_string ("items"));
          if (read == 0)
            g_assert_null (list (fixture, WORKER, worker->endpoint_id, &error));
          else
            g_assert_false (count (fixture, WORKER, worker->endpoint_id, &n, &error));
          g_assert_cmpstr (rb_error_retryable (error), ==, "true");
          rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "runtime_claim_candidates_unavailable", reads[read].text);
        }
      g_assert_cmpuint (rb_test_count_log (reads[read].log), ==, 5);
    }
}

static void
test_count (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(RbWorker) worker = rb_worker_new (fixture, WORKER);
  g_autofree char *text = g_strdup_printf ("endpoint %s is reconnecting; presence read requires Active", worker->endpoint_id);
  g_autofree char *correlation_id = NULL;
  g_autofree char *metadata = NULL;
  g_autoptr(GError) error = NULL;
  guint n = 7;

  g_test_summary ("10.6: its checks; and the count of what waits for this endpoint's conversations alone.");

  g_assert_false (count (fixture, WORKER, NULL, &n, &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "endpoint_id_required", "GET /v1/undispatched/presence requires endpoint_id");
  g_assert_false (count (fixture, WORKER, "", &n, &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "endpoint_id_required", "GET /v1/undispatched/presence requires endpoint_id");
  fixture->upstream->features = 0;
  g_assert_false (count (fixture, WORKER, "ep_none", &n, &error));
  g_assert_cmpstr (rb_error_retryable (error), ==, "true");
  rb_assert_refused (error, RB_ERROR_UNAVAILABLE, "runtime_claim_candidates_unavailable",
                     "Services claim-candidates authority is not configured; refusing to expose broker-local presence");
  fixture->upstream->features = RB_UPSTREAM_LOCAL_INBOX;
  g_assert_false (count (fixture, WORKER, "ep_none", &n, &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "no_active_endpoint", "presence read requires an active registered endpoint");
  g_assert_false (count (fixture, OTHER, worker->endpoint_id, &n, &error));
  rb_assert_refused (error, RB_ERROR_FORBIDDEN, "endpoint_pid_mismatch", "plugin_pid does not own endpoint_id");

  g_free (rb_core_fixture_send (fixture, WORKER, worker->endpoint_id, "bob", "hi", NULL, &correlation_id, &error));
  metadata = g_strdup_printf ("{\"correlation_id\":\"%s\"}", correlation_id);
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "continued", metadata);
  rb_fake_connector_deliver (fixture->connector, 2, "m2", "bob", "new", NULL);
  rb_test_settle ();
  g_assert_true (count (fixture, WORKER, worker->endpoint_id, &n, &error));
  g_assert_cmpuint (n, ==, 1);

  rb_worker_detach (worker);
  g_assert_false (count (fixture, WORKER, worker->endpoint_id, &n, &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "endpoint_not_active", text);
}

static void
test_legacy_adapter (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  g_autoptr(RbFakeChannel) channel = rb_fake_channel_new (WORKER, FALSE);
  g_autoptr(GPtrArray) items = NULL;
  g_autoptr(GError) error = NULL;
  GVariant *children[2];

  g_test_summary ("20.2 row 13: a legacy adapter that is alone needs no header, and several endpoints give the union of their lists.");

  channel->is_legacy = TRUE;
  rb_channels_attach (fixture->core, RB_CHANNEL (channel));
  for (guint i = 0; i < 2; i++)
    g_free (rb_core_fixture_register (fixture, WORKER, RB_PLAIN, NULL, NULL));
  fixture->upstream->features = RB_UPSTREAM_HAS_CANDIDATES;
  children[0] = candidate ("m1", "x", "owner_select_required", NULL);
  children[1] = candidate ("m2", "x", "owner_select_required", NULL);
  offer (fixture, g_variant_new_array (G_VARIANT_TYPE_VARDICT, children, 2));
  items = list (fixture, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (items->len, ==, 2);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_CANDIDATES], ==, 2);

  fixture->core->settings.legacy_adapters = FALSE;
  g_assert_null (list (fixture, 0, NULL, &error));
  rb_assert_refused (error, RB_ERROR_INVALID, "plugin_pid_invalid", "x-plugin-pid header is required for list undispatched");
  g_assert_null (list (fixture, WORKER, NULL, &error));
  rb_assert_refused (error, RB_ERROR_BAD_STATE, "ambiguous_endpoint",
                     "list claimable requires endpoint_id when a plugin owns multiple active endpoints");
  fixture->core->settings.legacy_adapters = TRUE;

  {
    g_autoptr(RbWorker) modern = rb_worker_new (fixture, OTHER);

    g_assert_null (list (fixture, 0, NULL, &error));
    rb_assert_refused (error, RB_ERROR_INVALID, "plugin_pid_invalid", "x-plugin-pid header is required for list undispatched");
  }
}

static void
test_legacy_upstream (RbCoreFixture *fixture,
                      gconstpointer  data)
{
  g_autoptr(RbWorker) worker = NULL;
  g_autoptr(GPtrArray) items = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("20.2 row 13: a legacy upstream without the route leaves the list to our rows; any other without it fails.");

  fixture->settings.legacy_upstream = RB_LEGACY_UPSTREAM_ON;
  rb_core_fixture_restart (fixture);
  worker = rb_worker_new (fixture, WORKER);
  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "first", NULL);
  rb_test_settle ();
  fixture->upstream->features = RB_UPSTREAM_HAS_CANDIDATES;
  fixture->upstream->failure = rb_error_new (RB_ERROR_REJECTED, NULL, "no route");
  rb_error_add_detail (fixture->upstream->failure, "status", g_variant_new_int64 (405));
  items = list (fixture, WORKER, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (items->len, ==, 1);
  g_assert_cmpstr (((RbListedMessage *) g_ptr_array_index (items, 0))->id, ==, "m1");

  rb_error_add_detail (fixture->upstream->failure, "status", g_variant_new_int64 (403));
  g_assert_null (list (fixture, WORKER, NULL, &error));
  g_clear_error (&error);
  rb_error_add_detail (fixture->upstream->failure, "status", g_variant_new_int64 (405));
  fixture->core->is_legacy_upstream = FALSE;
  g_assert_null (list (fixture, WORKER, NULL, &error));
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) \
  g_test_add ("/undispatched/" path, RbCoreFixture, NULL, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("list/checks", test_list_checks);
  ADD ("list/own-rows", test_own_rows);
  ADD ("list/after-commit", test_after_commit);
  ADD ("candidates/list", test_candidates);
  ADD ("candidates/fail", test_candidates_fail);
  ADD ("legacy/adapter", test_legacy_adapter);
  ADD ("legacy/upstream", test_legacy_upstream);
  ADD ("count", test_count);

  return g_test_run ();
}
