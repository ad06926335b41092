/* test-loader.c: which module files are refused, and why
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host-fixture.h"

#include "rb-fake-clock.h"
#include "rb-test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
  RbClock *clock;
  RbHost  *host;
  char    *dir;     /* of the test's own */
  char    *path;    /* <dir>/connector-good.so */
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  settings)
{
  fixture->clock = rb_fake_clock_new ();
  fixture->host = host_fixture_new (fixture->clock, settings);
  fixture->dir = rb_test_make_dir ();
  fixture->path = g_build_filename (fixture->dir, "connector-good.so", NULL);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_assert_finalize_object (fixture->host);
  g_assert_finalize_object (fixture->clock);
  g_free (fixture->dir);
  g_free (fixture->path);
}

/* Required: the error is returned. Optional: it is kept. Both ways it shows in the view. */
static void
assert_refused (RbHost       *host,
                RbModuleKind  kind,
                const char   *name,
                RbError       code,
                const char   *reason)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) view = NULL;
  g_autofree char *state = NULL;
  g_autofree char *text = NULL;
  guint last;

  g_assert_false (rb_host_load (host, kind, name, TRUE, &error));
  g_assert_error (error, RB_ERROR, (int) code);
  g_assert_cmpstr (rb_error_get_reason (error), ==, reason);
  view = rb_host_view (host);
  last = (guint) g_variant_n_children (view);
  g_clear_error (&error);

  g_assert_true (rb_host_load (host, kind, name, FALSE, &error));
  g_assert_no_error (error);
  state = host_fixture_view (host, last, "state");
  g_assert_cmpstr (state, ==, "failed");
  text = host_fixture_view (host, last, "reason");
  g_assert_nonnull (text);
  g_assert_cmpuint (rb_test_count_log ("module_load_failed"), ==, 2);
}

static void
test_refuses (Fixture       *fixture,
              gconstpointer  data)
{
  static const struct {
    const char  *name;
    RbModuleKind kind;
    RbError      code;
    const char  *reason;
  } cases[] = {
    { "wrong-abi", RB_MODULE_CONNECTOR, RB_ERROR_INVALID, "module_wrong_abi" },
    { "wrong-size", RB_MODULE_CONNECTOR, RB_ERROR_INVALID, "module_wrong_size" },
    { "wrong-name", RB_MODULE_CONNECTOR, RB_ERROR_INVALID, "module_wrong_name" },
    { "connector-good", RB_MODULE_EMITTER, RB_ERROR_INVALID, "module_wrong_kind" },
    { "no-symbol", RB_MODULE_CONNECTOR, RB_ERROR_INVALID, "module_no_info" },
    { "no-type", RB_MODULE_CONNECTOR, RB_ERROR_INVALID, "module_bad_type" },
    { "bare-object", RB_MODULE_CONNECTOR, RB_ERROR_INVALID, "module_bad_type" },
    { "missing", RB_MODULE_CONNECTOR, RB_ERROR_NOT_FOUND, "module_not_found" },
    { "/nonexistent/x.so", RB_MODULE_CONNECTOR, RB_ERROR_NOT_FOUND, "module_not_found" },
    { "../good", RB_MODULE_CONNECTOR, RB_ERROR_INVALID, "module_name_invalid" },
    { "./connector-good.so", RB_MODULE_CONNECTOR, RB_ERROR_INVALID, "module_name_invalid" },
    { "", RB_MODULE_CONNECTOR, RB_ERROR_INVALID, "module_name_invalid" },
  };

  g_test_summary ("A file that is no module for us is refused with its reason; none of its code runs.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (fixture->host, cases[i].kind, cases[i].name, cases[i].code, cases[i].reason);
  g_assert_null (rb_host_get_connector (fixture->host));
}

static void
test_accepts (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *dir = g_path_get_dirname (host_fixture_get_dir ());
  g_autofree char *path = g_build_filename (host_fixture_get_dir (), "emitter-good.so", NULL);
  g_autofree char *version = NULL;
  g_autofree char *state = NULL;
  g_autofree char *shown = NULL;

  g_test_summary ("A module is found by its name, by its file's name and by its path, one of each kind.");

  g_assert_true (rb_host_load (fixture->host, RB_MODULE_CONNECTOR, "good", TRUE, &error));
  g_assert_no_error (error);
  g_assert_true (rb_host_load (fixture->host, RB_MODULE_UPSTREAM, "upstream-good", TRUE, &error));
  g_assert_no_error (error);
  g_assert_true (rb_host_load (fixture->host, RB_MODULE_EMITTER, path, TRUE, &error));
  g_assert_no_error (error);
  g_assert_true (rb_host_load (fixture->host, RB_MODULE_SPAWN_DRIVER, "good", FALSE, &error));
  g_assert_no_error (error);

  g_assert_true (RB_IS_CONNECTOR (rb_host_get_connector (fixture->host)));
  g_assert_true (RB_IS_UPSTREAM (rb_host_get_upstream (fixture->host)));
  g_assert_cmpuint (rb_host_get_emitters (fixture->host)->len, ==, 1);
  g_assert_cmpuint (rb_host_get_spawn_drivers (fixture->host)->len, ==, 1);

  version = host_fixture_view (fixture->host, 0, "version");
  g_assert_cmpstr (version, ==, "1.2");
  state = host_fixture_view (fixture->host, 0, "state");
  g_assert_cmpstr (state, ==, "loaded");
  shown = host_fixture_view (fixture->host, 2, "path");
  g_assert_cmpstr (shown, ==, path);
}

static void
test_twice (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_test_summary ("There is one connector and one upstream, and no module twice.");

  g_assert_true (rb_host_load (fixture->host, RB_MODULE_CONNECTOR, "good", TRUE, &error));
  g_assert_true (rb_host_load (fixture->host, RB_MODULE_EMITTER, "good", TRUE, &error));
  g_assert_no_error (error);
  assert_refused (fixture->host, RB_MODULE_CONNECTOR, "odd", RB_ERROR_INVALID, "module_twice");
  assert_refused (fixture->host, RB_MODULE_EMITTER, "good", RB_ERROR_INVALID, "module_twice");
}

static void
test_writable_file (Fixture       *fixture,
                    gconstpointer  data)
{
  g_test_summary ("A file that its group or others may write is refused.");

  host_fixture_copy ("connector-good", fixture->path, -1);
  g_assert_cmpint (g_chmod (fixture->path, 0664), ==, 0);
  assert_refused (fixture->host, RB_MODULE_CONNECTOR, fixture->path, RB_ERROR_FORBIDDEN, "module_writable");
  g_assert_cmpint (g_chmod (fixture->path, 0646), ==, 0);
  assert_refused (fixture->host, RB_MODULE_CONNECTOR, fixture->path, RB_ERROR_FORBIDDEN, "module_writable");
}

static void
test_writable_directory (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autofree char *inner = g_build_filename (fixture->dir, "inner", NULL);
  g_autofree char *path = g_build_filename (inner, "connector-good.so", NULL);
  static const mode_t modes[] = { 0777, 0770, 01777 };

  g_test_summary ("A file in a directory that others may write, at any height and sticky or not, is refused.");

  host_fixture_copy ("connector-good", path, -1);
  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_assert_cmpint (g_chmod (inner, modes[i]), ==, 0);
      assert_refused (fixture->host, RB_MODULE_CONNECTOR, path, RB_ERROR_FORBIDDEN, "module_writable");
    }

  g_assert_cmpint (g_chmod (inner, 0755), ==, 0);
  g_assert_cmpint (g_chmod (fixture->dir, 0777), ==, 0);
  assert_refused (fixture->host, RB_MODULE_CONNECTOR, path, RB_ERROR_FORBIDDEN, "module_writable");
}

static void
test_wrong_owner (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("A file or directory that belongs to somebody else is refused.");

  if (geteuid () != 0)
    {
      g_test_skip ("only root can give files away");
      return;
    }

  host_fixture_copy ("connector-good", fixture->path, -1);
  g_assert_cmpint (chown (fixture->path, 12345, (gid_t) -1), ==, 0);
  assert_refused (fixture->host, RB_MODULE_CONNECTOR, fixture->path, RB_ERROR_FORBIDDEN, "module_wrong_owner");
  g_assert_cmpint (chown (fixture->path, 0, (gid_t) -1), ==, 0);
  g_assert_cmpint (chown (fixture->dir, 12345, (gid_t) -1), ==, 0);
  assert_refused (fixture->host, RB_MODULE_CONNECTOR, fixture->path, RB_ERROR_FORBIDDEN, "module_wrong_owner");
}

static void
test_not_a_file (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autofree char *good = g_build_filename (host_fixture_get_dir (), "connector-good.so", NULL);

  g_test_summary ("A symbolic link, a directory and a FIFO are refused.");

  g_assert_cmpint (symlink (good, fixture->path), ==, 0);
  assert_refused (fixture->host, RB_MODULE_CONNECTOR, fixture->path, RB_ERROR_INVALID, "module_not_regular");
  g_assert_cmpint (g_unlink (fixture->path), ==, 0);

  g_assert_cmpint (g_mkdir (fixture->path, 0755), ==, 0);
  assert_refused (fixture->host, RB_MODULE_CONNECTOR, fixture->path, RB_ERROR_INVALID, "module_not_regular");
  g_assert_cmpint (g_rmdir (fixture->path), ==, 0);

  g_assert_cmpint (mkfifo (fixture->path, 0644), ==, 0);
  assert_refused (fixture->host, RB_MODULE_CONNECTOR, fixture->path, RB_ERROR_INVALID, "module_not_regular");
}

static void
test_linked_directory (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autofree char *link = g_build_filename (fixture->dir, "modules", NULL);
  g_autofree char *path = g_build_filename (link, "connector-good.so", NULL);
  g_autoptr(GError) error = NULL;

  g_test_summary ("A directory reached through a symbolic link is fine: what it leads to is checked.");

  g_assert_cmpint (symlink (host_fixture_get_dir (), link), ==, 0);
  g_assert_nonnull (rb_host_peek (fixture->host, RB_MODULE_CONNECTOR, path, &error));
  g_assert_no_error (error);
}

static void
test_truncated (Fixture       *fixture,
                gconstpointer  data)
{
  static const gssize lengths[] = { 0, 1, 4, 63, 64, 100, 1000, 5000, 9000 };

  g_test_summary ("A file that is cut short anywhere is refused and takes nobody down.");

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      host_fixture_copy ("connector-good", fixture->path, lengths[i]);
      assert_refused (fixture->host, RB_MODULE_CONNECTOR, fixture->path, RB_ERROR_INVALID, "module_damaged");
    }
}

static void
test_corrupt (Fixture       *fixture,
              gconstpointer  data)
{
  static const struct {
    gsize       offset;
    const char *bytes;
    gsize       n_bytes;
  } cases[] = {
    { 0, "#!/bin/sh\n", 10 },      /* magic */
    { 4, "\x07", 1 },              /* class */
    { 5, "\x07", 1 },              /* byte order */
    { 16, "\x02\x00", 2 },         /* an executable */
    { 18, "\xff\xff", 2 },         /* another machine */
    { 32, "\xff\xff\xff\xff\xff\xff\xff\xff", 8 },   /* where the segments are told */
    { 54, "\x01\x00", 2 },         /* their size */
    { 56, "\x00\x00", 2 },         /* their number */
    { 56, "\xff\xff", 2 },
  };

  g_test_summary ("A file with a damaged header is refused.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *data_bytes = NULL;
      gsize size = 0;

      host_fixture_copy ("connector-good", fixture->path, -1);
      g_assert_true (g_file_get_contents (fixture->path, &data_bytes, &size, NULL));
      memcpy (data_bytes + cases[i].offset, cases[i].bytes, cases[i].n_bytes);
      g_assert_true (rb_file_write_atomic (fixture->path, data_bytes, (gssize) size, 0644, NULL));
      assert_refused (fixture->host, RB_MODULE_CONNECTOR, fixture->path, RB_ERROR_INVALID, "module_damaged");
    }
}

static void
test_settings (gconstpointer data)
{
  static const struct {
    const char *setting;
    const char *reason;    /* NULL: accepted */
    const char *words;     /* what the message must name */
  } cases[] = {
    { "", NULL, NULL },
    { "port=-12", NULL, NULL },
    { "fast=off", NULL, NULL },
    { "tags=a;b", NULL, NULL },
    { "directory=/x", NULL, NULL },
    { "colour=red", "unknown_setting", "'good' has no setting 'colour'" },
    { "Port=1", "unknown_setting", "'Port'" },
    { "port=many", "bad_setting", "'port' must be an integer, not 'many'" },
    { "port=1x", "bad_setting", "'1x'" },
    { "port=", "bad_setting", "'port'" },
    { "port=99999999999999999999", "bad_setting", "'port'" },
    { "fast=maybe", "bad_setting", "'fast' must be true or false, not 'maybe'" },
    { "directory=", "bad_setting", "'directory' must be a path" },
    { "greeting=\xff", "bad_setting", "'greeting' is not UTF-8" },
  };

  g_test_summary ("Settings that a module does not know or that do not fit are refused, naming module and key.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(RbClock) clock = rb_fake_clock_new ();
      g_autoptr(RbHost) host = host_fixture_new (clock, cases[i].setting);
      g_autoptr(GError) error = NULL;
      gboolean ok = rb_host_load (host, RB_MODULE_CONNECTOR, "good", TRUE, &error);

      g_assert_cmpint (ok, ==, cases[i].reason == NULL);
      if (ok)
        continue;
      g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
      g_assert_cmpstr (rb_error_get_reason (error), ==, cases[i].reason);
      g_assert_nonnull (strstr (error->message, "Module 'good'"));
      g_assert_nonnull (strstr (error->message, cases[i].words));
      g_assert_cmpuint (rb_test_count_log ("module_load_failed"), ==, 1);
    }
}

static void
test_no_settings (Fixture       *fixture,
                  gconstpointer  data)
{
  g_test_summary ("When the settings cannot be had the module is not loaded.");

  assert_refused (fixture->host, RB_MODULE_CONNECTOR, "good", RB_ERROR_INVALID, NULL);
}

static void
test_configure (Fixture       *fixture,
                gconstpointer  data)
{
  gboolean silent = g_str_has_suffix (data, "silent");

  g_test_summary ("A module that refuses to be configured is not loaded; one that does not say why breaks its contract.");

  assert_refused (fixture->host, RB_MODULE_CONNECTOR, "odd", silent ? RB_ERROR_INTERNAL : RB_ERROR_INVALID, NULL);
  g_assert_cmpuint (rb_test_count_log ("module_contract_broken"), ==, silent ? 2 : 0);
  g_assert_null (rb_host_get_connector (fixture->host));
}

static void
test_peek (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) view = NULL;
  const RbModuleInfo *info;

  g_test_summary ("Peeking tells what a module says of itself, with the same checks, and keeps nothing.");

  info = rb_host_peek (fixture->host, RB_MODULE_CONNECTOR, "good", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (info->name, ==, "good");
  g_assert_cmpstr (info->settings[0].key, ==, "greeting");
  g_assert_null (rb_host_peek (fixture->host, RB_MODULE_CONNECTOR, "wrong-abi", &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
  view = rb_host_view (fixture->host);
  g_assert_cmpuint (g_variant_n_children (view), ==, 0);
}

#define ADD(path, data, function) g_test_add ("/loader/" path, Fixture, data, set_up, function, tear_down)

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  umask (022);

  ADD ("refuses", NULL, test_refuses);
  ADD ("accepts", NULL, test_accepts);
  ADD ("refuses-twice", NULL, test_twice);
  ADD ("refuses-writable-file", NULL, test_writable_file);
  ADD ("refuses-writable-directory", NULL, test_writable_directory);
  ADD ("refuses-wrong-owner", NULL, test_wrong_owner);
  ADD ("refuses-no-file", NULL, test_not_a_file);
  ADD ("accepts-linked-directory", NULL, test_linked_directory);
  ADD ("refuses-truncated", NULL, test_truncated);
  ADD ("refuses-corrupt", NULL, test_corrupt);
  g_test_add_data_func ("/loader/settings", NULL, test_settings);
  ADD ("refuses-without-settings", "!", test_no_settings);
  ADD ("refuses-configure", "behaviour=configure-fails", test_configure);
  ADD ("refuses-configure-silently", "behaviour=configure-silent", test_configure);
  ADD ("peek", NULL, test_peek);
  return g_test_run ();
}
