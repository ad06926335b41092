/* test-import.c: the peer's buffer files
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-buffer-file.h"
#include "rb-buffer-import.h"
#include "rb-fake-adapter.h"
#include "rb-fake-clock.h"
#include "rb-fake-network.h"
#include "rb-fake-store.h"
#include "rb-import.h"
#include "rb-json.h"
#include "rb-test.h"
#include "rb-views.h"

#include <glib/gstdio.h>
#include <string.h>

#define NOW 5000
#define LINE_M1 \
  "{\"id\":\"m1\",\"arrived_at\":\"2026-01-02T03:04:05.678Z\",\"envelope\":{\"from\":\"bob\",\"content\":\"h\\u00e9\",\"contentType\":\"text\"," \
  "\"metadata\":{\"correlation_id\":\"c\"},\"sourceMessageId\":\"m1\"}}\n"
#define LINE_UUID "{\"id\":\"u-1\",\"envelope\":{\"from\":\"\",\"content\":\"\"}}\n"
#define LINE_ASSIGNMENT \
  "{\"id\":\"u-2\",\"arrived_at\":\"2026-01-02T03:04:05.678Z\",\"envelope\":{\"from\":\"bob\",\"content\":\"x\",\"contentType\":\"text\"," \
  "\"sourceMessageId\":\"m9\",\"runtimeAssignment\":{\"assignmentId\":\"a\"}}}\n"

typedef struct {
  char            *dir;
  char            *buffers;
  RbClock         *clock;
  RbFakeStore     *store;
  RbFakeConnector *connector;
  RbFakeUpstream  *upstream;
  RbFakeProcesses *processes;
  RbCore          *core;
} Fixture;

static void
start_core (Fixture *fixture)
{
  RbCorePorts ports = {
    .clock = fixture->clock,
    .store = RB_STORE (fixture->store),
    .connector = RB_CONNECTOR (fixture->connector),
    .upstream = RB_UPSTREAM (fixture->upstream),
    .processes = RB_PROCESSES (fixture->processes),
  };
  RbCoreSettings settings;

  rb_core_settings_init (&settings);
  fixture->core = rb_core_new (&ports, &settings);
  g_assert_true (rb_core_load (fixture->core, NULL));
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->dir = rb_test_make_dir ();
  fixture->buffers = g_build_filename (fixture->dir, "buffers", NULL);
  fixture->clock = RB_CLOCK (rb_fake_clock_new ());
  fixture->store = rb_fake_store_new ();
  fixture->connector = rb_fake_connector_new ();
  fixture->upstream = rb_fake_upstream_new ();
  fixture->processes = rb_fake_processes_new ();
  g_assert_cmpint (g_mkdir (fixture->buffers, 0700), ==, 0);
  start_core (fixture);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_assert_finalize_object (fixture->core);
  g_object_unref (fixture->processes);
  g_object_unref (fixture->upstream);
  g_object_unref (fixture->connector);
  g_object_unref (fixture->store);
  g_object_unref (fixture->clock);
  g_free (fixture->buffers);
  g_free (fixture->dir);
}

static char *
write_buffer (Fixture    *fixture,
              const char *name,
              const char *text)
{
  char *path = g_build_filename (fixture->buffers, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

static guint
count_inbox (Fixture *fixture)
{
  g_autoptr(GVariant) rows = g_variant_ref_sink (rb_view_inbox (fixture->core));

  return (guint) g_variant_n_children (rows);
}

/* Source: protocol.md 3.9 and IMP-9. */
static void
test_parse (void)
{
  static const struct {
    const char *text;
    guint       n_messages;
    guint       n_assignments;
    guint       n_damaged;
  } cases[] = {
    { "", 0, 0, 0 },
    { "\n\n", 0, 0, 0 },
    { LINE_M1, 1, 0, 0 },
    { LINE_M1 "\n" LINE_UUID, 2, 0, 0 },
    { LINE_M1 LINE_ASSIGNMENT LINE_UUID, 2, 1, 0 },
    { LINE_M1 "{\"id\":\"m2\",\"env", 1, 0, 1 },
    { "nonsense\n" LINE_M1, 1, 0, 1 },
    { "[]\nnull\n1\n\xff\n", 0, 0, 4 },
    { "{\"id\":\"m1\"}\n{\"id\":\"m1\",\"envelope\":[]}\n", 0, 0, 2 },
    { "{\"id\":\"\",\"envelope\":{\"from\":\"b\",\"content\":\"x\"}}\n", 0, 0, 1 },
    { "{\"id\":1,\"envelope\":{\"from\":\"b\",\"content\":\"x\"}}\n", 0, 0, 1 },
    { "{\"id\":\"m1\",\"envelope\":{\"from\":\"b\",\"content\":{}}}\n", 0, 0, 1 },
    { "{\"id\":\"m1\",\"envelope\":{\"content\":\"x\"}}\n", 0, 0, 1 },
    { "{\"id\":\"m1\",\"envelope\":{\"from\":\"b\",\"content\":\"x\",\"metadata\":[],\"runtimeAssignment\":null}}", 1, 0, 0 },
  };

  g_test_summary ("Empty lines are nothing, assignments are counted, and a line that is damaged costs no other.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(RbBufferFile) file = rb_buffer_file_parse (cases[i].text, strlen (cases[i].text), NOW);

      g_assert_cmpuint (file->messages->len, ==, cases[i].n_messages);
      g_assert_cmpuint (file->n_assignments, ==, cases[i].n_assignments);
      g_assert_cmpuint (file->n_damaged, ==, cases[i].n_damaged);
    }
}

static void
test_fields (void)
{
  g_autoptr(RbBufferFile) file = rb_buffer_file_parse (LINE_M1 LINE_UUID, strlen (LINE_M1 LINE_UUID), NOW);
  const RbImportedMessage *first = file->messages->pdata[0];
  const RbImportedMessage *second = file->messages->pdata[1];
  g_autofree char *content = rb_json_slice_to_string (rb_envelope_get_content (first->envelope), NULL);

  g_test_summary ("A line keeps what the network said; one that came without a message id has its own.");

  g_assert_cmpstr (first->id, ==, "m1");
  g_assert_cmpstr (rb_envelope_get_id (first->envelope), ==, "m1");
  g_assert_cmpstr (rb_envelope_get_from (first->envelope), ==, "bob");
  g_assert_cmpstr (content, ==, "h\xc3\xa9");
  g_assert_cmpint (first->arrived_at, ==, 1767323045678);
  g_assert_cmpstr (second->id, ==, "u-1");
  g_assert_null (rb_envelope_get_id (second->envelope));
  g_assert_cmpstr (rb_envelope_get_content_type (second->envelope), ==, "text");
  g_assert_cmpint (second->arrived_at, ==, NOW);
}

static void
test_taken_over (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autofree char *first = write_buffer (fixture, "ep_1.ndjson", LINE_M1 LINE_ASSIGNMENT);
  g_autofree char *second = write_buffer (fixture, "ep_2.ndjson", LINE_UUID);
  g_autofree char *other = write_buffer (fixture, "notes.txt", LINE_M1);

  g_test_summary ("A file goes when its messages are durable, not before; what is no buffer stays.");

  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_buffer_import_all (fixture->core, fixture->clock, fixture->dir);
  rb_test_settle ();
  g_assert_true (g_file_test (first, G_FILE_TEST_EXISTS));
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_wait_until (!g_file_test (second, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (first, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (other, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (count_inbox (fixture), ==, 2);
  g_assert_cmpuint (rb_test_count_log ("buffer_imported"), ==, 2);
}

static void
test_killed (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *path = write_buffer (fixture, "ep_1.ndjson", LINE_M1 LINE_UUID);

  g_test_summary ("Killed between the commit and the end of the file, the next start finds its messages known and removes it.");

  rb_buffer_import_all (fixture->core, fixture->clock, fixture->dir);
  rb_test_wait_until (!g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_finalize_object (fixture->core);
  g_assert_true (g_file_set_contents (path, LINE_M1 LINE_UUID, -1, NULL));
  start_core (fixture);
  rb_buffer_import_all (fixture->core, fixture->clock, fixture->dir);
  rb_test_wait_until (!g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (count_inbox (fixture), ==, 2);
}

static void
test_damaged (Fixture       *fixture,
              gconstpointer  data)
{
  g_autofree char *path = write_buffer (fixture, "ep_1.ndjson", LINE_M1 "{\"id\":\"m2\"");
  g_autofree char *kept = g_strconcat (path, ".damaged", NULL);

  g_test_summary ("A file with damaged lines is taken over as far as it goes, and kept under another name.");

  rb_buffer_import_all (fixture->core, fixture->clock, fixture->dir);
  rb_test_wait_until (!g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (kept, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (count_inbox (fixture), ==, 1);
}

static void
test_unreadable (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autofree char *path = g_build_filename (fixture->buffers, "ep_1.ndjson", NULL);

  g_test_summary ("What is no file stays, is told, and hinders nothing.");

  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  rb_test_forget_logs ();
  rb_buffer_import_all (fixture->core, fixture->clock, fixture->dir);
  rb_buffer_import_all (fixture->core, fixture->clock, "/nonexistent");
  rb_test_settle ();
  g_assert_cmpuint (rb_test_count_log ("buffer_import_failed"), ==, 1);
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_DIR));
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/buffer/parse", test_parse);
  g_test_add_func ("/buffer/fields", test_fields);
#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  ADD ("/buffer/import/taken-over", test_taken_over);
  ADD ("/buffer/import/killed", test_killed);
  ADD ("/buffer/import/damaged", test_damaged);
  ADD ("/buffer/import/unreadable", test_unreadable);
#undef ADD
  return g_test_run ();
}
