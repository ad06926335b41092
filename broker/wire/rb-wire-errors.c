/* rb-wire-errors.c: errors as adapters see them: a status and an envelope
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-wire-errors.h"

#include "rb-json-writer.h"

#define INTERNAL_TEXT "internal error; the broker's log has the cause"

/* The wire code is what an error without a reason of its own says. Clients match on these: add, never rename. */
static const struct {
  RbError     code;
  guint       status;
  const char *wire_code;
} error_map[] = {
  { RB_ERROR_INVALID, 400, "bad_request" },
  { RB_ERROR_UNAUTHORIZED, 401, "unauthorized" },
  { RB_ERROR_FORBIDDEN, 403, "forbidden" },
  { RB_ERROR_NOT_FOUND, 404, "not_found" },
  { RB_ERROR_BAD_STATE, 409, "bad_state" },
  { RB_ERROR_TOO_LARGE, 413, "body_too_large" },
  { RB_ERROR_UNPROCESSABLE, 422, "invalid_request" },
  { RB_ERROR_REJECTED, 502, "upstream_rejected" },
  { RB_ERROR_UNAVAILABLE, 503, "upstream_unavailable" },
  { RB_ERROR_OUTCOME_UNKNOWN, 503, "outcome_unknown" },
  { RB_ERROR_NOT_SUPPORTED, 503, "not_supported" },
  { RB_ERROR_TIMED_OUT, 503, "upstream_unavailable" },
  { RB_ERROR_CORRUPT, 503, "store_broken" },
  { RB_ERROR_INTERNAL, 500, "internal_error" },
};
G_STATIC_ASSERT (G_N_ELEMENTS (error_map) == RB_ERROR_N_CODES);

/* Codes whose status protocol.md gives otherwise than their kind of error would. */
static const struct {
  const char *reason;
  int         code;      /* an RbError, or -1 for any */
  guint       status;
} exceptions[] = {
  { "dispatch_failed", -1, 400 },
  { "method_not_allowed", -1, 405 },
  { "runtime_processing_state_rejected", RB_ERROR_REJECTED, 409 },
  { "runtime_reply_request_rejected", RB_ERROR_REJECTED, 409 },
  { "runtime_self_claim_assignment_projection_failed", RB_ERROR_REJECTED, 409 },
};

static gboolean
is_ours (const GError *error)
{
  return error->domain == RB_ERROR && error->code >= 0 && error->code < RB_ERROR_N_CODES;
}

/* An upstream's refusal carries the status that it answered with (10.5 row 7, IMP-18). */
static gboolean
upstream_status (const GError *error,
                 guint        *status)
{
  GVariant *details = rb_error_get_details (error);
  gint64 value;

  if (error->code != RB_ERROR_REJECTED || details == NULL || !g_variant_lookup (details, "status", "x", &value))
    return FALSE;
  if (value < 400 || value > 599)
    return FALSE;
  *status = (guint) value;
  return TRUE;
}

guint
rb_wire_error_status (const GError *error)
{
  const char *reason;
  guint status;

  g_return_val_if_fail (error != NULL, 500);

  if (!is_ours (error))
    return 500;

  reason = rb_error_get_reason (error);
  for (gsize i = 0; i < G_N_ELEMENTS (exceptions); i++)
    if (g_strcmp0 (exceptions[i].reason, reason) == 0 && (exceptions[i].code < 0 || exceptions[i].code == error->code))
      return exceptions[i].status;

  if (upstream_status (error, &status))
    return status;
  return error_map[error->code].status;
}

const char *
rb_wire_error_code (const GError *error)
{
  GVariant *details;
  const char *code;

  g_return_val_if_fail (error != NULL, "internal_error");

  if (!is_ours (error))
    return "internal_error";
  code = rb_error_get_reason (error);
  if (code != NULL)
    return code;
  details = rb_error_get_details (error);
  if (details != NULL && g_variant_lookup (details, "code", "&s", &code))
    return code;
  return error_map[error->code].wire_code;
}

/* "status" and "code" of an upstream became the status and the code of the answer. */
static gboolean
is_extra (const char *name)
{
  static const char *const taken[] = { "error", "message", "status", "code", NULL };

  return !g_strv_contains (taken, name);
}

static void
write_details (RbJsonWriter *writer,
               GVariant     *details)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, details);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    if (is_extra (name))
      rb_json_writer_variant (writer, name, value);
}

GBytes *
rb_wire_error_body (const GError *error)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  GVariant *details = is_ours (error) ? rb_error_get_details (error) : NULL;

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "error", rb_wire_error_code (error));
  rb_json_writer_string (writer, "message", is_ours (error) ? error->message : INTERNAL_TEXT);
  if (details != NULL)
    write_details (writer, details);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

GBytes *
rb_wire_refusal_body (const char *code,
                      const char *path)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "error", code);
  rb_json_writer_string (writer, "path", path);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}
