/* test-settings.c: every setting has a rule, a weight and an origin
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-json.h"
#include "rb-settings.h"
#include "rb-test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static GPtrArray *
new_problems (void)
{
  return g_ptr_array_new_with_free_func (g_free);
}

static void
add_text (RbSettings *settings,
          const char *name,
          const char *text)
{
  g_autoptr(GPtrArray) problems = new_problems ();

  rb_settings_add_text (settings, name, text, strlen (text), problems);
  g_assert_cmpuint (problems->len, ==, 0);
}

static void
test_defaults_pass (void)
{
  guint n_rows[2];
  const RbSettingRow *tables[] = { rb_settings_table_get (&n_rows[0]), rb_settings_limits_get (&n_rows[1]) };

  g_test_summary ("Each default passes its own rule, each row has a summary, and no row stands twice.");

  for (guint t = 0; t < G_N_ELEMENTS (tables); t++)
    for (guint i = 0; i < n_rows[t]; i++)
      {
        const RbSettingRow *row = &tables[t][i];
        g_autofree char *value = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_nonnull (row->summary);
        for (guint j = 0; j < i; j++)
          g_assert_false (g_str_equal (tables[t][j].key, row->key) && g_str_equal (tables[t][j].group, row->group));
        if (row->default_value == NULL)
          continue;
        value = rb_settings_table_check (row, row->default_value, FALSE, &error);
        g_assert_no_error (error);
        g_assert_cmpstr (value, ==, row->default_value);
      }
}

static void
test_limits_defaults (void)
{
  g_autoptr(RbSettings) settings = rb_settings_new ();
  RbCoreSettings filled;
  RbCoreSettings expected;

  g_test_summary ("Without a word from anybody the core gets its own defaults.");

  rb_core_settings_init (&expected);
  rb_settings_fill_core (settings, &filled);
  g_assert_cmpint (filled.push_ack_timeout, ==, expected.push_ack_timeout);
  g_assert_cmpint (filled.endpoint_grace, ==, expected.endpoint_grace);
  g_assert_cmpint (filled.acceptance_timeout, ==, expected.acceptance_timeout);
  g_assert_cmpint (filled.reply_record_ttl, ==, expected.reply_record_ttl);
  g_assert_cmpint (filled.reply_correlation_ttl, ==, expected.reply_correlation_ttl);
  g_assert_cmpint (filled.presence_grace, ==, expected.presence_grace);
  g_assert_cmpint (filled.seen_retention, ==, expected.seen_retention);
  g_assert_cmpint (filled.archive.max_age_ms, ==, expected.archive.max_age_ms);
  g_assert_cmpuint (filled.archive.max_bytes, ==, expected.archive.max_bytes);
  g_assert_cmpuint (filled.archive.max_entries, ==, expected.archive.max_entries);
  g_assert_cmpuint (filled.archive.text_max, ==, expected.archive.text_max);
  g_assert_cmpuint (filled.inbox_cap, ==, expected.inbox_cap);
  g_assert_cmpuint (filled.correlation_ring_cap, ==, expected.correlation_ring_cap);
  g_assert_cmpuint (filled.reply_correlation_cap, ==, expected.reply_correlation_cap);
  g_assert_cmpuint (filled.endpoint_cap, ==, expected.endpoint_cap);
  g_assert_cmpuint (filled.queue_cap, ==, expected.queue_cap);
  g_assert_cmpuint (filled.queue_bytes_cap, ==, expected.queue_bytes_cap);
  g_assert_cmpuint (filled.window_messages, ==, expected.window_messages);
  g_assert_cmpuint (filled.window_bytes, ==, expected.window_bytes);
  g_assert_cmpuint (filled.push_window_messages, ==, expected.push_window_messages);
  g_assert_cmpuint (filled.push_window_bytes, ==, expected.push_window_bytes);
  g_assert_true (filled.legacy_adapters);
}

static void
test_limits_filled (void)
{
  g_autoptr(RbSettings) settings = rb_settings_new ();
  RbCoreSettings core;
  RbIpcOptions ipc = { NULL };

  g_test_summary ("What is set reaches the parts, in their units.");

  add_text (settings, "f", "[limits]\ninbox-cap=7\nqueue-bytes-cap=4096\nacceptance-timeout-ms=0\n"
            "[history]\nmax-entries=9\ntext-max=0\n"
            "[ipc]\nping-interval-ms=0\nbody-max=2048\n[compat]\nlegacy-adapters=off\nlegacy-upstream=on\n[spawn]\nremote=deny\napproval=deny\n");
  g_assert_true (rb_settings_resolve (settings, NULL));
  rb_settings_fill_core (settings, &core);
  rb_settings_fill_ipc (settings, &ipc);
  g_assert_cmpuint (core.inbox_cap, ==, 7);
  g_assert_cmpuint (core.queue_bytes_cap, ==, 4096);
  g_assert_cmpuint (core.archive.max_entries, ==, 9);
  g_assert_cmpuint (core.archive.text_max, ==, 0);
  g_assert_cmpint (core.acceptance_timeout, ==, 0);
  g_assert_false (core.legacy_adapters);
  g_assert_false (core.remote_spawn);
  g_assert_cmpint (core.spawn_approval, ==, RB_POLICY_DENY);
  g_assert_cmpint (core.legacy_upstream, ==, RB_LEGACY_UPSTREAM_ON);
  g_assert_cmpint (ipc.ping_interval_ms, ==, -1);
  g_assert_cmpuint (ipc.body_max, ==, 2048);
  g_assert_true (g_str_has_prefix (ipc.server_version, "999.0.0+runtime-broker."));
}

/* Source: protocol.md 3.1 and IMP-2. */
static void
test_precedence (void)
{
  static const char *const environment[] = {
    "MASONS_BROKER_ACCOUNT_ID=from-environment", "MASONS_BROKER_USER_DATA=", "OPENCLAW_HOME=relative/claw ", NULL
  };
  g_autoptr(RbSettings) settings = rb_settings_new ();
  g_autoptr(GPtrArray) problems = new_problems ();

  g_test_summary ("Later layers win; an empty variable is none; what is not overridden stays.");

  rb_settings_infer (settings, "broker", "profile", "masons", "somewhere");
  add_text (settings, "one.conf", "[broker]\naccount-id=from-one\ndata-dir=/one\nclient-version=1\n");
  add_text (settings, "two.conf", "[broker]\naccount-id=from-two\n\n[log]\nlevel=debug\n");
  rb_settings_add_environment (settings, environment);
  rb_settings_add_option (settings, "log.level=warning", problems);
  g_assert_true (rb_settings_resolve (settings, problems));

  g_assert_cmpstr (rb_settings_get_string (settings, "broker", "profile"), ==, "masons");
  g_assert_cmpstr (rb_settings_get_string (settings, "broker", "account-id"), ==, "from-environment");
  g_assert_cmpstr (rb_settings_get_origin (settings, "broker", "account-id"), ==, "environment MASONS_BROKER_ACCOUNT_ID");
  g_assert_cmpstr (rb_settings_get_string (settings, "broker", "data-dir"), ==, "/one");
  g_assert_cmpstr (rb_settings_get_origin (settings, "broker", "data-dir"), ==, "one.conf:3");
  g_assert_cmpstr (rb_settings_get_string (settings, "broker", "openclaw-home"), ==, "relative/claw ");
  g_assert_cmpstr (rb_settings_get_string (settings, "broker", "client-version"), ==, "1");
  g_assert_cmpstr (rb_settings_get_string (settings, "log", "level"), ==, "warning");
  g_assert_cmpstr (rb_settings_get_origin (settings, "log", "level"), ==, "option --set");
  g_assert_cmpstr (rb_settings_get_origin (settings, "log", "files"), ==, "default");
}

static void
test_written_beats_inferred (void)
{
  g_autoptr(RbSettings) settings = rb_settings_new ();

  g_test_summary ("A profile that somebody wrote wins over one that was concluded.");

  add_text (settings, "f", "[broker]\nprofile=local\n");
  rb_settings_infer (settings, "broker", "profile", "masons", "somewhere");
  g_assert_true (rb_settings_resolve (settings, NULL));
  g_assert_cmpstr (rb_settings_get_string (settings, "broker", "profile"), ==, "local");
}

static void
test_refused (void)
{
  static const struct {
    const char *group;
    const char *key;
    const char *value;
  } cases[] = {
    { "broker", "profile", "moon" },
    { "broker", "profile", "" },
    { "broker", "account-id", "" },
    { "broker", "account-id", ".." },
    { "broker", "account-id", "." },
    { "broker", "data-dir", "relative/path" },
    { "broker", "server-version", "two words" },
    { "ipc", "body-max", "0" },
    { "ipc", "body-max", "-1" },
    { "ipc", "body-max", "12x" },
    { "ipc", "body-max", "1.5" },
    { "ipc", "body-max", "99999999999999999999999" },
    { "ipc", "frame-max", "10" },
    { "ipc", "connections-max", "0" },
    { "ipc", "header-timeout-ms", "0" },
    { "ipc", "ping-interval-ms", "-5" },
    { "ipc", "socket", "maybe" },
    { "log", "level", "loud" },
    { "log", "levels", "rb-core" },
    { "log", "levels", "rb-core:loud" },
    { "log", "levels", ":debug" },
    { "log", "file-size", "1" },
    { "log", "files", "0" },
    { "log", "keep", "-1" },
    { "compat", "legacy-adapters", "yes" },
    { "compat", "legacy-upstream", "" },
    { "spawn", "remote", "ask" },
    { "spawn", "units", "maybe" },
    { "spawn", "directories", "/good;relative/bad" },
    { "spawn", "memory-max-mib", "1" },
    { "spawn", "memory-max-mib", "-1" },
    { "spawn", "tasks-max", "99999999999" },
    { "spawn", "cpu-percent", "50%" },
    { "spawn", "stop-timeout-ms", "0" },
    { "spawn", "log-max-kib", "-5" },
    { "limits", "push-ack-timeout-ms", "0" },
    { "limits", "endpoint-grace-ms", "0" },
    { "limits", "acceptance-timeout-ms", "-2" },
    { "limits", "reply-record-ttl-ms", "0" },
    { "limits", "reply-correlation-ttl-ms", "-1" },
    { "limits", "presence-grace-ms", "0" },
    { "limits", "seen-retention-ms", "0" },
    { "history", "max-age-ms", "-1" },
    { "history", "max-bytes", "64 MiB" },
    { "history", "max-entries", "0" },
    { "history", "text-max", "-1" },
    { "limits", "inbox-cap", "0" },
    { "limits", "correlation-ring-cap", "0" },
    { "limits", "reply-correlation-cap", "0" },
    { "limits", "endpoint-cap", "0" },
    { "limits", "queue-cap", "-1" },
    { "limits", "queue-bytes-cap", "0" },
    { "limits", "window-messages", "0" },
    { "limits", "window-bytes", "1" },
    { "limits", "push-window-messages", "many" },
    { "limits", "push-window-bytes", "0" },
    { "limits", "mailroom-interval-ms", "0" },
    { "limits", "mailroom-retry-ms", "0" },
    { "limits", "mailroom-list-limit", "0" },
    { "limits", "staged-max-timeout-ms", "-1" },
    { "limits", "staged-max-hold-ms", "60000" },
    { "limits", "staged-cap", "0" },
    { "limits", "staged-bytes-cap", "1" },
    { "limits", "staged-waiters-cap", "0" },
    { "broker", "no-such-key", "1" },
    { "no-such-group", "key", "1" },
  };

  g_test_summary ("A wrong value, key or group is told with file, line, group and key, and is not taken.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(RbSettings) settings = rb_settings_new ();
      g_autoptr(GPtrArray) problems = new_problems ();
      g_autofree char *text = g_strdup_printf ("# a comment\n[%s]\n%s=%s\n", cases[i].group, cases[i].key, cases[i].value);
      g_autofree char *expected = g_strdup_printf ("/etc/x.conf:3: [%s] %s: ", cases[i].group, cases[i].key);

      add_text (settings, "/etc/x.conf", text);
      g_assert_false (rb_settings_resolve (settings, problems));
      g_assert_cmpuint (problems->len, ==, 1);
      if (!g_str_has_prefix (problems->pdata[0], expected))
        g_error ("'%s' instead of '%s'", (char *) problems->pdata[0], expected);
    }
}

static void
test_all_reported (void)
{
  g_autoptr(RbSettings) settings = rb_settings_new ();
  g_autoptr(GPtrArray) problems = new_problems ();

  g_test_summary ("All that is wrong is told at once, also what a later layer covers.");

  add_text (settings, "f", "[log]\nlevel=loud\nfiles=0\n[broker]\nnonsense=1\n");
  rb_settings_add_option (settings, "log.level=info", problems);
  rb_settings_add_option (settings, "limits.inbox-cap=none", problems);
  g_assert_false (rb_settings_resolve (settings, problems));
  g_assert_cmpuint (problems->len, ==, 4);
  g_assert_cmpstr (rb_settings_get_string (settings, "log", "level"), ==, "info");
  g_assert_true (g_str_has_prefix (problems->pdata[3], "option --set: [limits] inbox-cap: "));
}

static void
test_option_malformed (void)
{
  static const char *const cases[] = { "", "x", "=", "log.level", "level=debug", ".level=1", "log.=1", "a=b.c" };

  g_test_summary ("An option that is not GROUP.KEY=VALUE is refused.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(RbSettings) settings = rb_settings_new ();
      g_autoptr(GPtrArray) problems = new_problems ();

      rb_settings_add_option (settings, cases[i], problems);
      g_assert_cmpuint (problems->len, ==, 1);
    }
}

static void
test_text_malformed (void)
{
  static const char nul[] = "[log]\nlevel=in\0fo\n";
  static const struct {
    const char *text;
    gsize       length;
  } cases[] = {
    { "level=info\n", 11 },
    { "[log\nlevel=info\n", 16 },
    { "[log]\nnot a pair\n", 17 },
    { "[log]\nlevel=\xff\xfe\n", 15 },
    { nul, sizeof nul - 1 },
    { "[log]\nlevel=a\\qb\n", 17 },
    { "[log]\nlevel=a\\q\\\n", 17 },
    { "[log]\nlevel=a\\\n", 15 },
  };

  g_test_summary ("A file that is no key file is a problem that names the file; nothing of it is guessed.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(RbSettings) settings = rb_settings_new ();
      g_autoptr(GPtrArray) problems = new_problems ();

      rb_settings_add_text (settings, "bad.conf", cases[i].text, cases[i].length, problems);
      g_assert_cmpuint (problems->len, ==, 1);
      g_assert_true (g_str_has_prefix (problems->pdata[0], "bad.conf"));
    }
}

static void
test_forms (void)
{
  g_autoptr(RbSettings) settings = rb_settings_new ();
  g_auto(GStrv) emitters = NULL;
  g_auto(GStrv) drivers = NULL;
  static const char *const expected[] = { "a", "b", NULL };

  g_test_summary ("Lists lose blanks, an empty list is not an unset one, ~/ is the home directory, empty unsets.");

  add_text (settings, "f", "[broker]\nemitters= a ; b;;\nspawn-drivers=\ndata-dir=~/data\nconnector=x\n");
  add_text (settings, "g", "[broker]\nconnector=\n");
  g_assert_true (rb_settings_resolve (settings, NULL));
  emitters = rb_settings_dup_list (settings, "broker", "emitters");
  drivers = rb_settings_dup_list (settings, "broker", "spawn-drivers");
  g_assert_cmpstrv (emitters, expected);
  g_assert_cmpuint (g_strv_length (drivers), ==, 0);
  g_assert_true (g_str_has_prefix (rb_settings_get_string (settings, "broker", "data-dir"), g_get_home_dir ()));
  g_assert_null (rb_settings_get_string (settings, "broker", "connector"));
}

static const RbModuleSetting module_settings[] = {
  { "address", RB_SETTING_STRING, "here", "an address" },
  { "count", RB_SETTING_INTEGER, NULL, "a count" },
  { "on", RB_SETTING_BOOLEAN, "false", "a switch" },
  { "item-*", RB_SETTING_STRING, NULL, "one of many" },
  { NULL }
};

static const RbModuleInfo module_info = {
  RB_MODULE_ABI, sizeof (RbModuleInfo), "gizmo", "1", "a module", RB_MODULE_EMITTER, module_settings, NULL
};

static void
test_module_group (void)
{
  g_autoptr(RbSettings) settings = rb_settings_new ();
  g_autoptr(GPtrArray) problems = new_problems ();
  g_autoptr(GHashTable) values = NULL;
  g_auto(GStrv) unknown = NULL;

  g_test_summary ("A module's group is known once its table is; the module gets its values in their normal form.");

  add_text (settings, "f", "[gizmo]\ncount=5\non=yes\nitem-one=1\nitem-two=2\n");
  unknown = rb_settings_dup_unknown_groups (settings);
  g_assert_cmpuint (g_strv_length (unknown), ==, 1);
  g_assert_cmpstr (unknown[0], ==, "gizmo");
  g_assert_false (rb_settings_resolve (settings, NULL));

  rb_settings_add_module (settings, &module_info);
  g_assert_true (rb_settings_resolve (settings, problems));
  g_assert_cmpuint (problems->len, ==, 0);
  values = rb_settings_dup_module_values (settings, &module_info);
  g_assert_cmpuint (g_hash_table_size (values), ==, 5);
  g_assert_cmpstr (g_hash_table_lookup (values, "address"), ==, "here");
  g_assert_cmpstr (g_hash_table_lookup (values, "count"), ==, "5");
  g_assert_cmpstr (g_hash_table_lookup (values, "on"), ==, "true");
  g_assert_cmpstr (g_hash_table_lookup (values, "item-two"), ==, "2");
}

static void
test_module_refused (void)
{
  static const char *const cases[] = { "count=many", "on=perhaps", "colour=red", "item-=1" };

  g_test_summary ("In a module's group too, a wrong value and an unknown key are told by name.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(RbSettings) settings = rb_settings_new ();
      g_autoptr(GPtrArray) problems = new_problems ();
      g_autofree char *text = g_strdup_printf ("[gizmo]\n%s\n", cases[i]);

      rb_settings_add_module (settings, &module_info);
      add_text (settings, "f", text);
      g_assert_false (rb_settings_resolve (settings, problems));
      g_assert_cmpuint (problems->len, ==, 1);
      g_assert_true (g_str_has_prefix (problems->pdata[0], "f:2: [gizmo] "));
    }
}

static void
test_isolation (void)
{
  static const struct {
    const char   *text;
    RbModuleKind  kind;
    gboolean      isolated;
    const char   *problem;   /* NULL: none */
  } cases[] = {
    { "isolate=yes\nisolate-memory-mib=64", RB_MODULE_CONNECTOR, TRUE, NULL },
    { "isolate=true\nisolate=off", RB_MODULE_CONNECTOR, FALSE, NULL },
    { "count=1", RB_MODULE_CONNECTOR, FALSE, NULL },
    { "isolate=perhaps", RB_MODULE_CONNECTOR, TRUE, "f:2: [gizmo] isolate: " },
    { "isolate-memory-mib=much", RB_MODULE_CONNECTOR, FALSE, "f:2: [gizmo] isolate-memory-mib: " },
    { "isolate=yes", RB_MODULE_EMITTER, TRUE, "f:2: [gizmo] isolate: only a connector can run in a process of its own" },
  };

  g_test_summary ("Every connector's group says whether it is isolated, also before its keys are known; that of another kind cannot.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(RbSettings) settings = rb_settings_new ();
      g_autoptr(GPtrArray) problems = new_problems ();
      g_autofree char *text = g_strdup_printf ("[gizmo]\n%s\n", cases[i].text);
      g_autoptr(GHashTable) values = NULL;
      RbModuleInfo info = module_info;

      add_text (settings, "f", text);
      g_assert_cmpint (rb_settings_is_isolated (settings, "gizmo"), ==, cases[i].isolated);
      g_assert_false (rb_settings_is_isolated (settings, "other"));
      info.kind = cases[i].kind;
      rb_settings_add_module (settings, &info);
      g_assert_cmpint (rb_settings_resolve (settings, problems), ==, cases[i].problem == NULL);
      g_assert_true (cases[i].problem == NULL || g_str_has_prefix (problems->pdata[0], cases[i].problem));
      values = rb_settings_dup_module_values (settings, &info);
      g_assert_false (g_hash_table_contains (values, "isolate"));
    }
}

/* A group that only an upstream has so far: there may be a connector of that name. */
static void
test_isolation_unknown (void)
{
  g_autoptr(RbSettings) settings = rb_settings_new ();
  g_auto(GStrv) unknown = NULL;
  g_auto(GStrv) known = NULL;
  RbModuleInfo info = module_info;

  g_test_summary ("A group that is to be isolated and has no connector yet is looked for once more.");

  add_text (settings, "f", "[gizmo]\nisolate=yes\n");
  rb_settings_add_module (settings, &info);
  unknown = rb_settings_dup_unknown_groups (settings);
  g_assert_cmpuint (g_strv_length (unknown), ==, 1);
  info.kind = RB_MODULE_CONNECTOR;
  rb_settings_add_module (settings, &info);
  known = rb_settings_dup_unknown_groups (settings);
  g_assert_cmpuint (g_strv_length (known), ==, 0);
}

static void
test_explain (void)
{
  g_autoptr(RbSettings) settings = rb_settings_new ();
  g_autofree char *text = NULL;
  g_autofree char *json = NULL;
  g_autoptr(GVariant) view = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(RbJson) parsed = NULL;
  guint n_rows[2];

  g_test_summary ("Each setting is shown with its value and where it came from, as text, JSON and GVariant.");

  rb_settings_table_get (&n_rows[0]);
  rb_settings_limits_get (&n_rows[1]);
  add_text (settings, "/etc/x.conf", "[log]\nlevel=debug\n");
  g_assert_true (rb_settings_resolve (settings, NULL));

  text = rb_settings_to_text (settings);
  g_assert_nonnull (strstr (text, "log.level = debug   (/etc/x.conf:2)\n"));
  g_assert_nonnull (strstr (text, "log.files = 3\n"));
  g_assert_nonnull (strstr (text, "broker.connector = (unset)\n"));

  json = rb_settings_to_json (settings);
  bytes = g_bytes_new (json, strlen (json));
  parsed = rb_json_parse (bytes, 0, NULL);
  g_assert_nonnull (parsed);
  g_assert_cmpuint (rb_json_get_length (parsed), ==, n_rows[0] + n_rows[1]);

  view = g_variant_ref_sink (rb_settings_view (settings));
  g_assert_true (g_variant_is_of_type (view, G_VARIANT_TYPE ("aa{sv}")));
  g_assert_cmpuint (g_variant_n_children (view), ==, n_rows[0] + n_rows[1]);
}

static void
write_file (const char *base,
            const char *name,
            const char *text)
{
  g_autofree char *path = g_build_filename (base, "runtime-broker", name, NULL);
  g_autofree char *dir = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (dir, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
test_files_order (void)
{
  g_autofree char *one = rb_test_make_dir ();
  g_autofree char *two = rb_test_make_dir ();
  g_autofree char *user = rb_test_make_dir ();
  const char *const system_dirs[] = { one, two, NULL };
  g_auto(GStrv) files = NULL;
  static const char *const endings[] = {
    "broker.conf", "broker.conf", "broker.conf", "broker.conf.d/10.conf", "broker.conf.d/05.conf", "broker.conf.d/20.conf",
  };

  g_test_summary ("System files first, the most important last; then the user's; then drop-ins, by name in each directory.");

  write_file (one, "broker.conf.d/10.conf", "");
  write_file (one, "broker.conf.d/.hidden.conf", "");
  write_file (one, "broker.conf.d/readme", "");
  write_file (user, "broker.conf.d/20.conf", "");
  write_file (user, "broker.conf.d/05.conf", "");

  files = rb_settings_dup_files (system_dirs, user);
  g_assert_cmpuint (g_strv_length (files), ==, G_N_ELEMENTS (endings));
  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    g_assert_true (g_str_has_suffix (files[i], endings[i]));
  g_assert_true (g_str_has_prefix (files[0], two));
  g_assert_true (g_str_has_prefix (files[1], one));
  g_assert_true (g_str_has_prefix (files[2], user));
}

static void
test_files_read (void)
{
  g_autoptr(RbSettings) settings = rb_settings_new ();
  g_autoptr(GPtrArray) problems = new_problems ();

  g_test_summary ("The user's file is read, and a missing one is no problem.");

  rb_settings_read_files (settings, NULL, problems);
  g_assert_cmpuint (problems->len, ==, 0);
  write_file (g_get_user_config_dir (), "broker.conf", "[log]\nlevel=error\n");
  rb_settings_read_files (settings, NULL, problems);
  g_assert_cmpuint (problems->len, ==, 0);
  g_assert_true (rb_settings_resolve (settings, problems));
  g_assert_cmpstr (rb_settings_get_string (settings, "log", "level"), ==, "error");
}

static void
test_files_refused (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *missing = g_build_filename (dir, "missing", NULL);
  g_autofree char *fifo = g_build_filename (dir, "fifo", NULL);
  g_autofree char *large = g_build_filename (dir, "large", NULL);
  g_autofree char *filler = g_strnfill (1100000, '#');
  const char *const cases[] = { missing, fifo, large, dir, "/dev/zero" };

  g_test_summary ("A file that was asked for must exist, be a regular file and have a reasonable size; none of them blocks the start.");

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_true (g_file_set_contents (large, filler, -1, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(RbSettings) settings = rb_settings_new ();
      g_autoptr(GPtrArray) problems = new_problems ();

      rb_settings_read_files (settings, cases[i], problems);
      g_assert_cmpuint (problems->len, ==, 1);
      g_assert_true (g_str_has_prefix (problems->pdata[0], cases[i]));
    }
}

static void
test_secret (void)
{
  g_autoptr(RbSettings) settings = rb_settings_new ();
  g_autoptr(GPtrArray) problems = new_problems ();
  g_autofree char *text = NULL;

  g_test_summary ("The runtime token cannot be written, is not repeated when somebody tries, and shows only that it is set.");

  add_text (settings, "f", "[broker]\nruntime-token=s3cret\n");
  g_assert_false (rb_settings_resolve (settings, problems));
  g_assert_cmpuint (problems->len, ==, 1);
  g_assert_cmpstr (problems->pdata[0], ==, "f:2: [broker] runtime-token: cannot be set: it comes from the credentials");
  g_assert_null (rb_settings_get_string (settings, "broker", "runtime-token"));

  rb_settings_infer (settings, "broker", "runtime-token", RB_SETTING_SECRET_SHOWN, "/c.json");
  rb_settings_resolve (settings, NULL);
  text = rb_settings_to_text (settings);
  g_assert_nonnull (strstr (text, "broker.runtime-token = <set>   (/c.json)\n"));
  g_assert_null (strstr (text, "s3cret"));
}

static void
test_legacy (void)
{
  static const struct {
    const char       *text;
    gboolean          adapters;
    RbLegacyUpstream  upstream;
  } cases[] = {
    { "", TRUE, RB_LEGACY_UPSTREAM_AUTO },
    { "[compat]\nlegacy-upstream=on\n", TRUE, RB_LEGACY_UPSTREAM_ON },
    { "[compat]\nlegacy-upstream=off\nlegacy-adapters=off\n", FALSE, RB_LEGACY_UPSTREAM_OFF },
  };

  g_test_summary ("Which ages are served reaches the core.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(RbSettings) settings = rb_settings_new ();
      RbCoreSettings filled;

      add_text (settings, "f", cases[i].text);
      g_assert_true (rb_settings_resolve (settings, NULL));
      rb_settings_fill_core (settings, &filled);
      g_assert_cmpint (filled.legacy_adapters, ==, cases[i].adapters);
      g_assert_cmpint (filled.legacy_upstream, ==, cases[i].upstream);
    }
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/settings/table/defaults-pass", test_defaults_pass);
  g_test_add_func ("/settings/table/refused", test_refused);
  g_test_add_func ("/settings/table/forms", test_forms);
  g_test_add_func ("/settings/limits/defaults", test_limits_defaults);
  g_test_add_func ("/settings/limits/filled", test_limits_filled);
  g_test_add_func ("/settings/layers/precedence", test_precedence);
  g_test_add_func ("/settings/layers/written-beats-inferred", test_written_beats_inferred);
  g_test_add_func ("/settings/layers/all-reported", test_all_reported);
  g_test_add_func ("/settings/option/malformed", test_option_malformed);
  g_test_add_func ("/settings/text/malformed", test_text_malformed);
  g_test_add_func ("/settings/module/group", test_module_group);
  g_test_add_func ("/settings/module/refused", test_module_refused);
  g_test_add_func ("/settings/module/isolation", test_isolation);
  g_test_add_func ("/settings/module/isolation-unknown", test_isolation_unknown);
  g_test_add_func ("/settings/explain", test_explain);
  g_test_add_func ("/settings/explain/secret", test_secret);
  g_test_add_func ("/settings/compat/legacy", test_legacy);
  g_test_add_func ("/settings/files/order", test_files_order);
  g_test_add_func ("/settings/files/read", test_files_read);
  g_test_add_func ("/settings/files/refused", test_files_refused);
  return g_test_run ();
}
