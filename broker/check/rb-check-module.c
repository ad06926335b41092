/* rb-check-module.c: what modules of every kind promise
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-check-case.h"

#include "rb-host-settings.h"

#include <string.h>

#define LEAK_WARM_UP 3
#define LEAK_CYCLES 10

static RbCheckSubject *
make (RbCheckRun     *run,
      RbCheckNetwork *network)
{
  g_autoptr(GHashTable) settings = rb_check_settings (run, rb_check_network_get_settings (network));
  RbCheckSubject *subject;
  g_autoptr(GError) error = NULL;

  if (!rb_host_settings_check (rb_check_run_get_info (run), settings, &error))
    rb_check_fail (run, "%s", error->message);
  subject = rb_check_subject_new (run, "subject", settings);
  rb_check_subject_configure (subject);
  return subject;
}

static gboolean
is_key (const char *key)
{
  gsize length = strlen (key);

  for (gsize i = 0; i < length; i++)
    if (!g_ascii_islower (key[i]) && !g_ascii_isdigit (key[i]) && key[i] != '-' && !(key[i] == '*' && i + 1 == length))
      return FALSE;
  return length > 0 && key[0] != '-';
}

static void
check_setting (RbCheckRun            *run,
               const RbModuleSetting *setting)
{
  g_autoptr(GHashTable) values = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr(GError) error = NULL;

  rb_check_that (run, is_key (setting->key), "The setting '%s' is not lower-case-with-dashes", setting->key);
  rb_check_that (run, setting->summary != NULL && *setting->summary != '\0', "The setting '%s' has no summary", setting->key);
  for (const RbModuleSetting *other = setting + 1; other->key != NULL; other++)
    rb_check_that (run, !g_str_equal (other->key, setting->key), "The setting '%s' is there twice", setting->key);
  if (setting->default_value == NULL)
    return;
  g_hash_table_insert (values, (gpointer) setting->key, (gpointer) setting->default_value);
  rb_check_that (run, rb_host_settings_check (rb_check_run_get_info (run), values, &error), "The default of the setting '%s': %s",
                 setting->key, error->message);
}

static void
check_info (RbCheckRun     *run,
            RbCheckNetwork *network)
{
  const RbModuleInfo *info = rb_check_run_get_info (run);

  rb_check_that (run, info->version != NULL && *info->version != '\0', "It has no version");
  rb_check_that (run, info->summary != NULL && *info->summary != '\0', "It has no summary");
  for (const RbModuleSetting *setting = info->settings; setting != NULL && setting->key != NULL; setting++)
    check_setting (run, setting);
}

static void
check_construct (RbCheckRun     *run,
                 RbCheckNetwork *network)
{
  guint n_fds = rb_check_count_fds ();
  guint n_threads = rb_check_count_threads ();
  RbCheckSubject *subject = rb_check_subject_new (run, "subject", NULL);

  rb_check_that (run, rb_check_count_fds () <= n_fds, "The constructor opens files; only 'start' may");
  rb_check_that (run, rb_check_count_threads () <= n_threads, "The constructor starts threads; only 'start' may");
  rb_check_that (run, rb_check_subject_drop (subject), "An instance that was not configured is never freed");
}

static void
check_configure (RbCheckRun     *run,
                 RbCheckNetwork *network)
{
  RbCheckSubject *subject = make (run, network);

  rb_check_that (run, rb_check_subject_drop (subject), "An instance that was not started is never freed");
}

static void
try_value (RbCheckRun     *run,
           RbCheckNetwork *network,
           const char     *key,
           const char     *value)
{
  g_autoptr(GHashTable) settings = rb_check_settings (run, rb_check_network_get_settings (network));
  RbCheckSubject *subject;
  g_autoptr(GError) error = NULL;
  gboolean ok;

  g_hash_table_insert (settings, g_strdup (key), g_strdup (value));
  if (!rb_host_settings_check (rb_check_run_get_info (run), settings, NULL))
    return;

  subject = rb_check_subject_new (run, "subject", settings);
  ok = rb_module_configure (subject->module, subject->context, &error);
  rb_check_that (run, ok || error != NULL, "'configure' refuses %s=%s without an error", key, value);
  rb_check_that (run, !ok || error == NULL, "'configure' takes %s=%s and sets an error", key, value);
  rb_check_that (run, ok || (error->domain == RB_ERROR && error->code < RB_ERROR_N_CODES),
                 "'configure' refuses %s=%s with an error of the domain '%s', not RB_ERROR", key, value, ok ? "" : g_quark_to_string (error->domain));
  rb_check_that (run, rb_check_subject_drop (subject), "An instance with %s=%s is never freed", key, value);
}

/* What passes the host's checks, and nobody thought of. */
static void
check_settings (RbCheckRun     *run,
                RbCheckNetwork *network)
{
  static const char *const odd[] = { "", " ", "0", "-1", "9223372036854775807", "no such word", "%s%n", "../..", "/", "\xc3\xa4;;=", "{}", NULL };
  const RbModuleInfo *info = rb_check_run_get_info (run);

  for (const RbModuleSetting *setting = info->settings; setting != NULL && setting->key != NULL; setting++)
    {
      g_autofree char *key = g_strdup (setting->key);

      if (g_str_has_suffix (key, "*"))
        key[strlen (key) - 1] = 'x';
      for (guint i = 0; odd[i] != NULL; i++)
        try_value (run, network, key, odd[i]);
    }
}

static void
check_start (RbCheckRun     *run,
             RbCheckNetwork *network)
{
  RbCheckSubject *subject = make (run, network);
  RbCheckAnswer *start = rb_check_subject_start_async (subject, NULL);
  RbCheckAnswer *stop;

  rb_check_answer_succeed (start);
  rb_check_that (run, start->thread == g_thread_self (), "'start' was answered on another thread");
  stop = rb_check_subject_stop_async (subject);
  rb_check_answer_succeed (stop);
  rb_check_turn (run, 50);
  rb_check_answer_contract (start);
  rb_check_answer_contract (stop);
  rb_check_that (run, rb_check_subject_drop (subject), "An instance that was started and stopped is never freed");
}

static void
check_stop_unstarted (RbCheckRun     *run,
                      RbCheckNetwork *network)
{
  RbCheckSubject *subject = make (run, network);
  RbCheckAnswer *stop = rb_check_subject_stop_async (subject);

  rb_check_answer_wait (stop);
  rb_check_answer_contract (stop);
  rb_check_that (run, rb_check_subject_drop (subject), "An instance that was stopped before it was started is never freed");
}

/* Neither answer waits for the other: the host stops what takes too long to start. */
static void
stop_after (RbCheckRun     *run,
            RbCheckNetwork *network,
            gint64          ms)
{
  RbCheckSubject *subject = make (run, network);
  RbCheckAnswer *start = rb_check_subject_start_async (subject, NULL);
  RbCheckAnswer *stop;

  if (ms > 0)
    rb_check_turn (run, ms);
  stop = rb_check_subject_stop_async (subject);
  rb_check_until (run, stop->n_answers > 0, "'stop' was not answered, %" G_GINT64_FORMAT " ms after 'start'", ms);
  rb_check_until (run, start->n_answers > 0, "'start' was not answered although 'stop' was, %" G_GINT64_FORMAT " ms after it", ms);
  rb_check_turn (run, 20);
  rb_check_answer_contract (start);
  rb_check_answer_contract (stop);
  rb_check_that (run, stop->ok, "'stop' failed: %s", stop->error != NULL ? stop->error->message : "");
  rb_check_that (run, rb_check_subject_drop (subject), "An instance that was stopped after %" G_GINT64_FORMAT " ms is never freed", ms);
}

static void
check_stop_anytime (RbCheckRun     *run,
                    RbCheckNetwork *network)
{
  static const gint64 delays_ms[] = { 0, 1, 3, 8, 20, 50, 120 };

  for (guint i = 0; i < G_N_ELEMENTS (delays_ms); i++)
    stop_after (run, network, delays_ms[i]);
}

static void
check_cancel_start (RbCheckRun     *run,
                    RbCheckNetwork *network)
{
  for (guint ms = 0; ms < 40; ms += 13)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      RbCheckSubject *subject = make (run, network);
      RbCheckAnswer *start;

      if (ms == 0)
        g_cancellable_cancel (cancellable);
      start = rb_check_subject_start_async (subject, cancellable);
      rb_check_turn (run, ms);
      g_cancellable_cancel (cancellable);
      rb_check_until (run, start->n_answers > 0, "'start' was not answered although it was cancelled");
      rb_check_turn (run, 20);
      rb_check_answer_contract (start);
      rb_check_subject_stop (subject);
      rb_check_that (run, rb_check_subject_drop (subject), "An instance whose start was cancelled is never freed");
    }
}

static void
check_blocking (RbCheckRun     *run,
                RbCheckNetwork *network)
{
  RbCheckSubject *subject = make (run, network);
  RbCheckAnswer *start = rb_check_subject_start_async (subject, NULL);
  RbCheckAnswer *stop;

  rb_check_answer_succeed (start);
  stop = rb_check_subject_stop_async (subject);
  rb_check_answer_succeed (stop);
  rb_check_that (run, start->inside_us < G_TIME_SPAN_SECOND / 2, "'start_async' held the main loop for %d ms", (int) (start->inside_us / 1000));
  rb_check_that (run, stop->inside_us < G_TIME_SPAN_SECOND / 2, "'stop_async' held the main loop for %d ms", (int) (stop->inside_us / 1000));
}

static void
cycle (RbCheckRun     *run,
       RbCheckNetwork *network)
{
  RbCheckSubject *subject = make (run, network);

  rb_check_subject_start (subject);
  rb_check_subject_stop (subject);
  rb_check_that (run, rb_check_subject_drop (subject), "Something still holds the module after it was stopped: a source, a task or a signal");
}

static void
check_leaks (RbCheckRun     *run,
             RbCheckNetwork *network)
{
  guint n_fds, n_threads;

  for (guint i = 0; i < LEAK_WARM_UP; i++)
    cycle (run, network);
  n_fds = rb_check_count_fds ();
  n_threads = rb_check_count_threads ();
  for (guint i = 0; i < LEAK_CYCLES; i++)
    cycle (run, network);
  /* What a library keeps for itself does not grow with each cycle. */
  rb_check_that (run, rb_check_count_fds () < n_fds + LEAK_CYCLES / 2, "%u file descriptors became %u in %u starts", n_fds,
                 rb_check_count_fds (), LEAK_CYCLES);
  rb_check_that (run, rb_check_count_threads () < n_threads + LEAK_CYCLES, "%u threads became %u in %u starts", n_threads,
                 rb_check_count_threads (), LEAK_CYCLES);
}

const RbCheckCase rb_check_module_cases[] = {
  { "module/info", "it says its version, what it does, and which settings it has, each with a summary and a default that is well formed", NULL,
    check_info },
  { "module/construct", "a constructor only allocates: no file, no thread", NULL, check_construct },
  { "module/configure", "it takes good settings, and is freed without having been started", NULL, check_configure },
  { "module/settings", "settings that make no sense are taken, or refused with an error in RB_ERROR", NULL, check_settings },
  { "module/start", "start and stop are answered once, on the main thread; nothing holds it afterwards", NULL, check_start },
  { "module/stop-unstarted", "it can be stopped before it was started", NULL, check_stop_unstarted },
  { "module/stop-anytime", "it can be stopped at any moment of its start; both calls are answered", NULL, check_stop_anytime },
  { "module/cancel-start", "a start that is cancelled is answered once, and can be stopped", NULL, check_cancel_start },
  { "module/blocking", "start and stop return at once; their answers come later", NULL, check_blocking },
  { "module/leaks", "started and stopped again and again it leaves nothing behind: no instance, file or thread", NULL, check_leaks },
  { NULL },
};
