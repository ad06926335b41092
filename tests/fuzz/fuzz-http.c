/* fuzz-http.c: any answer at all to any call of the upstream's API
 *
 * The first byte chooses the call, the second one of the statuses below; the rest is the body.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-http-reader.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static const guint statuses[] = { 200, 201, 204, 302, 401, 403, 404, 409, 422, 429, 500, 503 };

static void
check_error (const GError *error)
{
  GVariant *details = rb_error_get_details (error);
  gint64 status = 0;

  g_assert_true (error->domain == RB_ERROR);
  g_assert_true (error->code == RB_ERROR_REJECTED || error->code == RB_ERROR_UNAVAILABLE);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_nonnull (details);
  g_assert_true (g_variant_lookup (details, "status", "x", &status));
  g_assert_cmpint (status, >=, 200);
}

static void
check_success (RbUpstreamCall      call,
               const RbHttpAnswer *answer)
{
  g_autoptr(GVariant) arguments = g_variant_ref_sink (g_variant_new_parsed ("{'undispatched_id': <'u1'>}"));
  g_autoptr(GError) error = NULL;
  GVariant *said = rb_http_reader_read (call, arguments, answer, &error);

  g_assert_true ((said != NULL) == (error == NULL));
  if (said == NULL)
    {
      check_error (error);
      return;
    }
  g_variant_ref_sink (said);
  g_assert_true (g_variant_is_of_type (said, G_VARIANT_TYPE_VARDICT));
  /* What was read can be written down and read again, so it may travel. */
  g_assert_cmpuint (g_variant_get_size (said), >=, 0);
  g_assert_true (g_variant_is_normal_form (said));
  g_variant_unref (said);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr(RbHttpAnswer) answer = NULL;
  g_autofree char *header = NULL;
  RbUpstreamCall call;

  if (size < 2)
    return 0;

  call = data[0] % RB_UPSTREAM_N_CALLS;
  answer = rb_http_answer_new (statuses[data[1] % G_N_ELEMENTS (statuses)], "Phrase");
  answer->body = g_bytes_new (data + 2, size - 2);
  header = g_strndup ((const char *) data + 2, size - 2);
  answer->retry_after_ms = rb_http_retry_after (header, 1767225600000);
  g_assert_cmpint (answer->retry_after_ms, >=, -1);
  rb_http_body_is_cut (answer->body);

  if (rb_http_route_succeeded (rb_http_route_of_call (call), answer->status))
    {
      check_success (call, answer);
    }
  else
    {
      g_autoptr(GError) error = rb_http_route_refusal (rb_http_route_of_call (call), answer);

      check_error (error);
    }
  return 0;
}
