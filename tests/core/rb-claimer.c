/* rb-claimer.c: an adapter that claims and fetches, and a directory that answers it, for tests
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-claimer.h"

#include "rb-error.h"
#include "rb-settle.h"

GVariant *
rb_claimer_answer (RbWorker   *worker,
                   const char *message_id,
                   const char *assignment_id)
{
  g_autofree char *session = g_strdup_printf ("s%" G_GINT64_FORMAT, worker->pid);

  return g_variant_new_parsed ("{'assignment_id': <%s>, 'source_message_id': <%s>, 'undispatched_id': <%s>,"
                               " 'broker_projection_token': <'secret'>, 'assigned_at': <@x 5000>, 'claimed': <true>,"
                               " 'target_ref': <{'kind': <'projection_endpoint'>, 'projection_endpoint_id': <%s>,"
                               " 'runtime_session_id': <%s>, 'background_exchange_mode': <'adapter_managed_turn'>}>,"
                               " 'message': <{'from': <'bob'>, 'content': <'from \"afar\"'>, 'contentType': <'text'>,"
                               " 'sourceMessageId': <%s>, 'metadata': <'{\"correlation_id\":\"c7\"}'>}>}",
                               assignment_id, message_id, message_id, worker->endpoint_id, session, message_id);
}

GVariant *
rb_claimer_change (GVariant   *answer,
                   const char *member,
                   GVariant   *value)
{
  g_autoptr(GVariant) owned = g_variant_ref_sink (answer);
  GVariantDict dict;

  g_variant_dict_init (&dict, owned);
  if (value != NULL)
    g_variant_dict_insert_value (&dict, member, value);
  else
    g_variant_dict_remove (&dict, member);
  return g_variant_dict_end (&dict);
}

GError *
rb_claimer_failure (RbError     kind,
                    gint64      status,
                    const char *code,
                    const char *text)
{
  GError *error = rb_error_new (kind, NULL, "%s", text);

  if (status != 0)
    rb_error_add_detail (error, "status", g_variant_new_int64 (status));
  if (code != NULL)
    rb_error_add_detail (error, "code", g_variant_new_string (code));
  return error;
}

GVariant *
rb_claimer_candidate (const char *message_id,
                      const char *policy,
                      const char *assignment_id,
                      const char *target)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "undispatched_id", "s", message_id);
  g_variant_dict_insert (&dict, "source_message_id", "s", message_id);
  g_variant_dict_insert (&dict, "sender_address", "s", "bob");
  g_variant_dict_insert (&dict, "content_preview", "s", "preview");
  g_variant_dict_insert (&dict, "reason", "s", "no_target_endpoint");
  g_variant_dict_insert (&dict, "claim_policy", "s", policy);
  g_variant_dict_insert (&dict, "arrived_at", "x", (gint64) 1000);
  if (assignment_id != NULL)
    g_variant_dict_insert (&dict, "active_assignment_id", "s", assignment_id);
  if (target != NULL)
    g_variant_dict_insert (&dict, "active_target_endpoint_id", "s", target);
  return g_variant_dict_end (&dict);
}

void
rb_claimer_list (RbCoreFixture *fixture,
                 guint          n,
                 ...)
{
  GVariantBuilder items;
  GVariantDict dict;
  va_list rest;

  g_variant_builder_init (&items, G_VARIANT_TYPE ("aa{sv}"));
  va_start (rest, n);
  for (guint i = 0; i < n; i++)
    g_variant_builder_add_value (&items, va_arg (rest, GVariant *));
  va_end (rest);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "items", g_variant_builder_end (&items));
  rb_fake_upstream_set_answer (fixture->upstream, RB_UPSTREAM_CANDIDATES, g_variant_dict_end (&dict));
}

void
rb_claimer_arrive (RbCoreFixture *fixture,
                   gint64         seq,
                   const char    *message_id)
{
  rb_fake_connector_deliver (fixture->connector, seq, message_id, "bob", "please", "{\"correlation_id\":\"c9\"}");
  rb_test_settle ();
}

void
rb_claimer_grant (RbCoreFixture *fixture,
                  GVariant      *answer)
{
  rb_fake_upstream_set_answer (fixture->upstream, RB_UPSTREAM_SELF_CLAIM, answer);
}

void
rb_claimer_claim_start (RbWorker      *worker,
                        const char    *message_id,
                        GAsyncResult **result)
{
  RbCaller caller = { .pid = worker->pid };
  RbClaimRequest request = {
    .endpoint_id = worker->endpoint_id,
    .plugin_pid = worker->pid,
    .endpoint_owner_token = worker->token,
    .undispatched_id = (char *) message_id,
  };

  rb_claim_async (worker->fixture->core, &caller, &request, result != NULL ? rb_test_store_result : NULL, result);
  rb_test_settle ();
}

RbGrant *
rb_claimer_claim_finish (RbWorker      *worker,
                         GAsyncResult  *result,
                         GError       **error)
{
  return rb_claim_finish (worker->fixture->core, result, error);
}

RbGrant *
rb_claimer_claim (RbWorker    *worker,
                  const char  *message_id,
                  GError     **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  rb_claimer_claim_start (worker, message_id, &result);
  rb_test_wait_until (result != NULL);
  return rb_claimer_claim_finish (worker, result, error);
}

static void
start_fetch (RbWorker      *worker,
             double         timeout_ms,
             gboolean       mark_attempt,
             GCancellable  *cancellable,
             GAsyncResult **result)
{
  RbCaller caller = { .pid = worker->pid };
  RbStagedRequest request = {
    .endpoint_id = worker->endpoint_id,
    .plugin_pid = worker->pid,
    .timeout_ms = timeout_ms,
    .mark_attempt = mark_attempt,
  };

  rb_staged_async (worker->fixture->core, &caller, &request, cancellable, result != NULL ? rb_test_store_result : NULL, result);
  rb_test_settle ();
}

void
rb_claimer_settle_start (RbWorker      *worker,
                         const char    *message_id,
                         GAsyncResult **result)
{
  RbCaller caller = { .pid = worker->pid };
  RbSettleRequest request = { worker->endpoint_id, worker->pid, (char *) message_id };

  rb_settle_async (worker->fixture->core, &caller, &request, result != NULL ? rb_test_store_result : NULL, result);
  rb_test_settle ();
}

gboolean
rb_claimer_settle (RbWorker    *worker,
                   const char  *message_id,
                   GError     **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  rb_claimer_settle_start (worker, message_id, &result);
  rb_test_wait_until (result != NULL);
  return rb_settle_finish (worker->fixture->core, result, error);
}

void
rb_claimer_fetch_start (RbWorker      *worker,
                        double         timeout_ms,
                        GCancellable  *cancellable,
                        GAsyncResult **result)
{
  start_fetch (worker, timeout_ms, TRUE, cancellable, result);
}

GPtrArray *
rb_claimer_fetch (RbWorker  *worker,
                  double     timeout_ms,
                  gboolean   mark_attempt,
                  GError   **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  start_fetch (worker, timeout_ms, mark_attempt, NULL, &result);
  rb_test_wait_until (result != NULL);
  return rb_staged_finish (worker->fixture->core, result, error);
}

void
rb_claimer_open_mailroom (RbCoreFixture *fixture)
{
  rb_fake_upstream_set_answer (fixture->upstream, RB_UPSTREAM_CAPABILITIES,
                               g_variant_new_parsed ("{'staged_assignment': <true>, 'staged_delivery': <true>}"));
  rb_claimer_list (fixture, 0);
  rb_core_fixture_restart (fixture);
}

char *
rb_claimer_argument (RbCoreFixture  *fixture,
                     RbUpstreamCall  call,
                     const char     *member)
{
  GVariant *arguments = fixture->upstream->arguments[call];
  g_autoptr(GVariant) value = arguments != NULL ? g_variant_lookup_value (arguments, member, NULL) : NULL;

  if (value == NULL)
    return g_strdup ("");
  return g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) ? g_variant_dup_string (value, NULL) : g_variant_print (value, FALSE);
}

gint64
rb_claimer_used (RbCoreFixture *fixture,
                 const char    *limit)
{
  g_autoptr(GVariant) status = g_variant_ref_sink (rb_view_status (fixture->core));
  g_autoptr(GVariant) limits = g_variant_lookup_value (status, "limits", NULL);
  g_autoptr(GVariant) entry = g_variant_lookup_value (limits, limit, NULL);
  gint64 used = -1;

  g_assert_nonnull (entry);
  g_variant_lookup (entry, "used", "x", &used);
  return used;
}

char *
rb_claimer_explain (RbCoreFixture *fixture,
                    const char    *message_id)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GVariant) view = NULL;
  g_autoptr(GError) error = NULL;

  rb_explain_async (fixture->core, message_id, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  view = rb_explain_finish (fixture->core, result, &error);
  g_assert_no_error (error);
  return g_variant_print (view, FALSE);
}
