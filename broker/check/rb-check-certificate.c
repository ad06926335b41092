/* rb-check-certificate.c: the result of a run, for machines
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-check-certificate.h"

static const char *const count_names[RB_CHECK_N_COUNTS] = { "passed", "failed", "skipped", "expected-failure", "unexpected-pass" };

RbCheckCount
rb_check_outcome_to_count (const RbCheckOutcome *self)
{
  switch (self->result)
    {
    case RB_CHECK_PASS:
      return self->expected ? RB_CHECK_N_UNEXPECTED : RB_CHECK_N_PASSED;
    case RB_CHECK_FAIL:
      return self->expected ? RB_CHECK_N_EXPECTED : RB_CHECK_N_FAILED;
    case RB_CHECK_SKIP:
      return RB_CHECK_N_SKIPPED;
    }
  g_return_val_if_reached (RB_CHECK_N_FAILED);
}

const char *
rb_check_outcome_to_string (const RbCheckOutcome *self)
{
  return count_names[rb_check_outcome_to_count (self)];
}

static void
write_counts (RbJsonWriter *writer,
              GPtrArray    *outcomes)
{
  guint counts[RB_CHECK_N_COUNTS] = { 0 };

  for (guint i = 0; i < outcomes->len; i++)
    counts[rb_check_outcome_to_count (g_ptr_array_index (outcomes, i))]++;
  rb_json_writer_begin_object (writer, "counts");
  for (guint i = 0; i < RB_CHECK_N_COUNTS; i++)
    rb_json_writer_int (writer, count_names[i], counts[i]);
  rb_json_writer_end_object (writer);
}

static void
write_checks (RbJsonWriter *writer,
              GPtrArray    *outcomes)
{
  rb_json_writer_begin_array (writer, "checks");
  for (guint i = 0; i < outcomes->len; i++)
    {
      const RbCheckOutcome *outcome = g_ptr_array_index (outcomes, i);

      rb_json_writer_begin_object (writer, NULL);
      rb_json_writer_string (writer, "name", outcome->info->name);
      rb_json_writer_string (writer, "rule", outcome->info->rule);
      rb_json_writer_string (writer, "result", rb_check_outcome_to_string (outcome));
      rb_json_writer_int (writer, "ms", outcome->ms);
      rb_json_writer_string (writer, "reason", outcome->reason);
      rb_json_writer_end_object (writer);
    }
  rb_json_writer_end_array (writer);
}

static gboolean
is_good (GPtrArray *outcomes,
         gboolean   strict)
{
  for (guint i = 0; i < outcomes->len; i++)
    if (rb_check_outcome_is_bad (g_ptr_array_index (outcomes, i), strict))
      return FALSE;
  return TRUE;
}

char *
rb_check_certificate_make (const RbCheckOptions  *options,
                           const RbModuleInfo    *info,
                           GPtrArray             *outcomes,
                           gboolean               is_whole,
                           GError               **error)
{
  RbJsonWriter *writer;
  g_autofree char *contents = NULL;
  g_autofree char *sum = NULL;
  gsize length;

  if (!g_file_get_contents (options->module, &contents, &length, error))
    return NULL;
  sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) contents, length);

  writer = rb_json_writer_new ();
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_int (writer, "certificate", 1);
  rb_json_writer_string (writer, "module", info->name);
  rb_json_writer_string (writer, "kind", rb_module_kind_to_string (info->kind));
  rb_json_writer_string (writer, "version", info->version);
  rb_json_writer_int (writer, "abi", info->abi);
  rb_json_writer_string (writer, "file", options->module);
  rb_json_writer_string (writer, "sha256", sum);
  rb_json_writer_string (writer, "broker_version", RB_VERSION);
  rb_json_writer_iso (writer, "checked_at", g_get_real_time () / 1000);
  rb_json_writer_string (writer, "result", is_good (outcomes, options->strict) ? "passed" : "failed");
  /* Nothing was left out: no case by --only, none skipped for want of a partner, none excused. */
  rb_json_writer_boolean (writer, "complete", is_whole);
  write_counts (writer, outcomes);
  write_checks (writer, outcomes);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end_text (writer);
}
