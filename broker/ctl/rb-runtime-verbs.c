/* rb-runtime-verbs.c: brokerctl runtimes, stop, logs: what was started here and runs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-json-writer.h"
#include "rb-pick.h"
#include "rb-verb.h"
#include "rb-view.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#define FOLLOW_MS 300
#define STATM_RESIDENT 1      /* pages, of /proc/PID/statm */
#define STAT_UTIME 11         /* fields behind the name, of /proc/PID/stat */
#define STAT_STIME 12

static gboolean show_all;
static gboolean follow;

static const GOptionEntry runtimes_options[] = {
  { "all", 0, 0, G_OPTION_ARG_NONE, &show_all, N_ ("The last ones that have ended, too"), NULL },
  { NULL },
};

static const GOptionEntry logs_options[] = {
  { "follow", 'f', 0, G_OPTION_ARG_NONE, &follow, N_ ("Go on showing what comes"), NULL },
  { NULL },
};

static const RbTableColumn columns[] = {
  { N_ ("RUNTIME"), 10 }, { N_ ("KIND"), 6 },   { N_ ("STATE"), 0 },  { N_ ("FOR"), 0 },
  { N_ ("UNIT OR PID"), 8 }, { N_ ("MEMORY"), 0 }, { N_ ("CPU"), 0 }, { N_ ("ENDPOINT"), 10 },
};

static char *
read_proc (const char *pid,
           const char *name)
{
  g_autofree char *path = pid != NULL ? g_build_filename ("/proc", pid, name, NULL) : NULL;
  char *text = NULL;

  return path != NULL && g_file_get_contents (path, &text, NULL, NULL) ? text : NULL;
}

/* Of its main process; NULL: it cannot be read. */
static char *
dup_memory (const char *pid)
{
  g_autofree char *text = read_proc (pid, "statm");
  g_auto(GStrv) fields = text != NULL ? g_strsplit (text, " ", -1) : NULL;

  if (fields == NULL || g_strv_length (fields) <= STATM_RESIDENT)
    return NULL;
  return g_format_size_full (g_ascii_strtoull (fields[STATM_RESIDENT], NULL, 10) * (guint64) sysconf (_SC_PAGESIZE), G_FORMAT_SIZE_IEC_UNITS);
}

static char *
dup_cpu (const char *pid)
{
  g_autofree char *text = read_proc (pid, "stat");
  const char *rest = text != NULL ? strrchr (text, ')') : NULL;
  g_auto(GStrv) fields = rest != NULL && rest[1] == ' ' ? g_strsplit (rest + 2, " ", -1) : NULL;
  guint64 ticks;

  if (fields == NULL || g_strv_length (fields) <= STAT_STIME)
    return NULL;
  ticks = g_ascii_strtoull (fields[STAT_UTIME], NULL, 10) + g_ascii_strtoull (fields[STAT_STIME], NULL, 10);
  return g_strdup_printf (_ ("%.1f s"), (double) ticks / (double) sysconf (_SC_CLK_TCK));
}

static void
add_row (RbTable      *table,
         const RbJson *runtime)
{
  g_autofree char *id = rb_view_dup_text (runtime, "id");
  g_autofree char *kind = rb_view_dup_text (runtime, "runtime_kind");
  g_autofree char *state = rb_view_dup_text (runtime, "runtime_state");
  g_autofree char *since = rb_view_dup_text (runtime, "started_at");
  g_autofree char *ended = rb_view_dup_text (runtime, "ended_at");
  g_autofree char *unit = rb_view_dup_text (runtime, "unit");
  g_autofree char *pid = rb_view_dup_text (runtime, "pid");
  g_autofree char *endpoint = rb_view_dup_text (runtime, "endpoint_id");
  g_autofree char *age = rb_view_dup_age (ended != NULL ? ended : since, g_get_real_time () / 1000);
  g_autofree char *memory = ended == NULL ? dup_memory (pid) : NULL;
  g_autofree char *cpu = ended == NULL ? dup_cpu (pid) : NULL;
  const char *cells[] = { id, kind, state, age, unit != NULL ? unit : pid, memory, cpu, endpoint };

  rb_table_add_row (table, cells);
}

static void
print_runtimes (RbCtl        *ctl,
                const RbJson *view)
{
  g_autoptr(RbTable) table = rb_table_new (columns, G_N_ELEMENTS (columns));
  g_autofree char *text = NULL;

  for (guint i = 0; i < rb_json_get_length (view); i++)
    {
      g_autoptr(RbJson) runtime = rb_json_get_item_type (view, i) == RB_JSON_OBJECT ? rb_json_open_item (view, i, NULL) : NULL;

      if (runtime != NULL)
        add_row (table, runtime);
    }
  text = rb_table_render (table, &ctl->terminal);
  rb_ctl_print (ctl, "%s", *text != '\0' ? text : _ ("no runtime that was started here runs\n"));
}

static RbExitCode
run_runtimes (RbCtl             *ctl,
              const char *const *args)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) view = rb_ctl_view (ctl, show_all ? "runtimes?all=yes" : "runtimes", &error);

  show_all = FALSE;
  if (view == NULL)
    return rb_ctl_fail (error);
  if (ctl->json)
    rb_ctl_print_json (ctl, view);
  else if (rb_json_get_root_type (view) == RB_JSON_ARRAY)
    print_runtimes (ctl, view);
  return RB_EXIT_OK;
}

static RbExitCode
run_stop (RbCtl             *ctl,
          const char *const *args)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *id = rb_pick_runtime (ctl, args[0], FALSE, &error);
  RbJsonWriter *writer;
  g_autoptr(GBytes) body = NULL;
  g_autoptr(RbJson) result = NULL;
  g_autofree char *escaped = NULL;

  if (id == NULL)
    return rb_ctl_fail (error);
  writer = rb_json_writer_new ();
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "id", id);
  rb_json_writer_end_object (writer);
  body = rb_json_writer_end (writer);
  result = rb_ctl_call (ctl, "POST", "/v1/operator/runtimes/stop", body, &error);
  if (result == NULL)
    return rb_ctl_fail (error);
  escaped = rb_terminal_escape (id);
  if (ctl->json)
    rb_ctl_print_json (ctl, result);
  else
    rb_ctl_print (ctl, _ ("%s has ended\n"), escaped);
  return RB_EXIT_OK;
}

/* The journal shows it best itself. Returns only when it cannot be run. */
static RbExitCode
show_journal (RbCtl      *ctl,
              const char *unit,
              gboolean    goes_on)
{
  const char *argv[] = { "journalctl", "--user", "--quiet", "-u", unit, goes_on ? "--follow" : "--no-pager",
                         ctl->json ? "--output=json" : NULL, NULL };

  execvp (argv[0], (char **) argv);
  rb_ctl_warn (_ ("journalctl cannot be run: %s"), g_strerror (errno));
  return RB_EXIT_FAILED;
}

typedef struct {
  RbCtl     *ctl;
  int        fd;
  gint64     offset;     /* how far it was shown */
  GMainLoop *loop;
} Log;

/* What a program wrote may be anything: on a terminal it must not be taken for orders to it. */
static void
print_bytes (RbCtl      *ctl,
             const char *bytes,
             gssize      n)
{
  g_autofree char *text = g_utf8_make_valid (bytes, n);
  g_autofree char *escaped = rb_terminal_escape_lines (text);

  rb_ctl_print (ctl, "%s", escaped);
}

/* How many of the last bytes are the beginning of a character whose rest has yet to come. */
static gssize
count_begun (const char *bytes,
             gssize      n)
{
  for (gssize i = 1; i <= MIN (n, 3); i++)
    {
      guchar c = (guchar) bytes[n - i];
      gssize whole = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;

      if ((c & 0xc0) != 0x80)
        return whole > i ? i : 0;
    }
  return 0;
}

/* It was put aside and begun anew when it has less than was shown. */
static void
print_new (Log *self)
{
  char bytes[8192];
  gssize n;

  if (lseek (self->fd, 0, SEEK_END) < self->offset)
    self->offset = 0;
  while ((n = pread (self->fd, bytes, sizeof bytes, self->offset)) > 0)
    {
      gssize begun = count_begun (bytes, n);

      /* One that is begun and nothing else: what will become of it shows later. */
      if (begun == n)
        break;
      print_bytes (self->ctl, bytes, n - begun);
      self->offset += n - begun;
    }
  fflush (self->ctl->out);
}

static gboolean
on_follow (gpointer user_data)
{
  Log *self = user_data;

  print_new (self);
  if (!g_cancellable_is_cancelled (self->ctl->cancellable) && rb_ctl_can_write (self->ctl))
    return G_SOURCE_CONTINUE;
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static void
follow_file (Log *self)
{
  rb_ctl_catch_signals (self->ctl);
  self->loop = g_main_loop_new (NULL, FALSE);
  g_timeout_add (FOLLOW_MS, on_follow, self);
  g_main_loop_run (self->loop);
  g_main_loop_unref (self->loop);
}

static gboolean
show_file (RbCtl      *ctl,
           const char *path,
           gboolean    goes_on)
{
  Log log = { .ctl = ctl, .fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) };

  if (log.fd < 0)
    return FALSE;
  print_new (&log);
  if (goes_on)
    follow_file (&log);
  close (log.fd);
  return TRUE;
}

static RbExitCode
show_files (RbCtl      *ctl,
            const char *path,
            gboolean    goes_on)
{
  g_autofree char *before = g_strconcat (path, ".1", NULL);

  show_file (ctl, before, FALSE);
  if (show_file (ctl, path, goes_on))
    return RB_EXIT_OK;
  rb_ctl_warn (_ ("'%s' cannot be read: %s"), path, g_strerror (errno));
  return RB_EXIT_FAILED;
}

static RbExitCode
run_logs (RbCtl             *ctl,
          const char *const *args)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *id = rb_pick_runtime (ctl, args[0], TRUE, &error);
  g_autoptr(RbJson) view = id != NULL ? rb_ctl_view (ctl, "runtimes?all=yes", &error) : NULL;
  g_autofree char *unit = NULL;
  g_autofree char *file = NULL;
  gboolean goes_on = follow;

  follow = FALSE;
  if (view == NULL)
    return rb_ctl_fail (error);
  for (guint i = 0; i < rb_json_get_length (view); i++)
    {
      g_autoptr(RbJson) runtime = rb_json_open_item (view, i, NULL);
      g_autofree char *found = runtime != NULL ? rb_view_dup_text (runtime, "id") : NULL;

      if (g_strcmp0 (found, id) != 0)
        continue;
      unit = rb_view_dup_text (runtime, "unit");
      file = rb_view_dup_text (runtime, "log_file");
    }

  if (unit != NULL)
    return show_journal (ctl, unit, goes_on);
  if (file != NULL)
    return show_files (ctl, file, goes_on);
  rb_ctl_warn (_ ("the output of '%s' is not kept; a setting of its driver says so"), id);
  return RB_EXIT_NOT_FOUND;
}

const RbVerb rb_runtimes_verb = {
  .name = "runtimes",
  .summary = N_ ("List the runtimes that were started here and run"),
  .usage = "[--all]",
  .details = N_ ("Memory and CPU time are those of its main process, where they can be read; a unit is that of the systemd user manager."),
  .options = runtimes_options,
  .run = run_runtimes,
};

const RbVerb rb_stop_verb = {
  .name = "stop",
  .summary = N_ ("End a runtime that was started here"),
  .usage = N_ ("RUNTIME"),
  .details = N_ ("It is asked to, and after [spawn] stop-timeout-ms made to, with all that it has started. What it had not accepted returns to "
                 "the inbox. RUNTIME is an id that runtimes shows, or a beginning of it that fits only one."),
  .min_args = 1,
  .max_args = 1,
  .completes = "runtime",
  .run = run_stop,
};

const RbVerb rb_logs_verb = {
  .name = "logs",
  .summary = N_ ("Show what a runtime that was started here has written"),
  .usage = N_ ("RUNTIME [--follow]"),
  .details = N_ ("From the journal, by journalctl, where it runs as a unit; from a file otherwise. RUNTIME is an id that runtimes shows, also "
                 "with --all, or a beginning of it that fits only one."),
  .options = logs_options,
  .min_args = 1,
  .max_args = 1,
  .completes = "runtime",
  .run = run_logs,
};
