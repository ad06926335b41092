/* test-error.c: the error domain with reasons and details
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"

#include "rb-test.h"

static void
assert_full (const GError *error,
             const char   *message)
{
  GVariant *details = rb_error_get_details (error);
  gboolean retryable = FALSE;
  const char *category = NULL;

  g_assert_error (error, RB_ERROR, RB_ERROR_REJECTED);
  g_assert_cmpstr (error->message, ==, message);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "endpoint_not_active");
  g_assert_nonnull (details);
  g_assert_cmpuint (g_variant_n_children (details), ==, 2);
  g_assert_true (g_variant_lookup (details, "retryable", "b", &retryable));
  g_assert_true (retryable);
  g_assert_true (g_variant_lookup (details, "category", "&s", &category));
  g_assert_cmpstr (category, ==, "later");
}

static GError *
make_full (void)
{
  GError *error = rb_error_new (RB_ERROR_REJECTED, "endpoint_not_active", "Endpoint '%s' rests", "ep_1");

  rb_error_add_detail (error, "category", g_variant_new_string ("never"));
  rb_error_add_detail (error, "category", g_variant_new_string ("later"));
  rb_error_set_retryable (error, TRUE);
  return error;
}

static void
test_survives (void)
{
  g_autoptr(GError) error = make_full ();
  g_autoptr(GError) copy = NULL;
  g_autoptr(GError) propagated = NULL;

  g_test_summary ("Reason and details survive copying, propagating and prefixing.");

  assert_full (error, "Endpoint 'ep_1' rests");
  copy = g_error_copy (error);
  g_clear_error (&error);
  assert_full (copy, "Endpoint 'ep_1' rests");

  g_propagate_prefixed_error (&propagated, g_steal_pointer (&copy), "Send: ");
  g_prefix_error (&propagated, "Core: ");
  assert_full (propagated, "Core: Send: Endpoint 'ep_1' rests");
}

static void
test_copy_is_separate (void)
{
  g_autoptr(GError) error = make_full ();
  g_autoptr(GError) copy = g_error_copy (error);

  g_test_summary ("A detail added to a copy does not show in the original.");

  rb_error_add_detail (copy, "status", g_variant_new_int64 (409));
  assert_full (error, "Endpoint 'ep_1' rests");
  g_assert_cmpuint (g_variant_n_children (rb_error_get_details (copy)), ==, 3);
}

static void
test_plain (void)
{
  g_autoptr(GError) plain = g_error_new_literal (RB_ERROR, RB_ERROR_INVALID, "made by hand");
  g_autoptr(GError) foreign = g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_IO, "disk");

  g_test_summary ("An error without a reason, of another domain, or none at all has neither reason nor details.");

  g_assert_null (rb_error_get_reason (plain));
  g_assert_null (rb_error_get_details (plain));
  g_assert_null (rb_error_get_reason (foreign));
  g_assert_null (rb_error_get_details (foreign));
  g_assert_null (rb_error_get_reason (NULL));
  g_assert_null (rb_error_get_details (NULL));

  rb_error_add_detail (foreign, "a", g_variant_new_int64 (1));
  rb_error_set_retryable (foreign, TRUE);
  g_assert_null (rb_error_get_details (foreign));
}

static void
test_set (void)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("rb_set_error() does nothing where nobody wants the error.");

  rb_set_error (NULL, RB_ERROR_INVALID, "bad_request", "ignored");
  rb_set_error (&error, RB_ERROR_TOO_LARGE, NULL, "%d bytes", 12);
  g_assert_error (error, RB_ERROR, RB_ERROR_TOO_LARGE);
  g_assert_cmpstr (error->message, ==, "12 bytes");
  g_assert_null (rb_error_get_reason (error));
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/error/survives-copy-and-prefix", test_survives);
  g_test_add_func ("/error/copy-is-separate", test_copy_is_separate);
  g_test_add_func ("/error/plain", test_plain);
  g_test_add_func ("/error/set", test_set);
  return g_test_run ();
}
