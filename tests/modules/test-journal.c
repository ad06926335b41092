/* test-journal.c: the journal module writes what it should, and no more
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-api.h"
#include "rb-fake-clock.h"
#include "rb-journal-record.h"
#include "rb-test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

extern const RbModuleInfo rb_module_info;

#define PROCESSING_STATE                                                                                                  \
  "{\"type\":\"runtime_processing_state\",\"version\":1,\"source_message_id\":\"m1\",\"assignment_id\":\"as1\","          \
  "\"state_event_id\":\"as1:assigned\",\"state_sequence\":1,\"state\":\"assigned_to_runtime_target\","                    \
  "\"occurred_at\":1795427510000,\"detail\":\"free words\",\"broker_projection_token\":\"very-secret\","                  \
  "\"target_ref\":{\"kind\":\"projection_endpoint\",\"projection_endpoint_id\":\"ep_1\","                                 \
  "\"background_exchange_mode\":\"resident_endpoint\"}}"

#define UNDISPATCHED                                                                                                      \
  "{\"type\":\"undispatched_changed\",\"version\":1,\"action\":\"add\",\"undispatched_id\":\"m2\","                       \
  "\"sender_address\":\"b\\\"ob\",\"content_preview\":\"what people wrote\",\"reason\":\"no_target_endpoint\",\"ts\":5}"

static RbEvent *
make_event (RbEventKind  kind,
            const char  *subject,
            const char  *payload)
{
  g_autoptr(GBytes) bytes = g_bytes_new (payload, strlen (payload));

  return rb_event_new (kind, subject, bytes);
}

static void
test_record_line (void)
{
  g_autoptr(RbEvent) event = make_event (RB_EVENT_PROCESSING_STATE, "as1", PROCESSING_STATE);
  g_autoptr(GError) error = NULL;
  g_autofree char *line = rb_journal_record_line (event, "work", 1795427510678, &error);

  g_test_summary ("A line has time, account, event, subject and the listed members, as they were.");

  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (line, "{\"ts\":\"2026-11-23T"));
  g_assert_true (g_str_has_suffix (line, "}\n"));
  g_assert_nonnull (strstr (line, "\"account\":\"work\""));
  g_assert_nonnull (strstr (line, "\"subject\":\"as1\""));
  g_assert_nonnull (strstr (line, "\"state_sequence\":1"));
  g_assert_nonnull (strstr (line, "\"state\":\"assigned_to_runtime_target\""));
  g_assert_nonnull (strstr (line, "\"target_endpoint_id\":\"ep_1\""));
}

static void
test_record_secrets (void)
{
  g_autoptr(RbEvent) state = make_event (RB_EVENT_PROCESSING_STATE, "as1", PROCESSING_STATE);
  g_autoptr(RbEvent) undispatched = make_event (RB_EVENT_UNDISPATCHED_CHANGED, "m2", UNDISPATCHED);
  g_autofree char *one = rb_journal_record_line (state, "work", 0, NULL);
  g_autofree char *two = rb_journal_record_line (undispatched, "work", 0, NULL);
  g_autoptr(GPtrArray) fields = rb_journal_record_fields (state, "work", NULL);

  g_test_summary ("Neither a token, nor a preview, nor free text is written down.");

  g_assert_null (strstr (one, "very-secret"));
  g_assert_null (strstr (one, "free words"));
  g_assert_null (strstr (two, "what people wrote"));
  g_assert_nonnull (strstr (two, "\"sender_address\":\"b\\\"ob\""));
  g_assert_nonnull (strstr (two, "\"event_ts\":5"));
  for (guint i = 0; i < fields->len; i++)
    g_assert_null (strstr (fields->pdata[i], "secret"));
}

static const char *
find_value (GPtrArray  *fields,
            const char *name)
{
  for (guint i = 0; i + 1 < fields->len; i += 2)
    if (g_str_equal (fields->pdata[i], name))
      return fields->pdata[i + 1];
  return NULL;
}

static void
test_record_fields (void)
{
  g_autoptr(RbEvent) event = make_event (RB_EVENT_UNDISPATCHED_CHANGED, "m2", UNDISPATCHED);
  g_autoptr(GPtrArray) fields = rb_journal_record_fields (event, "work", NULL);

  g_test_summary ("The journal gets upper-case fields, strings without their quotes.");

  g_assert_nonnull (fields);
  g_assert_cmpstr (find_value (fields, "RB_SUBJECT"), ==, "m2");
  g_assert_cmpstr (find_value (fields, "RB_ACCOUNT"), ==, "work");
  g_assert_cmpstr (find_value (fields, "RB_SENDER_ADDRESS"), ==, "b\"ob");
  g_assert_cmpstr (find_value (fields, "RB_TS"), ==, "5");
  g_assert_cmpstr (find_value (fields, "PRIORITY"), ==, "6");
  g_assert_nonnull (find_value (fields, "MESSAGE"));
}

static void
test_record_malformed (void)
{
  g_autoptr(RbEvent) event = make_event (RB_EVENT_INBOUND_ROUTED, "m1", "[1]");
  g_autoptr(GError) error = NULL;

  g_test_summary ("A payload that is not an object is refused.");

  g_assert_null (rb_journal_record_line (event, "work", 0, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
}

static RbModule *
make_emitter (const char  *state_dir,
              const char  *key,
              const char  *value,
              GError     **error)
{
  g_autoptr(RbClock) clock = rb_fake_clock_new ();
  RbModuleEnvironment environment = { .clock = clock, .account_id = "work", .state_dir = state_dir };
  g_autoptr(GHashTable) settings = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr(RbModuleContext) context = NULL;
  g_autoptr(RbModule) module = g_object_new (rb_module_info.get_type (), NULL);

  g_hash_table_insert (settings, (gpointer) "target", (gpointer) "file");
  if (key != NULL)
    g_hash_table_insert (settings, (gpointer) key, (gpointer) value);
  context = rb_module_context_new (&rb_module_info, &environment, settings);
  return rb_module_configure (module, context, error) ? g_steal_pointer (&module) : NULL;
}

static void
start (RbModule *module)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  rb_module_start_async (module, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  rb_module_start_finish (module, result, &error);
  g_assert_no_error (error);
}

static gboolean
emit (RbModule    *module,
      const char  *payload,
      GError     **error)
{
  g_autoptr(RbEvent) event = make_event (RB_EVENT_UNDISPATCHED_CHANGED, "m2", payload);
  g_autoptr(GAsyncResult) result = NULL;

  rb_emitter_emit_async (RB_EMITTER (module), event, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_emitter_emit_finish (RB_EMITTER (module), result, error);
}

static void
test_file_written (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *path = g_build_filename (dir, "events.log", NULL);
  g_autoptr(RbModule) module = make_emitter (dir, NULL, NULL, NULL);
  g_autofree char *text = NULL;
  GStatBuf info;

  g_test_summary ("Without a journal events are lines of events.log, which others cannot read.");

  g_assert_nonnull (module);
  g_assert_false (rb_emitter_is_authority (RB_EMITTER (module)));
  start (module);
  g_assert_true (emit (module, UNDISPATCHED, NULL));
  g_assert_true (emit (module, UNDISPATCHED, NULL));

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_true (g_str_has_prefix (text, "{\"ts\":\"2026-01-01T00:00:00.000Z\","));
  g_assert_nonnull (strstr (text, "}\n{"));
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0600);
}

static void
test_file_rotated (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *current = g_build_filename (dir, "events.log", NULL);
  g_autofree char *older = g_build_filename (dir, "events.log.1", NULL);
  g_autofree char *oldest = g_build_filename (dir, "events.log.3", NULL);
  g_autoptr(RbModule) module = make_emitter (dir, "file-size", "4096", NULL);
  GStatBuf info;

  g_test_summary ("A file stays below its size, and no more files stay than were asked for.");

  start (module);
  for (guint i = 0; i < 200; i++)
    g_assert_true (emit (module, UNDISPATCHED, NULL));

  g_assert_cmpint (g_stat (current, &info), ==, 0);
  g_assert_cmpint (info.st_size, <=, 4096);
  g_assert_true (g_file_test (older, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (oldest, G_FILE_TEST_EXISTS));
}

static void
test_file_stopped (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autoptr(RbModule) module = make_emitter (dir, NULL, NULL, NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("After the stop nothing is written any more.");

  start (module);
  rb_module_stop_async (module, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_module_stop_finish (module, result, NULL));
  g_assert_false (emit (module, UNDISPATCHED, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_UNAVAILABLE);
}

static void
test_settings_refused (void)
{
  static const struct {
    const char *key;
    const char *value;
  } cases[] = {
    { "target", "printer" },
    { "file-size", "10" },
    { "files", "0" },
    { "files", "1000" },
  };

  g_test_summary ("A setting that makes no sense is refused by group and key.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *start_of_text = g_strdup_printf ("[journal] %s: ", cases[i].key);

      g_assert_null (make_emitter ("/nowhere", cases[i].key, cases[i].value, &error));
      g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
      g_assert_true (g_str_has_prefix (error->message, start_of_text));
    }
}

static void
test_file_refused (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *path = g_build_filename (dir, "events.log", NULL);
  g_autoptr(RbModule) module = make_emitter (dir, NULL, NULL, NULL);
  g_autoptr(GAsyncResult) result = NULL;

  g_test_summary ("A link in the place of the file is not followed: the start fails.");

  g_assert_cmpint (symlink ("/dev/null", path), ==, 0);
  rb_module_start_async (module, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_assert_false (rb_module_start_finish (module, result, NULL));
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/journal/record/line", test_record_line);
  g_test_add_func ("/journal/record/no-secrets", test_record_secrets);
  g_test_add_func ("/journal/record/fields", test_record_fields);
  g_test_add_func ("/journal/record/malformed", test_record_malformed);
  g_test_add_func ("/journal/file/written", test_file_written);
  g_test_add_func ("/journal/file/rotated", test_file_rotated);
  g_test_add_func ("/journal/file/stopped", test_file_stopped);
  g_test_add_func ("/journal/file/link-refused", test_file_refused);
  g_test_add_func ("/journal/settings/refused", test_settings_refused);
  return g_test_run ();
}
