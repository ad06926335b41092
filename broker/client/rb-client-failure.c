/* rb-client-failure.c: error envelopes and broken connections as GError
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-failure.h"

#include "rb-error.h"

#include <glib/gi18n-lib.h>
#include <gio/gio.h>
#include <string.h>

static const struct {
  guint   status;
  RbError code;
} statuses[] = {
  { 400, RB_ERROR_INVALID },       { 401, RB_ERROR_UNAUTHORIZED }, { 403, RB_ERROR_FORBIDDEN },
  { 404, RB_ERROR_NOT_FOUND },     { 405, RB_ERROR_INVALID },      { 409, RB_ERROR_BAD_STATE },
  { 413, RB_ERROR_TOO_LARGE },     { 422, RB_ERROR_UNPROCESSABLE }, { 500, RB_ERROR_INTERNAL },
  { 502, RB_ERROR_REJECTED },      { 503, RB_ERROR_UNAVAILABLE },
};

/* 503s that are not an invitation to try again */
static const char *const unknown_outcomes[] = { "connector_send_outcome_unknown", "runtime_self_claim_outcome_unknown", NULL };

/* What waits for a full disk is done when there is room: what has no id that the broker knows again must not be asked for twice. */
static gboolean
is_pending (const char   *reason,
            const RbJson *body)
{
  gboolean is_retryable = TRUE;

  return g_str_equal (reason, "storage_unavailable") && rb_json_get_optional_boolean (body, "retryable", TRUE, &is_retryable, NULL) && !is_retryable;
}

static RbError
code_for (guint         status,
          const char   *reason,
          const RbJson *body)
{
  if (reason != NULL && (g_strv_contains (unknown_outcomes, reason) || is_pending (reason, body)))
    return RB_ERROR_OUTCOME_UNKNOWN;
  for (gsize i = 0; i < G_N_ELEMENTS (statuses); i++)
    if (statuses[i].status == status)
      return statuses[i].code;
  return status >= 500 ? RB_ERROR_UNAVAILABLE : RB_ERROR_REJECTED;
}

static GVariant *
read_detail (const RbJson *body,
             const char   *name)
{
  RbJsonType type = rb_json_get_member_type (body, name);
  g_autofree char *text = NULL;
  gboolean flag = FALSE;
  gint64 number = 0;

  if (type == RB_JSON_STRING)
    text = rb_json_peek_string (body, name);
  if (text != NULL)
    return g_variant_new_string (text);
  if (type == RB_JSON_BOOLEAN && rb_json_get_optional_boolean (body, name, FALSE, &flag, NULL))
    return g_variant_new_boolean (flag);
  if (type == RB_JSON_NUMBER && rb_json_get_int (body, name, &number, NULL))
    return g_variant_new_int64 (number);
  return NULL;
}

static void
add_details (GError       *error,
             const RbJson *body)
{
  for (guint i = 0; i < rb_json_get_length (body); i++)
    {
      g_autofree char *name = rb_json_dup_member_name (body, i);
      GVariant *value;

      if (name == NULL || g_str_equal (name, "error") || g_str_equal (name, "message"))
        continue;
      value = read_detail (body, name);
      if (value != NULL)
        rb_error_add_detail (error, name, value);
    }
}

/* What an envelope says whose broker gave no text; NULL: nothing of its own. @category: of assignment failures. Source: protocol.md 21.8. */
static const char *
default_text (const char *reason,
              const char *category)
{
  static const struct {
    const char *reason;
    const char *category;   /* "": any, if there is one; NULL: none is asked for */
    const char *text;
  } texts[] = {
    { "runtime_assignment_unknown", "reply_handle_stale", "Runtime assignment reply handle is stale" },
    { "runtime_processing_state_rejected", "", "Runtime processing state was not accepted" },
    { "runtime_reply_request_rejected", "", "Runtime processing state was not accepted" },
    { "connector_unavailable", NULL, "Connector unavailable" },
    { "connector_send_outcome_unknown", NULL, "Connector send outcome unknown" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (g_strcmp0 (reason, texts[i].reason) == 0 &&
        (texts[i].category == NULL || (category != NULL && (*texts[i].category == '\0' || strcmp (category, texts[i].category) == 0))))
      return texts[i].text;
  return NULL;
}

GError *
rb_client_error_from_answer (guint         status,
                             const RbJson *body,
                             const char   *method,
                             const char   *path)
{
  gboolean is_envelope = body != NULL && rb_json_get_root_type (body) == RB_JSON_OBJECT;
  g_autofree char *reason = is_envelope ? rb_json_peek_string (body, "error") : NULL;
  g_autofree char *message = is_envelope ? rb_json_peek_string (body, "message") : NULL;
  g_autofree char *category = is_envelope ? rb_json_peek_string (body, "assignment_failure_category") : NULL;
  const char *text = message != NULL && *message != '\0' ? message : default_text (reason, category);
  GError *error;

  if (text != NULL)
    error = rb_error_new (code_for (status, reason, body), reason, "%s", text);
  else
    error = rb_error_new (code_for (status, reason, body), reason, "broker %s %s failed: %u %s", method, path, status,
                          reason != NULL ? reason : "");
  if (is_envelope)
    add_details (error, body);
  return error;
}

/* The request cannot have reached anybody. */
static gboolean
was_never_sent (const GError *cause)
{
  static const int codes[] = { G_IO_ERROR_CONNECTION_REFUSED, G_IO_ERROR_NOT_FOUND, G_IO_ERROR_HOST_UNREACHABLE,
                               G_IO_ERROR_NETWORK_UNREACHABLE, G_IO_ERROR_PERMISSION_DENIED, G_IO_ERROR_HOST_NOT_FOUND };

  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    if (g_error_matches (cause, G_IO_ERROR, codes[i]))
      return TRUE;
  return FALSE;
}

GError *
rb_client_error_from_transport (const GError *cause,
                                gboolean      repeatable)
{
  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED) || cause->domain == RB_ERROR)
    return g_error_copy (cause);

  if (was_never_sent (cause))
    return rb_error_new (RB_ERROR_UNAVAILABLE, "broker_unreachable", _ ("the broker cannot be reached: %s"), cause->message);
  if (repeatable)
    return rb_error_new (RB_ERROR_UNAVAILABLE, "broker_connection_lost", _ ("the connection to the broker broke: %s"),
                         cause->message);
  return rb_error_new (RB_ERROR_OUTCOME_UNKNOWN, "broker_connection_lost",
                       _ ("the connection to the broker broke before its answer: %s"), cause->message);
}
