/* rb-check-spawn-driver.c: what a spawn driver promises
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-check-case.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define TOKEN "token-of-the-check"
#define UNKNOWN "no-such-kind-of-runtime"

/* What {runtime} is: it writes down what it was given, then does what the case wants. */
static const char runtime_script[] =
  "#!/bin/sh\n"
  "cd '%s' || exit 9\n"
  "env >given.env\n"
  "printf '%%s\\n' \"$@\" >given.args\n"
  "case '%s' in\n"
  "  reads) cat >given.stdin ;;\n"
  "  ends) echo 'the last words'; echo $$ >started.new; mv started.new started; exit 7 ;;\n"
  "  stubborn) trap '' TERM INT HUP ;;\n"
  "esac\n"
  "sleep 60 &\n"
  "echo $! >child\n"
  "echo $$ >started.new && mv started.new started\n"
  "wait\n";

typedef struct {
  RbCheckRun    *run;
  RbSpawnDriver *driver;
  guint          n_exited;
  int            status;
  char          *token;
  GThread       *thread;
} Exits;

static void
exits_free (gpointer data)
{
  Exits *self = data;

  g_free (self->token);
  g_free (self);
}

static void
on_exited (RbSpawnDriver *driver,
           const char    *token,
           int            wait_status,
           const char    *output,
           Exits         *self)
{
  self->n_exited++;
  self->status = wait_status;
  self->thread = g_thread_self ();
  g_free (self->token);
  self->token = g_strdup (token);
}

static RbCheckSubject *
make (RbCheckRun  *run,
      Exits      **exits)
{
  g_autoptr(GHashTable) settings = rb_check_settings (run, NULL);
  RbCheckSubject *subject = rb_check_subject_new (run, "subject", settings);

  *exits = g_new0 (Exits, 1);
  rb_check_run_keep (run, *exits, exits_free);
  (*exits)->run = run;
  (*exits)->driver = RB_SPAWN_DRIVER (subject->module);
  rb_check_subject_configure (subject);
  g_signal_connect (subject->module, "exited", G_CALLBACK (on_exited), *exits);
  rb_check_subject_start (subject);
  return subject;
}

/* In a file of the case's directory; NULL: it is not there. */
static char *
read_file (RbCheckRun *run,
           const char *name)
{
  g_autofree char *path = g_build_filename (rb_check_run_get_directory (run), name, NULL);
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}

static void
write_runtime (RbCheckRun *run,
               const char *manner)
{
  const char *directory = rb_check_run_get_directory (run);
  g_autofree char *path = g_build_filename (directory, "runtime.sh", NULL);
  g_autofree char *text = g_strdup_printf (runtime_script, directory, manner);

  if (rb_check_run_get_options (run)->spawn_kind == NULL)
    rb_check_skip (run, "it needs --spawn-kind, and settings that make that kind start {runtime}");
  if (!g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL) || chmod (path, 0700) != 0)
    rb_check_fail (run, "'%s' cannot be written: %s", path, g_strerror (errno));
}

static gboolean
finish_spawn (RbCheckAnswer *answer,
              GObject       *source,
              GAsyncResult  *result)
{
  answer->pid = rb_spawn_driver_spawn_finish (RB_SPAWN_DRIVER (source), result, &answer->error);
  return answer->pid != 0;
}

static RbCheckAnswer *
spawn (RbCheckSubject *subject,
       const char     *kind,
       const char     *prompt,
       GCancellable   *cancellable)
{
  RbCheckAnswer *answer = rb_check_answer_new (subject->run, "spawn", finish_spawn);
  RbSpawnRequest request = { .kind = kind, .prompt = prompt, .token = TOKEN };
  gint64 before = g_get_monotonic_time ();

  rb_spawn_driver_spawn_async (RB_SPAWN_DRIVER (subject->module), &request, cancellable, rb_check_answer_callback, answer);
  answer->inside_us = g_get_monotonic_time () - before;
  return answer;
}

static gboolean
has_started (RbCheckRun *run)
{
  g_autofree char *started = read_file (run, "started");

  return started != NULL;
}

/* Starts a runtime of that manner, and waits until it runs. */
static RbCheckSubject *
start (RbCheckRun  *run,
       const char  *manner,
       const char  *prompt,
       Exits      **exits)
{
  RbCheckSubject *subject;
  RbCheckAnswer *answer;

  write_runtime (run, manner);
  subject = make (run, exits);
  answer = spawn (subject, rb_check_run_get_options (run)->spawn_kind, prompt, NULL);
  rb_check_answer_succeed (answer);
  rb_check_answer_contract (answer);
  rb_check_that (run, answer->thread == g_thread_self (), "'spawn' was answered on another thread than the main one");
  rb_check_that (run, answer->inside_us < G_TIME_SPAN_SECOND / 2, "'spawn_async' held the main loop for %d ms", (int) (answer->inside_us / 1000));
  rb_check_until (run, has_started (run), "It said that the runtime runs, and it does not");
  return subject;
}

static GPid
read_pid (RbCheckRun *run,
          const char *name)
{
  g_autofree char *text = read_file (run, name);

  return text != NULL ? (GPid) g_ascii_strtoll (text, NULL, 10) : 0;
}

/* One that ended and was not waited for counts as gone. */
static gboolean
is_running (GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid);
  g_autofree char *text = NULL;
  const char *state;

  if (pid <= 0 || !g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  state = strrchr (text, ')');
  return state != NULL && state[2] != 'Z' && state[2] != 'X';
}

static void
check_kinds (RbCheckRun     *run,
             RbCheckNetwork *network)
{
  const char *kind = rb_check_run_get_options (run)->spawn_kind;
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) refusal = NULL;
  RbCheckSubject *subject;
  Exits *exits;

  write_runtime (run, "stays");
  subject = make (run, &exits);
  rb_check_that (run, rb_spawn_driver_handles (exits->driver, kind), "It does not handle the kind '%s'", kind);
  rb_check_that (run, !rb_spawn_driver_handles (exits->driver, UNKNOWN), "It handles a kind that nobody knows");
  rb_check_that (run, rb_spawn_driver_is_available (exits->driver, kind, &error), "'%s' is not available: %s", kind,
                 error != NULL ? error->message : "without an error");
  rb_check_that (run, error == NULL, "'is_available' is true and sets an error");
  rb_check_that (run, !rb_spawn_driver_is_available (exits->driver, UNKNOWN, &refusal), "A kind that it does not handle is available");
  rb_check_that (run, refusal != NULL, "'is_available' is false without an error");
  rb_check_that (run, refusal->domain == RB_ERROR, "'is_available' fails with an error of another domain than RB_ERROR");
  rb_check_subject_stop (subject);
}

static void
check_unknown (RbCheckRun     *run,
               RbCheckNetwork *network)
{
  Exits *exits;
  RbCheckSubject *subject;
  RbCheckAnswer *answer;

  write_runtime (run, "ends");
  subject = make (run, &exits);
  answer = spawn (subject, UNKNOWN, "prompt", NULL);
  rb_check_answer_wait (answer);
  rb_check_turn (run, 50);
  rb_check_answer_contract (answer);
  rb_check_that (run, !answer->ok, "A kind that it does not handle was started");
  rb_check_that (run, exits->n_exited == 0, "It told the end of what it never started");
}

static void
check_given (RbCheckRun     *run,
             RbCheckNetwork *network)
{
  Exits *exits;
  RbCheckSubject *subject = start (run, "stays", "say hello", &exits);
  g_autofree char *given = read_file (run, "given.env");

  rb_check_that (run, strstr (given, "MASONS_SPAWN_TOKEN=" TOKEN "\n") != NULL, "The runtime has no MASONS_SPAWN_TOKEN");
  rb_check_that (run, strstr (given, "check-token") == NULL, "The runtime has the account's secret in its environment");
  rb_spawn_driver_end (exits->driver, TOKEN, TRUE);
  rb_check_until (run, exits->n_exited > 0, "A runtime was ended by force, and its end is not told");
  rb_check_subject_stop (subject);
}

/* Somebody else wrote it. */
static void
check_prompt (RbCheckRun     *run,
              RbCheckNetwork *network)
{
  const char *directory = rb_check_run_get_directory (run);
  g_autofree char *prompt = g_strdup_printf ("--help $(touch %s/made) `touch %s/made`; touch %s/made", directory, directory, directory);
  Exits *exits;
  RbCheckSubject *subject = start (run, "reads", prompt, &exits);
  g_autofree char *arguments = read_file (run, "given.args");
  g_autofree char *input = read_file (run, "given.stdin");
  g_autofree char *environment = read_file (run, "given.env");
  g_autofree char *made = read_file (run, "made");

  rb_check_that (run, made == NULL, "A shell took the prompt for a command");
  rb_check_that (run, strstr (arguments, prompt) != NULL || (input != NULL && strstr (input, prompt) != NULL) || strstr (environment, prompt) != NULL,
                 "The prompt did not reach the runtime as it was");
  rb_check_that (run, !g_str_has_prefix (arguments, "--help"), "A prompt that begins with '-' is an option of the runtime");
  rb_spawn_driver_end (exits->driver, TOKEN, TRUE);
  rb_check_until (run, exits->n_exited > 0, "A runtime was ended by force, and its end is not told");
  rb_check_subject_stop (subject);
}

static void
check_exited (RbCheckRun     *run,
              RbCheckNetwork *network)
{
  Exits *exits;
  RbCheckSubject *subject = start (run, "ends", "prompt", &exits);
  g_autoptr(RbRuntime) runtime = NULL;

  rb_check_until (run, exits->n_exited > 0, "The runtime ended, and it is not told");
  rb_check_turn (run, 100);
  rb_check_that (run, exits->n_exited == 1, "The end of one runtime was told %u times", exits->n_exited);
  rb_check_that (run, g_strcmp0 (exits->token, TOKEN) == 0, "The end was told of the token '%s'", exits->token);
  rb_check_that (run, exits->thread == g_thread_self (), "The end was told on another thread than the main one");
  rb_check_that (run, exits->status == RB_SPAWN_STATUS_UNKNOWN || (WIFEXITED (exits->status) && WEXITSTATUS (exits->status) == 7),
                 "It ended with 7, and the wait status is %d", exits->status);
  runtime = rb_spawn_driver_dup_runtime (exits->driver, TOKEN);
  rb_check_that (run, runtime == NULL, "It still knows a runtime whose end it told");
  rb_check_subject_stop (subject);
}

static void
check_end (RbCheckRun     *run,
           RbCheckNetwork *network)
{
  Exits *exits;
  RbCheckSubject *subject = start (run, "stays", "prompt", &exits);

  rb_spawn_driver_end (exits->driver, "another-token", TRUE);
  rb_check_turn (run, 200);
  rb_check_that (run, is_running (read_pid (run, "started")), "It ended another runtime than the one that was named");
  rb_spawn_driver_end (exits->driver, TOKEN, FALSE);
  rb_check_until (run, exits->n_exited > 0, "A runtime was asked to end, and does not");
  rb_check_that (run, !is_running (read_pid (run, "started")), "It told the end of a runtime that runs");
  rb_check_subject_stop (subject);
}

static void
check_force (RbCheckRun     *run,
             RbCheckNetwork *network)
{
  Exits *exits;
  RbCheckSubject *subject = start (run, "stubborn", "prompt", &exits);
  GPid child = read_pid (run, "child");

  rb_spawn_driver_end (exits->driver, TOKEN, TRUE);
  rb_check_until (run, exits->n_exited > 0, "A runtime that ignores signals was ended by force, and does not end");
  rb_check_until (run, !is_running (child), "A runtime was ended by force, and its child goes on");
  rb_check_that (run, exits->n_exited == 1, "The end of one runtime was told %u times", exits->n_exited);
  rb_check_subject_stop (subject);
}

static void
check_adopt (RbCheckRun     *run,
             RbCheckNetwork *network)
{
  Exits *first_exits, *exits;
  RbCheckSubject *first = start (run, "stays", "prompt", &first_exits);
  g_autoptr(RbRuntime) runtime = rb_spawn_driver_dup_runtime (first_exits->driver, TOKEN);
  RbCheckSubject *subject;

  rb_check_subject_stop (first);
  rb_check_turn (run, 200);
  rb_check_that (run, is_running (read_pid (run, "started")), "A runtime ended because the broker did");
  rb_check_that (run, first_exits->n_exited == 0, "It told the end of a runtime that runs");
  subject = make (run, &exits);
  if (runtime == NULL || !rb_spawn_driver_adopt (exits->driver, TOKEN, runtime))
    {
      kill (read_pid (run, "started"), SIGKILL);
      kill (read_pid (run, "child"), SIGKILL);
      rb_check_skip (run, "it does not adopt runtimes");
    }
  rb_spawn_driver_end (exits->driver, TOKEN, TRUE);
  rb_check_until (run, exits->n_exited > 0, "A runtime was adopted and ended, and its end is not told");
  rb_check_subject_stop (subject);
}

static void
check_cancel (RbCheckRun     *run,
              RbCheckNetwork *network)
{
  g_autoptr(GCancellable) before = g_cancellable_new ();
  Exits *exits;
  RbCheckSubject *subject;
  RbCheckAnswer *answer;

  write_runtime (run, "ends");
  subject = make (run, &exits);
  g_cancellable_cancel (before);
  answer = spawn (subject, rb_check_run_get_options (run)->spawn_kind, "prompt", before);
  rb_check_until (run, answer->n_answers > 0, "'spawn' was cancelled, and is not answered");
  rb_check_turn (run, 200);
  rb_check_answer_contract (answer);
  rb_check_that (run, answer->ok || !has_started (run), "'spawn' says that it was cancelled, and the runtime was started");
  rb_check_subject_stop (subject);
}

static void
check_stop (RbCheckRun     *run,
            RbCheckNetwork *network)
{
  Exits *exits;
  RbCheckSubject *subject;
  RbCheckAnswer *answer;

  write_runtime (run, "ends");
  subject = make (run, &exits);
  answer = spawn (subject, rb_check_run_get_options (run)->spawn_kind, "prompt", NULL);
  rb_check_subject_stop (subject);
  rb_check_until (run, answer->n_answers > 0, "It was stopped, and 'spawn' was never answered");
  rb_check_turn (run, 200);
  rb_check_answer_contract (answer);
  rb_check_that (run, rb_check_subject_drop (subject), "Something still holds it after it was stopped: a source, a task or a signal");
}

const RbCheckCase rb_check_spawn_driver_cases[] = {
  { "spawn-driver/kinds", "it handles its kinds and no other, and says why one is not available", NULL, check_kinds },
  { "spawn-driver/unknown", "a kind that it does not handle is refused with an error", NULL, check_unknown },
  { "spawn-driver/given", "a runtime is given its token, and not the account's secret", NULL, check_given },
  { "spawn-driver/prompt", "the prompt reaches the runtime as it is: no shell, no option", NULL, check_prompt },
  { "spawn-driver/exited", "the end of a runtime is told once, with its token and status", NULL, check_exited },
  { "spawn-driver/end", "the runtime that is named is asked to end, and its end is told", NULL, check_end },
  { "spawn-driver/force", "by force a runtime ends whatever it does, its children too", NULL, check_force },
  { "spawn-driver/adopt", "a runtime outlives the broker; what is adopted is told of", NULL, check_adopt },
  { "spawn-driver/cancel", "a start that was cancelled is answered once, and starts nothing", NULL, check_cancel },
  { "spawn-driver/stop", "stop answers every start", NULL, check_stop },
  { NULL },
};
