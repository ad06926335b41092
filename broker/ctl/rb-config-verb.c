/* rb-config-verb.c: brokerctl config, env: what the broker was told, and what an SDK must be told
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-start.h"
#include "rb-config-set.h"
#include "rb-error.h"
#include "rb-verb.h"
#include "rb-view.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

static const RbViewColumn config_columns[] = {
  { { N_ ("GROUP"), 0 }, "group" },
  { { N_ ("KEY"), 0 }, "key" },
  { { N_ ("VALUE"), 10 }, "value" },
  { { N_ ("FROM"), 8 }, "origin" },
};

/* Variables that brokerctl, the daemon and SDKs read, and some that only help a person. */
static const struct {
  const char *member;
  const char *variable;
} variables[] = {
  { "account_id", "MASONS_BROKER_ACCOUNT_ID" },
  { "runtime_token", "MASONS_BROKER_RUNTIME_TOKEN" },
  { "data_dir", "MASONS_BROKER_USER_DATA" },
  { "ipc_url", "MASONS_BROKER_IPC_URL" },
  { "socket", "MASONS_BROKER_IPC_SOCKET" },
  { "bearer_token", "MASONS_BROKER_BEARER_TOKEN" },
  { "discovery_file", "MASONS_BROKER_DISCOVERY_FILE" },
};

/* Replaces this process by the daemon, which knows what a start would use. */
static RbExitCode
exec_daemon (RbCtl *ctl)
{
  g_autofree char *program = rb_client_start_dup_program (ctl->options);
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();

  if (program == NULL)
    {
      rb_ctl_warn (_ ("no broker is running and 'runtime-brokerd' was not found"));
      return RB_EXIT_NOT_RUNNING;
    }
  g_ptr_array_add (argv, program);
  g_ptr_array_add (argv, (char *) "--explain-config");
  if (ctl->json)
    g_ptr_array_add (argv, (char *) "--json");
  g_ptr_array_add (argv, NULL);
  g_setenv ("MASONS_BROKER_ACCOUNT_ID", ctl->options->account_id, TRUE);
  if (ctl->options->data_dir != NULL)
    g_setenv ("MASONS_BROKER_USER_DATA", ctl->options->data_dir, TRUE);
  if (!ctl->json)
    rb_ctl_warn (_ ("no broker is running; this is what the next start would use"));
  execv (program, (char **) argv->pdata);
  rb_ctl_warn (_ ("cannot run '%s'"), program);
  return RB_EXIT_NOT_RUNNING;
}

static RbExitCode
explain (RbCtl *ctl)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) view = rb_ctl_view (ctl, "config", &error);

  if (view != NULL)
    {
      rb_view_print_table (ctl, view, config_columns, G_N_ELEMENTS (config_columns), _ ("there is no setting\n"));
      return RB_EXIT_OK;
    }
  if (rb_ctl_get_exit_code (error) == RB_EXIT_NOT_RUNNING)
    return exec_daemon (ctl);
  return rb_ctl_fail (error);
}

static RbExitCode
run_config (RbCtl             *ctl,
            const char *const *args)
{
  static const struct {
    const char *word;
    guint       n_args;      /* behind it */
  } words[] = { { "explain", 0 }, { "set", 2 }, { "unset", 1 } };
  guint n_args = g_strv_length ((char **) args);
  const char *word = n_args > 0 ? args[0] : "explain";

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      if (!g_str_equal (words[i].word, word) || n_args > words[i].n_args + 1 || (n_args > 0 && n_args < words[i].n_args + 1))
        continue;
      return words[i].n_args == 0 ? explain (ctl) : rb_config_set_run (ctl, args[1], words[i].n_args > 1 ? args[2] : NULL);
    }
  rb_ctl_warn (_ ("config takes 'explain', 'set KEY VALUE' or 'unset KEY'"));
  return RB_EXIT_USAGE;
}

const RbVerb rb_config_verb = {
  .name = "config",
  .summary = N_ ("Show every setting and where it came from, or change one"),
  .usage = N_ ("[explain | set KEY VALUE | unset KEY]"),
  .details = N_ ("explain asks the running broker; without one, it shows what the next start would use.\n\n"
                 "set writes KEY, such as limits.inbox-cap, into your broker.conf, and unset takes it out; all else in that file stays as it is, comments "
                 "too. What a start would not accept is not written (exit status 2; 5 when there is no such KEY, or when unset does not find it). A broker "
                 "that runs goes on as it is until 'brokerctl restart'. A value that begins with '-' stands behind '--'."),
  .max_args = 3,
  .completes = "=explain|set|unset setting value",
  .run = run_config,
};

/* As a shell may read it; plain values stay plain, for those who are no shell. */
static char *
quote (const char *value)
{
  for (const char *p = value; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("_-+.,:/@%", *p) == NULL)
      return g_shell_quote (value);
  return *value != '\0' ? g_strdup (value) : g_strdup ("''");
}

static void
print_variables (RbCtl        *ctl,
                 const RbJson *view)
{
  for (gsize i = 0; i < G_N_ELEMENTS (variables); i++)
    {
      g_autofree char *value = rb_view_dup_text (view, variables[i].member);
      g_autofree char *quoted = value != NULL ? quote (value) : NULL;

      if (quoted != NULL)
        rb_ctl_print (ctl, "%s=%s\n", variables[i].variable, quoted);
    }
}

static RbExitCode
run_env (RbCtl             *ctl,
         const char *const *args)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) view = rb_ctl_view (ctl, "env", &error);

  if (view == NULL)
    return rb_ctl_fail (error);
  if (ctl->json)
    rb_ctl_print_json (ctl, view);
  else if (rb_json_get_root_type (view) == RB_JSON_OBJECT)
    print_variables (ctl, view);
  return RB_EXIT_OK;
}

const RbVerb rb_env_verb = {
  .name = "env",
  .summary = N_ ("Print what an SDK needs to attach"),
  .usage = "",
  .details = N_ ("For a shell: set -a; eval \"$(brokerctl env)\"; set +a. The tokens in it are secret."),
  .run = run_env,
};
