/* test-send-error.c: how a connector's failure reads on the wire
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-send-error.h"
#include "rb-test.h"

/* Source: protocol.md 8.3, errors of step 4, IMP-25. */

typedef struct {
  const char *path;
  RbError     cause;
  const char *cause_reason;
  RbError     code;
  const char *reason;
  const char *connector_code;   /* NULL: none is said */
  int         retryable;        /* -1: none is said */
} Row;

static const Row rows[] = {
  { "/send-error/unavailable", RB_ERROR_UNAVAILABLE, "recipient_mailbox_full", RB_ERROR_UNAVAILABLE, "connector_unavailable",
    "recipient_mailbox_full", TRUE },
  { "/send-error/unavailable-in-its-own-words", RB_ERROR_UNAVAILABLE, "connector_unavailable", RB_ERROR_UNAVAILABLE,
    "connector_unavailable", NULL, TRUE },
  { "/send-error/outcome-unknown", RB_ERROR_OUTCOME_UNKNOWN, NULL, RB_ERROR_OUTCOME_UNKNOWN, "connector_send_outcome_unknown", NULL, FALSE },
  { "/send-error/deadline-is-outcome-unknown", RB_ERROR_TIMED_OUT, NULL, RB_ERROR_OUTCOME_UNKNOWN, "connector_send_outcome_unknown",
    NULL, FALSE },
  { "/send-error/rejected", RB_ERROR_REJECTED, "unknown_recipient", RB_ERROR_REJECTED, "connector_rejected", "unknown_recipient", -1 },
};

/* protocol.md 20.3 item 12. */
static void
test_row (gconstpointer data)
{
  const Row *row = data;
  g_autoptr(GError) cause = rb_error_new (row->cause, row->cause_reason, "the cause");
  g_autoptr(GError) answer = rb_send_error_new (cause, "bob@local");
  GVariant *details = rb_error_get_details (answer);
  const char *text = NULL;
  gboolean retryable;

  g_test_summary ("Adapters get one of three words by the kind of failure, and the connector's own word beside it.");

  g_assert_error (answer, RB_ERROR, (int) row->code);
  g_assert_cmpstr (rb_error_get_reason (answer), ==, row->reason);
  g_assert_cmpstr (answer->message, ==, "the cause");
  g_assert_true (g_variant_lookup (details, "to", "&s", &text));
  g_assert_cmpstr (text, ==, "bob@local");

  text = NULL;
  g_variant_lookup (details, "connector_code", "&s", &text);
  g_assert_cmpstr (text, ==, row->connector_code);
  if (g_variant_lookup (details, "retryable", "b", &retryable))
    g_assert_cmpint (retryable, ==, row->retryable);
  else
    g_assert_cmpint (row->retryable, ==, -1);
}

static void
test_details (void)
{
  g_autoptr(GError) cause = rb_error_new (RB_ERROR_REJECTED, "unknown_recipient", "the cause");
  g_autoptr(GError) answer = NULL;
  const char *text = NULL;

  g_test_summary ("What the connector said in details wins over what we would say.");

  rb_error_add_detail (cause, "connector_code", g_variant_new_string ("E42"));
  rb_error_add_detail (cause, "to", g_variant_new_string ("bob"));
  answer = rb_send_error_new (cause, NULL);
  g_assert_true (g_variant_lookup (rb_error_get_details (answer), "connector_code", "&s", &text));
  g_assert_cmpstr (text, ==, "E42");
  g_assert_true (g_variant_lookup (rb_error_get_details (answer), "to", "&s", &text));
  g_assert_cmpstr (text, ==, "bob");
}

static void
test_bug (void)
{
  g_autoptr(GError) cause = g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_FAILED, "not of our domain");
  g_autoptr(GError) answer = rb_send_error_new (cause, "bob@local");

  g_test_summary ("An error of no such kind stays what it is.");

  g_assert_error (answer, G_FILE_ERROR, G_FILE_ERROR_FAILED);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_test_add_data_func (rows[i].path, &rows[i], test_row);
  g_test_add_func ("/send-error/details", test_details);
  g_test_add_func ("/send-error/another-kind", test_bug);
  return g_test_run ();
}
