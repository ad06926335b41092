/* rb-examine.c: what `brokerctl doctor` sees of files and settings
 *
 * Here is who knows where everything lies, which modules there have to be, and how to read a database. Nothing is locked, opened for writing
 * or made: it has to be of use on a full disk, and beside a broker that runs.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-examine.h"

#include "rb-discovery.h"
#include "rb-disk-check.h"
#include "rb-error.h"
#include "rb-instance.h"
#include "rb-json-writer.h"
#include "rb-paths.h"
#include "rb-sqlite-store.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define MIB ((guint64) 1024 * 1024)
#define LONG_LOG_MIB 64         /* the broker folds its log into the database long before */
#define COPY_MAX_MIB 2048

typedef struct {
  RbJsonWriter *writer;
  RbSettings   *settings;
  RbPaths      *paths;       /* (nullable) without a token there are none */
  char         *data_dir;
  gboolean      is_running;
} Examination;

static void
report (Examination *self,
        const char  *check,
        const char  *state,
        const char  *advice,
        const char  *format,
        ...) G_GNUC_PRINTF (5, 6);

static void
report (Examination *self,
        const char  *check,
        const char  *state,
        const char  *advice,
        const char  *format,
        ...)
{
  g_autofree char *seen = NULL;
  va_list args;

  va_start (args, format);
  seen = g_strdup_vprintf (format, args);
  va_end (args);
  rb_json_writer_begin_object (self->writer, NULL);
  rb_json_writer_string (self->writer, "check", check);
  rb_json_writer_string (self->writer, "state", state);
  rb_json_writer_string (self->writer, "seen", seen);
  rb_json_writer_string (self->writer, "advice", advice);
  rb_json_writer_end_object (self->writer);
}

static void
examine_settings (Examination *self,
                  GPtrArray   *problems)
{
  for (guint i = 0; i < problems->len; i++)
    report (self, "settings", "fail", _ ("mend this, or no broker starts; 'brokerctl config explain' shows where each setting came from"), "%s",
            (const char *) problems->pdata[i]);
  if (problems->len == 0)
    /* TRANSLATORS: an account's id; the name of a profile; where that came from */
    report (self, "settings", "ok", NULL, _ ("account %s, profile %s (%s)"), rb_settings_get_string (self->settings, "broker", "account-id"),
            rb_settings_get_string (self->settings, "broker", "profile"), rb_settings_get_origin (self->settings, "broker", "profile"));
}

static void
examine_modules (Examination *self)
{
  g_autoptr(GPtrArray) missing = g_ptr_array_new_with_free_func (g_free);
  guint n = rb_setup_find_missing_modules (self->settings, missing);

  for (guint i = 0; i < missing->len; i++)
    report (self, "modules", "warn", _ ("install it, or take its name out of the settings"), "%s", (const char *) missing->pdata[i]);
  if (missing->len == 0)
    report (self, "modules", "ok", NULL, ngettext ("%u module can be loaded", "%u modules can be loaded", n), n);
}

/* The nearest directory above that is there. */
static char *
dup_existing (const char *path)
{
  char *at = g_strdup (path);

  while (!g_file_test (at, G_FILE_TEST_EXISTS))
    {
      char *parent = g_path_get_dirname (at);

      g_free (at);
      at = parent;
    }
  return at;
}

static guint64
measure_log (Examination *self)
{
  g_autofree char *log = self->paths != NULL ? g_build_filename (self->paths->state_dir, "broker.db-wal", NULL) : NULL;
  struct stat found;

  return log != NULL && stat (log, &found) == 0 ? (guint64) found.st_size : 0;
}

static void
report_disk (Examination       *self,
             const RbDiskFacts *facts,
             const char        *place)
{
  unsigned long long free_mib = facts->free_bytes / MIB;
  unsigned long long needed_mib = rb_disk_check_get_needed (facts) / MIB;
  unsigned long long n_files = facts->n_free_files;

  switch (rb_disk_check_judge (facts))
    {
    case RB_DISK_READ_ONLY:
      report (self, "disk", "fail", _ ("mount it for writing: nothing can be accepted that cannot be kept"), _ ("the disk of %s is read-only"), place);
      break;
    case RB_DISK_NO_RIGHT:
      report (self, "disk", "fail", _ ("give yourself the right to write there, or set broker.data-dir"), "%s: %s", place, g_strerror (EACCES));
      break;
    case RB_DISK_FULL:
      report (self, "disk", "fail", _ ("make room: a broker on a full disk refuses everything new"),
              /* TRANSLATORS: MiB; a directory; MiB */
              _ ("%llu MiB are free at %s, and %llu MiB are needed"), free_mib, place, needed_mib);
      break;
    case RB_DISK_NO_FILES:
      report (self, "disk", "fail", _ ("remove files: there is room, and none for the name of another file"),
              /* TRANSLATORS: how many; a directory */
              _ ("%llu more files can be made at %s"), n_files, place);
      break;
    case RB_DISK_LOW:
      report (self, "disk", "warn", _ ("make room soon"), _ ("%llu MiB are free at %s"), free_mib, place);
      break;
    case RB_DISK_FEW_FILES:
      report (self, "disk", "warn", _ ("remove files soon"), _ ("%llu more files can be made at %s"), n_files, place);
      break;
    case RB_DISK_GOOD:
      report (self, "disk", "ok", NULL, _ ("%llu MiB are free at %s"), free_mib, place);
      break;
    }
}

/* @path: where something is to be kept; it need not be there. */
static void
examine_disk (Examination *self,
              const char  *path)
{
  g_autofree char *place = dup_existing (path);
  struct statvfs found;
  RbDiskFacts facts = { .log_bytes = measure_log (self) };

  if (statvfs (place, &found) != 0)
    {
      report (self, "disk", "fail", NULL, "%s: %s", place, g_strerror (errno));
      return;
    }
  facts.is_read_only = (found.f_flag & ST_RDONLY) != 0;
  facts.may_write = access (place, W_OK) == 0;
  facts.free_bytes = (guint64) found.f_bavail * found.f_frsize;
  facts.n_files = found.f_files;
  facts.n_free_files = found.f_favail;
  facts.low_bytes = (guint64) rb_settings_get_integer (self->settings, "broker", "disk-low-mib") * MIB;
  report_disk (self, &facts, place);
}

/* @path need not be there. FALSE when something was wrong with it. */
static gboolean
examine_mode (Examination *self,
              const char  *path)
{
  struct stat found;

  if (lstat (path, &found) != 0)
    return TRUE;
  if (found.st_uid != getuid ())
    report (self, "permissions", "fail", _ ("it has to be yours: chown it, or move it away"), _ ("%s belongs to user %u"), path,
            (guint) found.st_uid);
  else if ((found.st_mode & 077) != 0 && !S_ISLNK (found.st_mode))
    {
      g_autofree char *advice = g_strdup_printf ("chmod go-rwx '%s'", path);

      report (self, "permissions", "warn", advice, _ ("%s can be used by others (mode %03o)"), path, (guint) found.st_mode & 0777);
    }
  else
    return TRUE;
  return FALSE;
}

/* State: directories, database, what other programs find us by. */
static gboolean
examine_state_modes (Examination *self)
{
  static const char *const names[] = { "broker.db", "broker.db-wal", "broker.db-shm", "broker.lock" };
  const char *const places[] = { self->paths->account_dir, self->paths->state_dir, self->paths->discovery_file, self->paths->local_secret_file };
  gboolean good = TRUE;

  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    good = (places[i] == NULL || examine_mode (self, places[i])) && good;
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (self->paths->state_dir, names[i], NULL);

      good = examine_mode (self, path) && good;
    }
  return good;
}

/* Runtime: the directory of the socket keeps others out, whatever its own mode. */
static gboolean
examine_runtime_modes (Examination *self)
{
  g_autofree char *directory = self->paths->socket != NULL ? g_path_get_dirname (self->paths->socket) : NULL;
  gboolean good = directory == NULL || examine_mode (self, directory);

  return (directory == NULL || examine_mode (self, self->paths->socket)) && good;
}

/* Who may write the settings says which programs run as us. */
static gboolean
examine_config_mode (Examination *self)
{
  g_autofree char *path = g_build_filename (g_get_user_config_dir (), "runtime-broker", "broker.conf", NULL);
  struct stat found;

  if (stat (path, &found) != 0 || (found.st_mode & 022) == 0)
    return TRUE;
  report (self, "permissions", "fail", _ ("chmod go-w it, and look at what is in it: it says which programs run as you"),
          _ ("%s can be changed by others (mode %03o)"), path, (guint) found.st_mode & 0777);
  return FALSE;
}

static void
examine_modes (Examination *self)
{
  const char *credentials = rb_settings_get_string (self->settings, "broker", "credentials-file");
  g_autofree char *real = credentials != NULL ? realpath (credentials, NULL) : NULL;
  gboolean good = self->paths == NULL || examine_state_modes (self);

  good = (self->paths == NULL || examine_runtime_modes (self)) && good;
  /* Behind a link it is what it leads to that is read. */
  good = (real == NULL || examine_mode (self, real)) && good;
  good = examine_config_mode (self) && good;
  if (good)
    report (self, "permissions", "ok", NULL, "%s", _ ("what is secret can be read by you alone"));
}

/* Without trying to take it, which might be in the way of a broker that starts just now. */
static gboolean
is_locked (const char *path)
{
  g_autofree char *locks = NULL;
  g_autofree char *wanted = NULL;
  struct stat found;

  if (stat (path, &found) != 0 || !g_file_get_contents ("/proc/locks", &locks, NULL, NULL))
    return FALSE;
  wanted = g_strdup_printf (" %02x:%02x:%" G_GUINT64_FORMAT " ", major (found.st_dev), minor (found.st_dev), (guint64) found.st_ino);
  return strstr (locks, wanted) != NULL;
}

static void
examine_leftovers (Examination *self)
{
  g_autofree char *lock = g_build_filename (self->paths->state_dir, "broker.lock", NULL);
  gint64 timeout_ms = rb_settings_get_integer (self->settings, "broker", "probe-timeout-ms");
  g_autofree char *owner = rb_instance_find_owner (self->paths->discovery_file, NULL, timeout_ms);

  self->is_running = is_locked (lock) || owner != NULL;
  if (owner != NULL)
    report (self, "files", "ok", NULL, _ ("a healthy broker has them: %s"), owner);
  else if (self->is_running)
    report (self, "files", "warn", _ ("it starts or stops just now, or it hangs: look again, then at its log"),
            _ ("a process holds %s, and no broker answers"), lock);
  else if (g_file_test (self->paths->discovery_file, G_FILE_TEST_EXISTS))
    report (self, "files", "warn", _ ("nothing has to be done: the next start cleans up"), _ ("a broker that did not end by itself left %s"),
            self->paths->discovery_file);
  else
    report (self, "files", "ok", NULL, "%s", _ ("nothing was left behind"));
}

static void
examine_database (Examination *self)
{
  g_autofree char *path = g_build_filename (self->paths->state_dir, "broker.db", NULL);
  g_autofree char *log = g_strconcat (path, "-wal", NULL);
  g_autoptr(GError) error = NULL;
  struct stat database = { 0 }, found = { 0 };
  guint64 size_mib, log_mib;

  if (stat (path, &database) != 0)
    {
      report (self, "database", "skipped", NULL, "%s", _ ("there is none yet"));
      return;
    }
  size_mib = (guint64) database.st_size / MIB;
  log_mib = stat (log, &found) == 0 ? (guint64) found.st_size / MIB : 0;
  if (log_mib > LONG_LOG_MIB)
    report (self, "database", "warn", _ ("restart the broker: it folds the log into the database"), _ ("its log has %llu MiB"),
            (unsigned long long) log_mib);
  if (self->is_running)
    report (self, "database", "skipped", NULL,
            _ ("%llu MiB and a log of %llu MiB; the broker that runs has it for itself, and examined it when it started"),
            (unsigned long long) size_mib, (unsigned long long) log_mib);
  else if (size_mib + log_mib > COPY_MAX_MIB)
    report (self, "database", "skipped", NULL, _ ("%llu MiB are too much to examine a copy"), (unsigned long long) (size_mib + log_mib));
  else if (rb_sqlite_store_examine (path, &error))
    report (self, "database", "ok", NULL, _ ("%llu MiB and a log of %llu MiB; it is whole"),
            (unsigned long long) size_mib, (unsigned long long) log_mib);
  else if (g_strcmp0 (rb_error_get_reason (error), "not_copied") == 0)
    report (self, "database", "skipped", NULL, "%s", error->message);
  else
    report (self, "database", "fail", _ ("keep the file, put a backup in its place, or start anew without it"), "%s", error->message);
}

static void
find_paths (Examination         *self,
            const RbCredentials *credentials)
{
  const char *account = rb_settings_get_string (self->settings, "broker", "account-id");
  const char *data_dir = rb_settings_get_string (self->settings, "broker", "data-dir");
  g_autofree char *token = credentials != NULL ? g_strdup (credentials->token) : rb_paths_local_secret (account, data_dir, FALSE, NULL);

  self->data_dir = rb_paths_dup_data_dir (data_dir);
  self->paths = token != NULL ? rb_paths_new (account, token, data_dir, NULL) : NULL;
}

int
rb_examine_run (RbSetupOptions *options)
{
  g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(RbCredentials) credentials = NULL;
  g_autoptr(RbSettings) settings = NULL;
  g_autofree char *text = NULL;
  Examination self = { .writer = rb_json_writer_new () };

  options->may_prompt = FALSE;
  settings = rb_setup_settings (options, &credentials, problems);
  rb_setup_check_database (settings, credentials, problems);
  self.settings = settings;
  find_paths (&self, credentials);

  rb_json_writer_begin_array (self.writer, NULL);
  examine_settings (&self, problems);
  examine_modules (&self);
  examine_disk (&self, self.paths != NULL ? self.paths->state_dir : self.data_dir);
  examine_modes (&self);
  if (self.paths != NULL)
    {
      examine_leftovers (&self);
      examine_database (&self);
    }
  rb_json_writer_end_array (self.writer);
  text = rb_json_writer_end_text (self.writer);
  g_print ("%s\n", text);
  g_clear_pointer (&self.paths, rb_paths_free);
  g_free (self.data_dir);
  return 0;
}
