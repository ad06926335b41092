/* rb-verb-table.c: the verbs of brokerctl, and the codes it exits with
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-verb.h"

#include <glib/gi18n.h>

/* In the order of the help: one line for each row, which stands in the verb's own file. */
static const RbVerb *const verbs[] = {
  &rb_attach_verb,
  &rb_send_verb,
  &rb_status_verb,
  &rb_list_verb,
  &rb_inbox_verb,
  &rb_assignments_verb,
  &rb_needs_verb,
  &rb_dismiss_verb,
  &rb_dispatch_verb,
  &rb_held_verb,
  &rb_accept_verb,
  &rb_refuse_verb,
  &rb_policy_verb,
  &rb_claim_verb,
  &rb_settle_verb,
  &rb_monitor_verb,
  &rb_show_verb,
  &rb_spawns_verb,
  &rb_approve_verb,
  &rb_deny_verb,
  &rb_spawn_verb,
  &rb_runtimes_verb,
  &rb_stop_verb,
  &rb_logs_verb,
  &rb_explain_verb,
  &rb_search_verb,
  &rb_export_verb,
  &rb_outbox_verb,
  &rb_dead_letters_verb,
  &rb_retry_verb,
  &rb_modules_verb,
  &rb_open_verb,
  &rb_restart_verb,
  &rb_use_verb,
  &rb_config_verb,
  &rb_doctor_verb,
  &rb_login_verb,
  &rb_logout_verb,
  &rb_env_verb,
  &rb_demo_verb,
  &rb_version_verb,
  &rb_help_verb,
  &rb_complete_verb,
  NULL,
};

static const RbExitCodeInfo exit_codes[] = {
  { RB_EXIT_OK, N_ ("done") },
  { RB_EXIT_FAILED, N_ ("refused or failed; the reason is on standard error") },
  { RB_EXIT_USAGE, N_ ("wrong usage") },
  { RB_EXIT_NOT_RUNNING, N_ ("no broker runs, or it cannot be reached or started") },
  { RB_EXIT_TIMED_OUT, N_ ("timed out") },
  { RB_EXIT_NOT_FOUND, N_ ("not found") },
  { RB_EXIT_AMBIGUOUS, N_ ("a name or beginning that fits several; they are listed") },
  { RB_EXIT_OUTCOME_UNKNOWN, N_ ("it may or may not have happened") },
  { RB_EXIT_INTERRUPTED, N_ ("interrupted") },
  { 0, NULL },
};

const RbVerb *const *
rb_verbs_get (void)
{
  return verbs;
}

const RbVerb *
rb_verbs_lookup (const char *name)
{
  for (gsize i = 0; verbs[i] != NULL; i++)
    if (g_strcmp0 (verbs[i]->name, name) == 0)
      return verbs[i];
  return NULL;
}

const RbExitCodeInfo *
rb_verbs_get_exit_codes (void)
{
  return exit_codes;
}
