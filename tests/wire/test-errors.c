/* test-errors.c: errors as a status and an envelope
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-test.h"
#include "rb-wire-errors.h"

static const struct {
  RbError     code;
  const char *reason;
  guint       status;
  const char *wire_code;
} cases[] = {
  { RB_ERROR_INVALID, NULL, 400, "bad_request" },
  { RB_ERROR_UNAUTHORIZED, NULL, 401, "unauthorized" },
  { RB_ERROR_FORBIDDEN, NULL, 403, "forbidden" },
  { RB_ERROR_NOT_FOUND, NULL, 404, "not_found" },
  { RB_ERROR_BAD_STATE, NULL, 409, "bad_state" },
  { RB_ERROR_TOO_LARGE, NULL, 413, "body_too_large" },
  { RB_ERROR_UNPROCESSABLE, NULL, 422, "invalid_request" },
  { RB_ERROR_REJECTED, NULL, 502, "upstream_rejected" },
  { RB_ERROR_UNAVAILABLE, NULL, 503, "upstream_unavailable" },
  { RB_ERROR_OUTCOME_UNKNOWN, NULL, 503, "outcome_unknown" },
  { RB_ERROR_NOT_SUPPORTED, NULL, 503, "not_supported" },
  { RB_ERROR_TIMED_OUT, NULL, 503, "upstream_unavailable" },
  { RB_ERROR_CORRUPT, NULL, 503, "store_broken" },
  { RB_ERROR_INTERNAL, NULL, 500, "internal_error" },

  { RB_ERROR_INVALID, "plugin_pid_invalid", 400, "plugin_pid_invalid" },
  { RB_ERROR_REJECTED, "dispatch_failed", 400, "dispatch_failed" },
  { RB_ERROR_UNAVAILABLE, "dispatch_failed", 400, "dispatch_failed" },
  { RB_ERROR_REJECTED, "runtime_processing_state_rejected", 409, "runtime_processing_state_rejected" },
  { RB_ERROR_UNAVAILABLE, "runtime_processing_state_rejected", 503, "runtime_processing_state_rejected" },
  { RB_ERROR_REJECTED, "runtime_reply_request_rejected", 409, "runtime_reply_request_rejected" },
  { RB_ERROR_REJECTED, "connector_rejected", 502, "connector_rejected" },
};

static void
test_table (void)
{
  g_test_summary ("Each kind of error has its status; some codes have their own.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = rb_error_new (cases[i].code, cases[i].reason, "text");

      g_assert_cmpuint (rb_wire_error_status (error), ==, cases[i].status);
      g_assert_cmpstr (rb_wire_error_code (error), ==, cases[i].wire_code);
    }
}

/* The codes of protocol.md 22 that are errors of the core, by the kind that the core gives them. */
static const struct {
  guint       status;
  RbError     kind;
  const char *codes;
} appendix[] = {
  { 400, RB_ERROR_INVALID, "bad_request correlation_id_forbidden dispatch_body_invalid dispatch_failed endpoint_id_required "
                           "invalid_runtime_session_id ipc_channel_missing plugin_pid_invalid protocol_version_mismatch "
                           "reply_request_id_required target_endpoint_id_forbidden task_hint_invalid undispatched_id_invalid" },
  { 401, RB_ERROR_UNAUTHORIZED, "unauthorized" },
  { 403, RB_ERROR_FORBIDDEN, "endpoint_owner_token_mismatch endpoint_pid_mismatch ownership_mismatch plugin_pid_mismatch "
                             "reattach_pid_mismatch reply_emitted_broker_owned runtime_assignment_target_mismatch "
                             "source_endpoint_id_mismatch" },
  { 404, RB_ERROR_NOT_FOUND, "endpoint_unknown not_found unknown_endpoint" },
  { 405, RB_ERROR_INVALID, "method_not_allowed" },
  { 409, RB_ERROR_BAD_STATE, "ambiguous_endpoint endpoint_not_active endpoint_not_reconnecting missing_background_exchange_v1 "
                             "no_active_endpoint runtime_assignment_in_progress runtime_assignment_not_accepted "
                             "runtime_assignment_projection_authority_missing runtime_assignment_reply_idempotency_conflict "
                             "runtime_assignment_unknown runtime_self_settle_rejected" },
  { 409, RB_ERROR_REJECTED, "runtime_processing_state_rejected runtime_reply_request_rejected "
                            "runtime_self_claim_assignment_projection_failed" },
  { 413, RB_ERROR_TOO_LARGE, "body_too_large" },
  { 422, RB_ERROR_UNPROCESSABLE, "invalid_request" },
  { 500, RB_ERROR_INTERNAL, "internal_error" },
  { 502, RB_ERROR_REJECTED, "connector_rejected runtime_self_claim_rejected runtime_self_claim_response_invalid" },
  { 503, RB_ERROR_UNAVAILABLE, "broker_shutting_down connector_unavailable reconnecting_buffer_drain_failed "
                               "runtime_claim_candidates_unavailable runtime_conversation_history_failed "
                               "runtime_processing_state_rejected runtime_reply_request_rejected "
                               "runtime_self_claim_assignment_projection_failed runtime_self_claim_rejected runtime_self_settle_unavailable "
                               "upstream_unavailable" },
  { 503, RB_ERROR_OUTCOME_UNKNOWN, "connector_send_outcome_unknown runtime_self_claim_outcome_unknown" },
  { 503, RB_ERROR_NOT_SUPPORTED, "runtime_conversation_history_unsupported runtime_self_claim_unsupported "
                                 "runtime_self_settle_unsupported" },
};

static void
test_appendix (void)
{
  g_test_summary ("Each documented code has its documented status.");

  for (gsize i = 0; i < G_N_ELEMENTS (appendix); i++)
    {
      g_auto(GStrv) codes = g_strsplit (appendix[i].codes, " ", -1);

      for (gsize j = 0; codes[j] != NULL; j++)
        {
          g_autoptr(GError) error = rb_error_new (appendix[i].kind, g_intern_string (codes[j]), "text");

          g_test_message ("%s", codes[j]);
          g_assert_cmpuint (rb_wire_error_status (error), ==, appendix[i].status);
          g_assert_cmpstr (rb_wire_error_code (error), ==, codes[j]);
        }
    }
}

static char *
body_text (GBytes *body)
{
  g_autoptr(GBytes) owned = body;

  return g_strndup (g_bytes_get_data (owned, NULL), g_bytes_get_size (owned));
}

/* Source: protocol.md 4.3, extra fields. */
static void
test_details (void)
{
  g_autoptr(GError) error = rb_error_new (RB_ERROR_BAD_STATE, "runtime_assignment_unknown", "not \"known\"");
  g_autofree char *body = NULL;

  g_test_summary ("Details become members; those named error or message are dropped.");

  rb_error_add_detail (error, "assignment_failure_category", g_variant_new_string ("reply_handle_stale"));
  rb_error_add_detail (error, "error", g_variant_new_string ("x"));
  rb_error_add_detail (error, "message", g_variant_new_string ("x"));
  body = body_text (rb_wire_error_body (error));
  g_assert_cmpstr (body, ==,
                   "{\"error\":\"runtime_assignment_unknown\",\"message\":\"not \\\"known\\\"\","
                   "\"assignment_failure_category\":\"reply_handle_stale\"}");
}

static void
test_upstream (void)
{
  g_autoptr(GError) error = rb_error_new (RB_ERROR_REJECTED, NULL, "no such thing");
  g_autoptr(GError) absurd = rb_error_new (RB_ERROR_REJECTED, NULL, "odd");
  g_autofree char *body = NULL;

  g_test_summary ("An upstream's refusal keeps its status and its code.");

  rb_error_add_detail (error, "status", g_variant_new_int64 (418));
  rb_error_add_detail (error, "code", g_variant_new_string ("teapot"));
  rb_error_set_retryable (error, FALSE);
  g_assert_cmpuint (rb_wire_error_status (error), ==, 418);
  body = body_text (rb_wire_error_body (error));
  g_assert_cmpstr (body, ==, "{\"error\":\"teapot\",\"message\":\"no such thing\",\"retryable\":false}");

  rb_error_add_detail (absurd, "status", g_variant_new_int64 (200));
  g_assert_cmpuint (rb_wire_error_status (absurd), ==, 502);
}

static void
test_foreign (void)
{
  g_autoptr(GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "/home/someone/secret");
  g_autofree char *body = body_text (rb_wire_error_body (error));

  g_test_summary ("Another domain's error is our bug; its text does not leave the process.");

  g_assert_cmpuint (rb_wire_error_status (error), ==, 500);
  g_assert_true (g_str_has_prefix (body, "{\"error\":\"internal_error\",\"message\":\""));
  g_assert_null (g_strstr_len (body, -1, "secret"));
}

static void
test_refusal (void)
{
  g_autofree char *bare = body_text (rb_wire_refusal_body ("unauthorized", NULL));
  g_autofree char *path = body_text (rb_wire_refusal_body ("not_found", "/a?b=\"c\""));

  g_assert_cmpstr (bare, ==, "{\"error\":\"unauthorized\"}");
  g_assert_cmpstr (path, ==, "{\"error\":\"not_found\",\"path\":\"/a?b=\\\"c\\\"\"}");
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/wire/errors/table", test_table);
  g_test_add_func ("/wire/errors/appendix", test_appendix);
  g_test_add_func ("/wire/errors/details", test_details);
  g_test_add_func ("/wire/errors/upstream", test_upstream);
  g_test_add_func ("/wire/errors/foreign", test_foreign);
  g_test_add_func ("/wire/errors/refusal", test_refusal);

  return g_test_run ();
}
