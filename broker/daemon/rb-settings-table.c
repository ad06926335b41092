/* rb-settings-table.c: every setting the broker knows, and the rules for one value
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-settings-table.h"

#include "rb-error.h"
#include "rb-log-levels.h"
#include "rb-text.h"

#include <string.h>

#define KIB G_GINT64_CONSTANT (1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define MEMORY_MIN_MIB 16
#define DAY_MS G_GINT64_CONSTANT (86400000)

static gboolean
check_account_id (const char  *value,
                  GError     **error)
{
  g_autofree char *sanitised = rb_text_sanitise (value);

  if (!g_str_equal (sanitised, ".") && !g_str_equal (sanitised, ".."))
    return TRUE;

  rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "must not be '.' or '..', which would leave the data directory");
  return FALSE;
}

static gboolean
check_socket (const char  *value,
              GError     **error)
{
  if (g_str_equal (value, "yes") || g_str_equal (value, "no") || g_path_is_absolute (value))
    return TRUE;

  rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "must be 'yes', 'no' or an absolute path");
  return FALSE;
}

static gboolean
check_bus (const char  *value,
           GError     **error)
{
  if (g_str_equal (value, "session") || g_str_equal (value, "no") || strchr (value, ':') != NULL)
    return TRUE;

  rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "must be 'session', 'no' or an address such as unix:path=/run/user/1000/bus");
  return FALSE;
}

static gboolean
check_levels (const char  *value,
              GError     **error)
{
  g_autoptr(RbLogLevels) levels = rb_log_levels_new ("info", value, error);

  return levels != NULL;
}

/* A header value: anything else could end the line it is written on. */
static gboolean
check_version (const char  *value,
               GError     **error)
{
  for (const char *at = value; *at != '\0'; at++)
    if (!g_ascii_isgraph (*at))
      {
        rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "must be printable ASCII without spaces");
        return FALSE;
      }
  return TRUE;
}

/* A token in a settings file or on a command line would be read by others sooner or later. */
static gboolean
check_derived (const char  *value,
               GError     **error)
{
  if (g_str_equal (value, RB_SETTING_SECRET_SHOWN))
    return TRUE;

  rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "cannot be set: it comes from the credentials");
  return FALSE;
}

/* Less than a program needs to load itself is a mistake. */
static gboolean
check_memory (const char  *value,
              GError     **error)
{
  gint64 number = g_ascii_strtoll (value, NULL, 10);

  if (number == 0 || number >= MEMORY_MIN_MIB)
    return TRUE;

  rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "must be 0 or at least %d", MEMORY_MIN_MIB);
  return FALSE;
}

static gboolean
check_directories (const char  *value,
                   GError     **error)
{
  g_auto(GStrv) items = g_strsplit (value, ";", -1);

  for (guint i = 0; items[i] != NULL; i++)
    if (*items[i] != '\0' && !g_path_is_absolute (items[i]) && !g_str_has_prefix (items[i], "~/"))
      {
        rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "must be absolute paths or start with '~/', not '%s'", items[i]);
        return FALSE;
      }
  return TRUE;
}

static const RbSettingRow rows[] = {
  { "broker", "profile", RB_SETTING_STRING, "local", 0, 0, "local;masons", NULL,
    "which network: shorthand for a connector, an upstream, emitters and spawn drivers" },
  { "broker", "account-id", RB_SETTING_STRING, "default", 0, 0, NULL, check_account_id,
    "the account this broker serves" },
  { "broker", "bus", RB_SETTING_STRING, "session", 0, 0, NULL, check_bus,
    "the D-Bus on which people and programs find it: 'session', 'no', or the address of another" },
  { "broker", "idle-exit-ms", RB_SETTING_INTEGER, "0", 0, 30 * DAY_MS, NULL, NULL,
    "how long nobody has to need it before it leaves, where something starts it again; 0: it stays" },
  { "broker", "disk-low-mib", RB_SETTING_INTEGER, "256", 0, 16 * MIB, NULL, NULL,
    "a person is told when less than this is free where messages are kept; 0: never" },
  { "broker", "data-dir", RB_SETTING_PATH, NULL, 0, 0, NULL, NULL,
    "where the state of all accounts lies; unset: XDG_DATA_HOME/masons-runtime-broker" },
  { "broker", "api-host", RB_SETTING_STRING, NULL, 0, 0, NULL, NULL,
    "profile masons: host of the upstream API, wins over the credentials" },
  { "broker", "credentials-file", RB_SETTING_PATH, NULL, 0, 0, NULL, NULL,
    "profile masons: file with the accounts' credentials" },
  { "broker", "openclaw-home", RB_SETTING_PATH, NULL, 0, 0, NULL, NULL,
    "profile masons: directory of openclaw.json; unset: ~/.openclaw" },
  { "broker", "runtime-token", RB_SETTING_STRING, NULL, 0, 0, NULL, check_derived,
    "profile masons: the account's secret; shown only, it comes from the credentials", .is_secret = TRUE },
  { "broker", "keyring-timeout-ms", RB_SETTING_INTEGER, "20000", 100, 600000, NULL, NULL,
    "time that a start gives the keyring, and you to unlock it, after 'brokerctl login'" },
  { "broker", "server-version", RB_SETTING_STRING, "999.0.0+runtime-broker." RB_VERSION, 0, 0, NULL, check_version,
    "version told to adapters; must not compare lower than any client's" },
  { "broker", "client-version", RB_SETTING_STRING, "0.2.36", 0, 0, NULL, check_version,
    "version told to the network" },
  { "broker", "probe-timeout-ms", RB_SETTING_INTEGER, "2000", 1, 60000, NULL, NULL,
    "time another broker of the account has to say that it is healthy" },
  { "broker", "stop-timeout-ms", RB_SETTING_INTEGER, "5000", 1, 600000, NULL, NULL,
    "time a stop may take; then the process ends as it is" },
  { "broker", "module-timeout-ms", RB_SETTING_INTEGER, "45000", 1, 3600000, NULL, NULL,
    "time a module has to answer a call; longer than its own limits, which say better what was slow" },
  { "broker", "modules-dir", RB_SETTING_STRING_LIST, NULL, 0, 0, NULL, NULL,
    "where modules are looked for, in order; unset: where they were installed" },
  { "broker", "connector", RB_SETTING_STRING, NULL, 0, 0, NULL, NULL,
    "connector module; unset: the profile's" },
  { "broker", "upstream", RB_SETTING_STRING, NULL, 0, 0, NULL, NULL,
    "upstream module; unset: the profile's" },
  { "broker", "emitters", RB_SETTING_STRING_LIST, NULL, 0, 0, NULL, NULL,
    "emitter modules; unset: the profile's; empty: none" },
  { "broker", "spawn-drivers", RB_SETTING_STRING_LIST, NULL, 0, 0, NULL, NULL,
    "spawn driver modules; unset: the profile's; empty: none" },
  { "broker", "required-modules", RB_SETTING_STRING_LIST, "", 0, 0, NULL, NULL,
    "emitters and spawn drivers without which the broker must not start" },

  { "ipc", "body-max", RB_SETTING_INTEGER, "1048576", KIB, GIB, NULL, NULL,
    "bytes of one request body" },
  { "ipc", "frame-max", RB_SETTING_INTEGER, "16777216", KIB, GIB, NULL, NULL,
    "bytes of one WebSocket message, fragmented or not" },
  { "ipc", "connections-max", RB_SETTING_INTEGER, "2048", 1, 1000000, NULL, NULL,
    "connections at one time, TCP and Unix socket together" },
  { "ipc", "requests-max", RB_SETTING_INTEGER, "8192", 1, 1000000, NULL, NULL,
    "requests at work at one time" },
  { "ipc", "input-max", RB_SETTING_INTEGER, "268435456", 1048576, 64 * GIB, NULL, NULL,
    "bytes of the requests at work, and of what is being received" },
  { "ipc", "header-timeout-ms", RB_SETTING_INTEGER, "10000", 1, 3600000, NULL, NULL,
    "time a client has to send a whole request" },
  { "ipc", "ping-interval-ms", RB_SETTING_INTEGER, "30000", 0, 3600000, NULL, NULL,
    "time between pings on a quiet channel; 0: none" },
  { "ipc", "socket", RB_SETTING_STRING, "yes", 0, 0, NULL, check_socket,
    "Unix socket: yes (its usual path), no, or a path" },

  { "page", "enabled", RB_SETTING_BOOLEAN, "true", 0, 0, NULL, NULL,
    "whether 'brokerctl open' can show a web page, for you alone, on this machine" },

  { "log", "level", RB_SETTING_STRING, "info", 0, 0, "debug;info;message;warning;error", NULL,
    "least level that is logged" },
  { "log", "levels", RB_SETTING_STRING_LIST, "", 0, 0, NULL, check_levels,
    "levels for single topics: TOPIC:LEVEL, such as rb-core:debug" },
  { "log", "file-size", RB_SETTING_INTEGER, "4194304", 4 * KIB, GIB, NULL, NULL,
    "bytes of a log file before it is rotated" },
  { "log", "files", RB_SETTING_INTEGER, "3", 1, 100, NULL, NULL,
    "log files of one process, the current one included" },
  { "log", "keep", RB_SETTING_INTEGER, "10", 0, 1000, NULL, NULL,
    "how many ended processes' logs stay" },

  { "notifications", "enabled", RB_SETTING_BOOLEAN, "true", 0, 0, NULL, NULL,
    "whether the desktop shows a notification, with buttons that answer, when something waits for a person" },
  { "notifications", "content", RB_SETTING_STRING, "show", 0, 0, "show;hide", NULL,
    "hide: notifications do not say who wrote, and what, also on the lock screen" },

  { "spawn", "remote", RB_SETTING_STRING, "allow", 0, 0, "allow;deny", NULL,
    "whether the network may have runtimes started here, by the spawn drivers that can; deny: no rule is asked" },
  { "spawn", "approval", RB_SETTING_STRING, "ask", 0, 0, "ask;allow;deny", NULL,
    "what becomes of such a start where no rule of the policy says it" },
  { "spawn", "units", RB_SETTING_STRING, "auto", 0, 0, "auto;off", NULL,
    "runtimes as units of the systemd user manager: auto: where one answers; off: in process groups of their own" },
  { "spawn", "directories", RB_SETTING_STRING_LIST, "", 0, 0, NULL, check_directories,
    "directories in which, and below which, runtimes may work, besides those of their own" },
  { "spawn", "memory-max-mib", RB_SETTING_INTEGER, "4096", 0, 16 * MIB, NULL, check_memory,
    "MiB of memory of one runtime; 0: no limit; outside a unit for each of its processes" },
  { "spawn", "tasks-max", RB_SETTING_INTEGER, "2048", 0, 4 * MIB, NULL, NULL,
    "processes and threads of one runtime, in a unit; 0: no limit" },
  { "spawn", "cpu-percent", RB_SETTING_INTEGER, "400", 0, 100000, NULL, NULL,
    "CPU time of one runtime, in a unit, in percent of one CPU; 0: no limit" },
  { "spawn", "stop-timeout-ms", RB_SETTING_INTEGER, "10000", 1, 600000, NULL, NULL,
    "time a runtime has to end when it is asked to; then it is killed" },
  { "spawn", "log-max-kib", RB_SETTING_INTEGER, "1024", 0, 16 * MIB, NULL, NULL,
    "KiB of a file with a runtime's output, outside a unit, before it is put aside; 0: it grows" },

  { "compat", "legacy-adapters", RB_SETTING_STRING, "auto", 0, 0, "auto;off", NULL,
    "serve adapters of the 0.2.5 age when one comes" },
  { "compat", "legacy-upstream", RB_SETTING_STRING, "auto", 0, 0, "auto;on;off", NULL,
    "profile masons: whether the upstream is of the 0.2.5 age; auto: when it has no capabilities route" },
};

const RbSettingRow *
rb_settings_table_get (guint *n_rows)
{
  *n_rows = G_N_ELEMENTS (rows);
  return rows;
}

static char *
check_integer (const RbSettingRow  *row,
               const char          *value,
               GError             **error)
{
  gboolean bounded = row->min != row->max;
  gint64 min = bounded ? row->min : G_MININT64;
  gint64 max = bounded ? row->max : G_MAXINT64;
  gint64 number;

  if (g_ascii_string_to_signed (value, 10, min, max, &number, NULL))
    return g_strdup_printf ("%" G_GINT64_FORMAT, number);

  if (bounded)
    rb_set_error (error, RB_ERROR_INVALID, "bad_setting",
                  "must be a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, min, max);
  else
    rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "must be a whole number");
  return NULL;
}

static char *
check_boolean (const char  *value,
               GError     **error)
{
  static const char *const yes[] = { "true", "yes", "on", "1", NULL };
  static const char *const no[] = { "false", "no", "off", "0", NULL };

  if (g_strv_contains (yes, value))
    return g_strdup ("true");
  if (g_strv_contains (no, value))
    return g_strdup ("false");

  rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "must be 'true' or 'false'");
  return NULL;
}

static char *
check_path (const char  *value,
            gboolean     relative,
            GError     **error)
{
  if (g_str_has_prefix (value, "~/"))
    return g_build_filename (g_get_home_dir (), value + 2, NULL);
  if (g_path_is_absolute (value) || relative)
    return g_strdup (value);

  rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "must be an absolute path or start with '~/'");
  return NULL;
}

static char *
check_string (const RbSettingRow  *row,
              const char          *value,
              GError             **error)
{
  g_auto(GStrv) choices = NULL;
  g_autofree char *shown = NULL;

  if (row->choices == NULL)
    return g_strdup (value);

  choices = g_strsplit (row->choices, ";", -1);
  if (g_strv_contains ((const char *const *) choices, value))
    return g_strdup (value);

  shown = g_strjoinv ("', '", choices);
  rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "must be one of '%s'", shown);
  return NULL;
}

/* Empty items go, so that "a;b;" and "a; b" mean the same. */
static char *
normal_list (const char *value)
{
  g_auto(GStrv) items = g_strsplit (value, ";", -1);
  g_autoptr(GPtrArray) kept = g_ptr_array_new ();

  for (guint i = 0; items[i] != NULL; i++)
    if (*g_strstrip (items[i]) != '\0')
      g_ptr_array_add (kept, items[i]);
  g_ptr_array_add (kept, NULL);
  return g_strjoinv (";", (char **) kept->pdata);
}

static char *
check_type (const RbSettingRow  *row,
            const char          *value,
            gboolean             relative,
            GError             **error)
{
  switch (row->type)
    {
    case RB_SETTING_INTEGER:
      return check_integer (row, value, error);
    case RB_SETTING_BOOLEAN:
      return check_boolean (value, error);
    case RB_SETTING_PATH:
      return check_path (value, relative, error);
    case RB_SETTING_STRING_LIST:
      return normal_list (value);
    case RB_SETTING_STRING:
      return check_string (row, value, error);
    }
  rb_set_error (error, RB_ERROR_INTERNAL, "bad_setting", "has an unknown type %d", (int) row->type);
  return NULL;
}

/**
 * rb_settings_table_check:
 * @row: the rule
 * @value: what was given; must be valid UTF-8
 * @relative: whether a relative path may stand
 * @error: return location for a #GError
 *
 * Nothing is trimmed: key files do that themselves, and an account id or a path from the environment is taken as it is, because other
 * programs find our files by the same text. Fails with %RB_ERROR_INVALID and a text that starts with "must" and fits behind
 * "[group] key: ".
 *
 * Returns: (transfer full): the value in its normal form
 */
char *
rb_settings_table_check (const RbSettingRow  *row,
                         const char          *value,
                         gboolean             relative,
                         GError             **error)
{
  g_autofree char *normal = NULL;

  if (*value == '\0' && row->type != RB_SETTING_STRING_LIST)
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "must not be empty");
      return NULL;
    }

  normal = check_type (row, value, relative, error);
  if (normal == NULL || (row->check != NULL && !row->check (normal, error)))
    return NULL;
  return g_steal_pointer (&normal);
}
