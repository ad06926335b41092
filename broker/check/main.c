/* main.c: rb-module-check: whether a module keeps the contract of its kind
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-check-certificate.h"
#include "rb-check-expected.h"

#include <stdio.h>

/* The word of TAP for it, which no other line of the tree has. */
#define TAP_EXPECTED " # TO" "DO an expected failure"

enum { EXIT_GOOD, EXIT_BAD, EXIT_USAGE, EXIT_NOT_LOADED };

static int
complain (GError *error,
          int     code)
{
  g_autoptr(GError) owned = error;

  g_printerr ("rb-module-check: %s\n", owned->message);
  return code;
}

static void
print_log (const char *log)
{
  g_auto(GStrv) lines = g_strsplit (log != NULL ? log : "", "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    if (*lines[i] != '\0')
      g_print ("# %s\n", lines[i]);
}

static void
print_outcome (const RbCheckOptions *options,
               const RbCheckOutcome *outcome,
               guint                 number)
{
  const char *name = outcome->info->name;

  if (outcome->result == RB_CHECK_SKIP)
    g_print ("ok %u - %s # SKIP %s\n", number, name, outcome->reason);
  else if (outcome->result == RB_CHECK_FAIL)
    g_print ("not ok %u - %s%s\n# %s\n# rule: %s\n", number, name, outcome->expected ? TAP_EXPECTED : "", outcome->reason,
             outcome->info->rule);
  else if (outcome->expected)
    g_print ("not ok %u - %s\n# It passes, and is listed as an expected failure: take it off the list\n", number, name);
  else
    g_print ("ok %u - %s # %" G_GINT64_FORMAT " ms\n", number, name, outcome->ms);
  if (outcome->result == RB_CHECK_FAIL || options->verbose)
    print_log (outcome->log);
  fflush (stdout);
}

static int
list_cases (GPtrArray *cases)
{
  for (guint i = 0; i < cases->len; i++)
    {
      const RbCheckCase *info = g_ptr_array_index (cases, i);

      g_print ("%-24s %s%s%s%s\n", info->name, info->rule, info->needs != NULL ? " [partner: " : "", info->needs != NULL ? info->needs : "",
               info->needs != NULL ? "]" : "");
    }
  return EXIT_GOOD;
}

static gboolean
is_chosen (const RbCheckOptions *options,
           const RbCheckCase    *info)
{
  return options->only == NULL || g_strv_contains ((const char *const *) options->only, info->name);
}

static GPtrArray *
run_all (const RbCheckOptions *options,
         const RbModuleInfo   *info,
         GPtrArray            *cases,
         GHashTable           *expected)
{
  GPtrArray *outcomes = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_check_outcome_free);

  for (guint i = 0; i < cases->len; i++)
    {
      const RbCheckCase *info_case = g_ptr_array_index (cases, i);
      RbCheckOutcome *outcome;

      if (!is_chosen (options, info_case))
        continue;
      outcome = rb_check_runner_run (options, info, info_case);
      outcome->expected = g_hash_table_contains (expected, info_case->name);
      g_ptr_array_add (outcomes, outcome);
      if (!options->json)
        print_outcome (options, outcome, outcomes->len);
    }
  return outcomes;
}

/* Returns whether the run is good. */
static gboolean
sum_up (const RbCheckOptions *options,
        GPtrArray            *outcomes,
        gboolean             *is_whole)
{
  guint counts[RB_CHECK_N_COUNTS] = { 0 };
  gboolean is_good = TRUE;

  for (guint i = 0; i < outcomes->len; i++)
    {
      const RbCheckOutcome *outcome = g_ptr_array_index (outcomes, i);

      counts[rb_check_outcome_to_count (outcome)]++;
      is_good = is_good && !rb_check_outcome_is_bad (outcome, options->strict);
    }
  *is_whole = options->only == NULL && counts[RB_CHECK_N_SKIPPED] == 0 && counts[RB_CHECK_N_EXPECTED] == 0;
  if (!options->json)
    g_print ("1..%u\n# %u passed, %u failed, %u skipped, %u failed as expected%s\n", outcomes->len, counts[RB_CHECK_N_PASSED],
             counts[RB_CHECK_N_FAILED] + counts[RB_CHECK_N_UNEXPECTED], counts[RB_CHECK_N_SKIPPED], counts[RB_CHECK_N_EXPECTED],
             *is_whole ? "" : "; not everything was checked");
  return is_good;
}

static int
run (const RbCheckOptions *options)
{
  g_autoptr(GError) error = NULL;
  const RbModuleInfo *info = rb_check_runner_load (options, &error);
  g_autoptr(GPtrArray) cases = NULL;
  g_autoptr(GPtrArray) outcomes = NULL;
  g_autoptr(GHashTable) expected = NULL;
  g_autofree char *text = NULL;
  gboolean is_good, is_whole;

  if (info == NULL)
    return complain (g_steal_pointer (&error), EXIT_NOT_LOADED);
  cases = rb_check_list_cases (info->kind);
  if (options->list)
    return list_cases (cases);
  expected = rb_check_expected_read (options, cases, &error);
  if (expected == NULL || !rb_check_expected_settings (options, info, &error))
    return complain (g_steal_pointer (&error), EXIT_USAGE);

  if (!options->json)
    g_print ("# %s %s %s, ABI %u, for runtime-broker %s\n", rb_module_kind_to_string (info->kind), info->name, info->version, info->abi, RB_VERSION);
  outcomes = run_all (options, info, cases, expected);
  is_good = sum_up (options, outcomes, &is_whole);
  text = rb_check_certificate_make (options, info, outcomes, is_whole, &error);
  if (text == NULL || (options->certificate != NULL && !g_file_set_contents (options->certificate, text, -1, &error)))
    return complain (g_steal_pointer (&error), EXIT_USAGE);
  if (options->json)
    g_print ("%s\n", text);
  return is_good ? EXIT_GOOD : EXIT_BAD;
}

int
main (int    argc,
      char **argv)
{
  g_auto(RbCheckOptions) options = { 0 };
  GError *error = NULL;

  if (!rb_check_options_parse (&options, &argc, &argv, &error))
    return complain (error, EXIT_USAGE);
  if (options.version)
    {
      g_print ("rb-module-check %s, modules of ABI %d\n", RB_VERSION, RB_MODULE_ABI);
      return EXIT_GOOD;
    }
  return run (&options);
}
