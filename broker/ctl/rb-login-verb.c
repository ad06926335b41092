/* rb-login-verb.c: brokerctl login, logout: where the account's credentials are kept
 *
 * The daemon's program judges, keeps and finds them, as it does at a start. Here a person is asked, and told. A secret goes from a file or
 * the terminal to that program's standard input, and nowhere else.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-follow.h"
#include "rb-json-writer.h"
#include "rb-program.h"
#include "rb-secret-prompt.h"
#include "rb-verb.h"
#include "rb-view.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_MS 660000   /* longer than any broker.keyring-timeout-ms: the program itself knows when to give up */

static struct {
  char    *file;
  char    *to_file;
  gboolean status;
} wanted;

static const GOptionEntry options[] = {
  { "file", 'f', 0, G_OPTION_ARG_FILENAME, &wanted.file, N_ ("Read the credentials from this file"), N_ ("FILE") },
  { "to-file", 0, 0, G_OPTION_ARG_FILENAME, &wanted.to_file, N_ ("Keep them in this file, and not in the keyring"), N_ ("FILE") },
  { "status", 's', 0, G_OPTION_ARG_NONE, &wanted.status, N_ ("Show what the next start would use"), NULL },
  { NULL },
};

static const struct {
  const char *reason;
  RbExitCode  code;
} reason_codes[] = {
  { "not_logged_in", RB_EXIT_NOT_FOUND },
  { "keyring_timeout", RB_EXIT_TIMED_OUT },
};

/* Takes the answers. */
static GBytes *
make_credentials (const char *account,
                  char       *url,
                  char       *host,
                  char       *token)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  char *text;

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_begin_object (writer, "accounts");
  rb_json_writer_begin_object (writer, account);
  rb_json_writer_string (writer, "connectorUrl", url);
  rb_json_writer_string (writer, "token", token);
  if (*host != '\0')
    rb_json_writer_string (writer, "apiHost", host);
  rb_json_writer_end_object (writer);
  rb_json_writer_end_object (writer);
  rb_json_writer_end_object (writer);
  text = rb_json_writer_end_text (writer);
  rb_secret_prompt_free (token);
  g_free (url);
  g_free (host);
  return g_bytes_new_with_free_func (text, strlen (text), (GDestroyNotify) rb_secret_prompt_free, text);
}

/* NULL: the person does not want to. */
static GBytes *
ask_person (const char *account)
{
  g_autofree char *url = rb_secret_prompt_ask (_ ("Connector URL"), FALSE);
  g_autofree char *host = url != NULL ? rb_secret_prompt_ask (_ ("API host (empty: the usual one)"), FALSE) : NULL;
  char *token = host != NULL ? rb_secret_prompt_ask (_ ("Token (is not shown)"), TRUE) : NULL;

  if (token == NULL)
    return NULL;
  return make_credentials (account, g_steal_pointer (&url), g_steal_pointer (&host), token);
}

/* The answer, or NULL with the reason printed and *@code set. */
static RbJson *
ask_program (RbCtl        *ctl,
             RbProgramRun *run,
             RbExitCode   *code)
{
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) text = NULL;
  g_autoptr(RbJson) answer = NULL;
  g_autofree char *problem = NULL;
  g_autofree char *reason = NULL;

  run->timeout_ms = TIMEOUT_MS;
  if (rb_program_run (ctl, run, &output, &errors, &error) < 0)
    {
      *code = rb_ctl_fail (error);
      return NULL;
    }
  text = g_bytes_new (output, strlen (output));
  answer = rb_json_parse_object (text, 0, NULL);
  problem = answer != NULL ? rb_view_dup_text (answer, "error") : g_strdup (*errors != '\0' ? g_strstrip (errors) : "'runtime-brokerd' failed");
  if (problem == NULL)
    return g_steal_pointer (&answer);

  *code = RB_EXIT_FAILED;
  reason = answer != NULL ? rb_view_dup_text (answer, "reason") : NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (reason_codes); i++)
    if (g_strcmp0 (reason, reason_codes[i].reason) == 0)
      *code = reason_codes[i].code;
  rb_ctl_warn ("%s", problem);
  return NULL;
}

static void
print_stored (RbCtl        *ctl,
              const RbJson *answer)
{
  gboolean running = rb_follow_is_running (ctl);
  g_autofree char *file = rb_view_dup_text (answer, "file");
  g_autofree char *left = rb_view_dup_text (answer, "left");
  g_autofree char *account = rb_terminal_escape (ctl->options->account_id);
  g_autofree char *shown = file != NULL ? rb_terminal_escape (file) : NULL;

  if (ctl->json)
    {
      rb_follow_print_json (ctl, answer, running);
      return;
    }
  if (shown != NULL)
    /* TRANSLATORS: an account's id; the name of a file */
    rb_ctl_print (ctl, _ ("The credentials of account %s are in %s now, which only you can read.\n"), account, shown);
  else
    /* TRANSLATORS: an account's id */
    rb_ctl_print (ctl, _ ("The credentials of account %s are in your keyring now.\n"), account);
  if (left != NULL)
    /* TRANSLATORS: 'keyring' or the name of a file */
    rb_ctl_warn (_ ("those of the login before could not be removed: %s"), left);
  rb_follow_print (ctl, running);
}

static gboolean
has_problem (const RbJson *answer,
             RbCtl        *ctl)
{
  g_autoptr(RbJson) problems = rb_json_get_member_type (answer, "problems") == RB_JSON_ARRAY ? rb_json_open (answer, "problems", NULL) : NULL;
  guint n = problems != NULL ? rb_json_get_length (problems) : 0;

  for (guint i = 0; !ctl->json && i < n; i++)
    {
      g_autofree char *problem = rb_json_dup_item_string (problems, i, NULL);

      rb_ctl_warn ("%s", problem != NULL ? problem : "?");
    }
  return n > 0;
}

static RbExitCode
show_status (RbCtl *ctl)
{
  static const char *const arguments[] = { "--login", "status", NULL };
  RbProgramRun run = { .arguments = arguments };
  RbExitCode code = RB_EXIT_FAILED;
  g_autoptr(RbJson) answer = ask_program (ctl, &run, &code);
  g_autofree char *used = answer != NULL ? rb_view_dup_text (answer, "used") : NULL;
  g_autofree char *stored = answer != NULL ? rb_view_dup_text (answer, "stored") : NULL;
  g_autofree char *shown = used != NULL ? rb_terminal_escape (used) : NULL;

  if (answer == NULL)
    return code;
  if (ctl->json)
    rb_ctl_print_json (ctl, answer);
  else if (shown != NULL)
    /* TRANSLATORS: where from, such as 'keyring: account "default"' */
    rb_ctl_print (ctl, _ ("The next start uses the credentials of %s.\n"), shown);
  else
    rb_ctl_print (ctl, "%s\n", g_strcmp0 (stored, "nowhere") == 0 ? _ ("Nobody is logged in.") : _ ("A login is stored, but a start would not use it."));
  if (has_problem (answer, ctl))
    return RB_EXIT_FAILED;
  return used != NULL ? RB_EXIT_OK : RB_EXIT_NOT_FOUND;
}

static RbExitCode
store (RbCtl        *ctl,
       RbProgramRun *run)
{
  const char *arguments[] = { "--login", "store", wanted.to_file != NULL ? "--to-file" : NULL, wanted.to_file, NULL };
  RbExitCode code = RB_EXIT_FAILED;
  g_autoptr(RbJson) answer = NULL;

  run->arguments = arguments;
  answer = ask_program (ctl, run, &code);
  if (answer == NULL)
    return code;
  print_stored (ctl, answer);
  return RB_EXIT_OK;
}

static RbExitCode
store_file (RbCtl      *ctl,
            const char *path)
{
  RbProgramRun run = { .input_fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY) };
  RbExitCode code;

  if (run.input_fd < 0)
    {
      /* TRANSLATORS: the name of a file; why not */
      rb_ctl_warn (_ ("%s cannot be opened: %s"), path, g_strerror (errno));
      return RB_EXIT_FAILED;
    }
  code = store (ctl, &run);
  close (run.input_fd);
  return code;
}

static RbExitCode
store_asked (RbCtl *ctl)
{
  g_autoptr(GBytes) credentials = NULL;
  RbProgramRun run = { NULL };

  if (!rb_secret_prompt_can_ask ())
    {
      rb_ctl_warn (_ ("there is no terminal to ask on: give --file FILE, or '-' for standard input"));
      return RB_EXIT_USAGE;
    }
  credentials = ask_person (ctl->options->account_id);
  if (credentials == NULL)
    {
      rb_ctl_warn (_ ("nothing was changed"));
      return RB_EXIT_INTERRUPTED;
    }
  run.input = credentials;
  return store (ctl, &run);
}

static RbExitCode
run_login (RbCtl             *ctl,
           const char *const *args)
{
  RbProgramRun run = { .reads = TRUE };

  if (args[0] != NULL && (!g_str_equal (args[0], "-") || wanted.file != NULL))
    {
      rb_ctl_warn (_ ("login takes '-' or --file FILE, and never a token"));
      return RB_EXIT_USAGE;
    }
  if (wanted.status)
    return show_status (ctl);
  if (wanted.file != NULL)
    return store_file (ctl, wanted.file);
  return args[0] != NULL ? store (ctl, &run) : store_asked (ctl);
}

static RbExitCode
run_logout (RbCtl             *ctl,
            const char *const *args)
{
  static const char *const arguments[] = { "--login", "remove", NULL };
  RbProgramRun run = { .arguments = arguments };
  RbExitCode code = RB_EXIT_FAILED;
  g_autoptr(RbJson) answer = ask_program (ctl, &run, &code);
  g_autofree char *account = rb_terminal_escape (ctl->options->account_id);
  gboolean running;

  if (answer == NULL)
    return code;
  running = rb_follow_is_running (ctl);
  if (ctl->json)
    {
      rb_follow_print_json (ctl, answer, running);
      return RB_EXIT_OK;
    }
  /* TRANSLATORS: an account's id */
  rb_ctl_print (ctl, _ ("The login of account %s is gone.\n"), account);
  rb_follow_print (ctl, running);
  return RB_EXIT_OK;
}

const RbVerb rb_login_verb = {
  .name = "login",
  .summary = N_ ("Keep the credentials of the network in the keyring"),
  .usage = N_ ("[--file FILE | -] [--to-file FILE] | --status"),
  .details = N_ ("Asks for them, or reads FILE or ('-') standard input, which has the form of the credentials file: {\"accounts\": {\"default\": "
                 "{\"connectorUrl\": \"wss://...\", \"token\": \"...\"}}}. They are judged as a start would; then your keyring has them, or, only "
                 "if you say so with --to-file, a file that only you can read. From the next start on the profile is 'masons' by itself. A "
                 "credentials file named in the settings, and a credential of the service manager, weigh more.\n\n"
                 "With --status: what the next start would use, never the token; 0 when it would find credentials, 5 when there are none, 1 when "
                 "something is wrong with them, such as a locked keyring."),
  .options = options,
  .max_args = 1,
  .run = run_login,
};

const RbVerb rb_logout_verb = {
  .name = "logout",
  .summary = N_ ("Take the credentials out of the keyring again"),
  .usage = "",
  .details = N_ ("Or the file that 'login --to-file' made."),
  .run = run_logout,
};
