/* test-values.c: envelopes, events, targets and backoff
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-backoff.h"
#include "rb-envelope.h"
#include "rb-error.h"
#include "rb-event.h"
#include "rb-target.h"

#include "rb-test.h"

#include <string.h>

static GBytes *
slice (const char *text)
{
  return g_bytes_new_static (text, strlen (text));
}

static void
test_envelope (void)
{
  g_autoptr(GBytes) content = slice ("\"hi\"");
  g_autoptr(GBytes) metadata = slice ("{\"a\":1}");
  g_autoptr(RbEnvelope) envelope = rb_envelope_new ("m1", "bob", NULL, content, "markdown", metadata);

  g_test_summary ("An envelope gives back what it was made of, the slices uncopied.");

  g_assert_cmpstr (rb_envelope_get_id (envelope), ==, "m1");
  g_assert_cmpstr (rb_envelope_get_from (envelope), ==, "bob");
  g_assert_null (rb_envelope_get_to (envelope));
  g_assert_cmpstr (rb_envelope_get_content_type (envelope), ==, "markdown");
  g_assert_true (rb_envelope_get_content (envelope) == content);
  g_assert_true (rb_envelope_get_metadata (envelope) == metadata);
  g_assert_cmpuint (rb_envelope_get_size (envelope), >=, strlen ("m1bobmarkdown\"hi\"{\"a\":1}"));
}

static void
test_envelope_defaults (void)
{
  g_autoptr(GBytes) content = slice ("\"\"");
  g_autoptr(RbEnvelope) envelope = rb_envelope_new (NULL, NULL, "carol", content, NULL, NULL);
  GBytes *metadata = rb_envelope_get_metadata (envelope);

  g_test_summary ("Without a content type it is text, without metadata these are {}.");

  g_assert_null (rb_envelope_get_id (envelope));
  g_assert_null (rb_envelope_get_from (envelope));
  g_assert_cmpstr (rb_envelope_get_to (envelope), ==, "carol");
  g_assert_cmpstr (rb_envelope_get_content_type (envelope), ==, "text");
  g_assert_cmpmem (g_bytes_get_data (metadata, NULL), g_bytes_get_size (metadata), "{}", 2);
}

static void
test_envelope_variants (void)
{
  g_autoptr(GBytes) content = slice ("\"hi\"");
  g_autoptr(GBytes) metadata = slice ("{\"a\":1}");
  g_autoptr(RbEnvelope) envelope = rb_envelope_new ("m1", "bob", "carol", content, NULL, NULL);
  g_autoptr(RbEnvelope) with_id = rb_envelope_with_id (envelope, "m2");
  g_autoptr(RbEnvelope) with_metadata = rb_envelope_with_metadata (with_id, metadata);

  g_test_summary ("A changed copy shares the slices and outlives its original.");

  g_clear_pointer (&envelope, rb_envelope_unref);
  g_clear_pointer (&with_id, rb_envelope_unref);
  g_assert_cmpstr (rb_envelope_get_id (with_metadata), ==, "m2");
  g_assert_cmpstr (rb_envelope_get_from (with_metadata), ==, "bob");
  g_assert_cmpstr (rb_envelope_get_to (with_metadata), ==, "carol");
  g_assert_true (rb_envelope_get_content (with_metadata) == content);
  g_assert_true (rb_envelope_get_metadata (with_metadata) == metadata);
}

static void
test_event (void)
{
  g_autoptr(GBytes) payload = slice ("{}");
  g_autoptr(RbEvent) event = rb_event_new (RB_EVENT_PROCESSING_STATE, "as1", payload);
  g_autoptr(RbEvent) boxed = g_boxed_copy (RB_TYPE_EVENT, event);

  g_test_summary ("An event is counted, not copied, and knows its name.");

  g_assert_true (boxed == event);
  g_assert_cmpint (rb_event_get_kind (event), ==, RB_EVENT_PROCESSING_STATE);
  g_assert_cmpstr (rb_event_get_subject (event), ==, "as1");
  g_assert_true (rb_event_get_payload (event) == payload);
  for (int i = RB_EVENT_UNDISPATCHED_CHANGED; i <= RB_EVENT_ENDPOINT_STATE; i++)
    g_assert_nonnull (rb_event_kind_to_string ((RbEventKind) i));
}

#define KIND "\"kind\":\"projection_endpoint\","
#define ENDPOINT "\"projection_endpoint_id\":\"ep_1\","
#define RESIDENT "\"background_exchange_mode\":\"resident_endpoint\""
#define MANAGED "\"background_exchange_mode\":\"adapter_managed_turn\""

static RbTarget *
read_target (const char  *text,
             GError     **error)
{
  g_autoptr(GBytes) bytes = slice (text);
  g_autoptr(GError) parse_error = NULL;
  g_autoptr(RbJson) json = rb_json_parse (bytes, 0, &parse_error);

  g_assert_no_error (parse_error);
  return rb_target_from_json (json, error);
}

static void
test_target_refuses (void)
{
  static const char *const texts[] = {
    "[]",
    "{}",
    "{" KIND RESIDENT "}",
    "{" ENDPOINT RESIDENT "}",
    "{" KIND ENDPOINT "\"background_exchange_mode\":\"other\"}",
    "{" KIND ENDPOINT "\"background_exchange_mode\":7}",
    "{\"kind\":\"endpoint\"," ENDPOINT RESIDENT "}",
    "{" KIND "\"projection_endpoint_id\":\"\"," RESIDENT "}",
    "{" KIND "\"projection_endpoint_id\":1," RESIDENT "}",
    "{" KIND ENDPOINT RESIDENT ",\"runtime_session_id\":\"s\"}",
    "{" KIND ENDPOINT RESIDENT ",\"runtime_session_id\":null}",
    "{" KIND ENDPOINT MANAGED "}",
    "{" KIND ENDPOINT MANAGED ",\"runtime_session_id\":\" \\u00a0\"}",
    "{" KIND ENDPOINT MANAGED ",\"runtime_session_id\":5}",
  };

  g_test_summary ("A target_ref that is not exactly one of the two variants is refused.");

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(RbTarget) target = read_target (texts[i], &error);

      g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
      g_assert_cmpstr (rb_error_get_reason (error), ==, "invalid_target_ref");
      g_assert_null (target);
    }
}

static void
test_target_round_trip (void)
{
  static const char *const texts[] = {
    "{" KIND ENDPOINT RESIDENT "}",
    "{" KIND ENDPOINT "\"runtime_session_id\":\"s 1\"," MANAGED "}",
  };

  g_test_summary ("A target_ref that was read is written the same.");

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(RbTarget) target = read_target (texts[i], &error);
      g_autoptr(RbTarget) copy = rb_target_copy (target);
      g_autofree char *text = NULL;
      RbJsonWriter *writer = rb_json_writer_new ();

      g_assert_no_error (error);
      g_assert_true (rb_target_equal (target, copy));
      rb_target_write (copy, writer, NULL);
      text = rb_json_writer_end_text (writer);
      g_assert_cmpstr (text, ==, texts[i]);
    }
}

static void
test_target_variant (void)
{
  static const char *const invalid[] = {
    "{'kind': <'other'>, 'projection_endpoint_id': <'ep_1'>, 'background_exchange_mode': <'resident_endpoint'>}",
    "{'kind': <'projection_endpoint'>, 'projection_endpoint_id': <''>, 'background_exchange_mode': <'resident_endpoint'>}",
    "{'kind': <'projection_endpoint'>, 'projection_endpoint_id': <7>, 'background_exchange_mode': <'resident_endpoint'>}",
    "{'kind': <'projection_endpoint'>, 'projection_endpoint_id': <'ep_1'>}",
    "{'kind': <'projection_endpoint'>, 'projection_endpoint_id': <'ep_1'>, 'background_exchange_mode': <'resident_endpoint'>, "
    "'runtime_session_id': <7>}",
    "{'kind': <'projection_endpoint'>, 'projection_endpoint_id': <'ep_1'>, 'background_exchange_mode': <'adapter_managed_turn'>}",
  };
  g_autoptr(RbTarget) target = rb_target_new ("ep_1", RB_TARGET_ADAPTER_MANAGED_TURN, "a");
  g_autoptr(GVariant) dictionary = g_variant_ref_sink (rb_target_to_variant (target));
  g_autoptr(RbTarget) read = rb_target_from_variant (dictionary, NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("As a dictionary a target_ref is what it is as JSON, and refused for the same reasons.");

  g_assert_true (rb_target_equal (target, read));
  for (size_t i = 0; i < G_N_ELEMENTS (invalid); i++)
    {
      g_autoptr(GVariant) parsed = g_variant_ref_sink (g_variant_new_parsed (invalid[i]));

      g_assert_null (rb_target_from_variant (parsed, &error));
      g_assert_cmpstr (rb_error_get_reason (error), ==, "invalid_target_ref");
      g_clear_error (&error);
    }
  g_assert_null (rb_target_from_variant (NULL, NULL));
}

static void
test_target_equal (void)
{
  g_autoptr(RbTarget) resident = rb_target_new ("ep_1", RB_TARGET_RESIDENT_ENDPOINT, NULL);
  g_autoptr(RbTarget) other = rb_target_new ("ep_2", RB_TARGET_RESIDENT_ENDPOINT, NULL);
  g_autoptr(RbTarget) session_a = rb_target_new ("ep_1", RB_TARGET_ADAPTER_MANAGED_TURN, "a");
  g_autoptr(RbTarget) session_b = rb_target_new ("ep_1", RB_TARGET_ADAPTER_MANAGED_TURN, "b");

  g_test_summary ("Targets are equal when endpoint, mode and session are.");

  g_assert_true (rb_target_equal (resident, resident));
  g_assert_true (rb_target_equal (NULL, NULL));
  g_assert_false (rb_target_equal (resident, NULL));
  g_assert_false (rb_target_equal (resident, other));
  g_assert_false (rb_target_equal (resident, session_a));
  g_assert_false (rb_target_equal (session_a, session_b));
  g_assert_false (rb_target_mode_from_string (NULL, &resident->mode));
}

static void
test_backoff_doubles (void)
{
  static const gint64 expected[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
  RbBackoff backoff;

  g_test_summary ("Delays double up to the cap and start again after a reset.");

  rb_backoff_init (&backoff, 1000, 30000);
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpint (rb_backoff_next (&backoff), ==, expected[i]);
  rb_backoff_reset (&backoff);
  g_assert_cmpint (rb_backoff_next (&backoff), ==, 1000);

  rb_backoff_init (&backoff, 1, G_MAXINT64);
  for (int i = 0; i < 200; i++)
    g_assert_cmpint (rb_backoff_next (&backoff), >, 0);
  g_assert_cmpint (rb_backoff_next (&backoff), ==, G_MAXINT64);
}

static void
test_backoff_jitter (void)
{
  RbBackoff backoff;

  g_test_summary ("Jitter stretches by up to 1.3, never past the cap, and does not add up.");

  rb_backoff_init (&backoff, 1000, 30000);
  g_assert_cmpint (rb_backoff_next_jittered (&backoff, 0.0), ==, 1000);
  g_assert_cmpint (rb_backoff_next_jittered (&backoff, 0.5), ==, 2300);
  g_assert_cmpint (rb_backoff_next_jittered (&backoff, 0.999), <, 5200);
  for (int i = 0; i < 10; i++)
    g_assert_cmpint (rb_backoff_next_jittered (&backoff, 0.999), <=, 30000);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/envelope/parts", test_envelope);
  g_test_add_func ("/envelope/defaults", test_envelope_defaults);
  g_test_add_func ("/envelope/variants", test_envelope_variants);
  g_test_add_func ("/event/parts", test_event);
  g_test_add_func ("/target/refuses", test_target_refuses);
  g_test_add_func ("/target/round-trip", test_target_round_trip);
  g_test_add_func ("/target/variant", test_target_variant);
  g_test_add_func ("/target/equal", test_target_equal);
  g_test_add_func ("/backoff/doubles", test_backoff_doubles);
  g_test_add_func ("/backoff/jitter", test_backoff_jitter);
  return g_test_run ();
}
