/* test-template.c: what a person wrote of a man page, and plain text as roff
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-roff.h"
#include "rb-template.h"
#include "rb-test.h"

#include <glib/gstdio.h>

static void
append_rows (RbTemplate *self,
             GString    *out)
{
  const char *note = rb_template_take_note (self, "row %d", 1);

  g_string_append_printf (out, "row 1\n%s", note != NULL ? note : "");
}

static const RbTemplateTable tables[] = {
  { "rows", append_rows },
  { NULL },
};

static char *
expand (const char  *text,
        GError     **error)
{
  g_autofree char *path = g_build_filename (g_get_user_cache_dir (), "page.in", NULL);
  g_autoptr(RbTemplate) page = NULL;

  g_assert_cmpint (g_mkdir_with_parents (g_get_user_cache_dir (), 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  page = rb_template_load (path, NULL);
  g_assert_nonnull (page);
  return rb_template_expand (page, tables, error);
}

static void
test_expanded (void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *page = expand (".SH A\n@rows\n.SH B\n.nf\nx\n\ny\n.fi\n\n@note row 1\nmore of it\n\n", &error);

  g_test_summary ("Tables go where their name stands, notes behind their row; empty lines of the page stay, those around notes go.");

  g_assert_no_error (error);
  g_assert_cmpstr (page, ==, ".SH A\nrow 1\nmore of it\n.SH B\n.nf\nx\n\ny\n.fi\n");
}

static void
test_refused (void)
{
  static const struct {
    const char *text;
    const char *message;
  } cases[] = {
    { "@columns\n", "there is no table '@columns'" },
    { "@rows\n\n@note row 2\nof what is gone\n", "nothing is called 'row 2'; its '@note' says more of nothing" },
    { "no table at all\n\n@note row 1\nx\n", "nothing is called 'row 1'; its '@note' says more of nothing" },
  };

  g_test_summary ("A table that is unknown and a note without its row are errors, so that nothing that was written gets lost.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *page = expand (cases[i].text, &error);

      g_assert_null (page);
      g_assert_error (error, RB_ERROR, RB_ERROR_NOT_FOUND);
      g_assert_cmpstr (error->message, ==, cases[i].message);
    }
}

static void
test_no_file (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (rb_template_load ("/nonexistent", &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

static void
test_prose (void)
{
  static const struct {
    const char *text;
    const char *roff;
  } cases[] = {
    { "plain words", "plain words\n" },
    { "One. Two. 'Three'", "One.\nTwo.\n\\(aqThree\\(aq\n" },
    { "a\n\nb", "a\n.PP\nb\n" },
    { ".so /etc/passwd", "\\&.so /etc/passwd\n" },
    { "One. .So", "One. .So\n" },
    { "'quoted' first", "\\(aqquoted\\(aq first\n" },
    { "a\\fBb", "a\\efBb\n" },
    { "use --all, -x or (--none).", "use \\fB\\-\\-all\\fR, \\fB\\-x\\fR or (\\fB\\-\\-none\\fR).\n" },
    { "see broker.conf(5), not f(x)", "see \\fBbroker.conf\\fR(5), not f(x)\n" },
    { "a - b, well-known ~/x", "a \\- b, well\\-known \\(ti/x\n" },
  };

  g_test_summary ("Nothing in a text means anything to roff; each sentence is a line, options and pages are bold.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GString) out = g_string_new (NULL);

      rb_roff_prose (out, cases[i].text);
      g_assert_cmpstr (out->str, ==, cases[i].roff);
    }
}

static void
test_usage (void)
{
  g_autoptr(GString) out = g_string_new (NULL);

  g_test_summary ("What is to be typed is bold, what is to be filled in is not.");

  rb_roff_usage (out, "--to ADDRESS TEXT...|-");
  g_assert_cmpstr (out->str, ==, "\\fB\\-\\-to\\fR \\fIADDRESS\\fR \\fITEXT\\fR...|\\fB\\-\\fR");
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/manual/template/expanded", test_expanded);
  g_test_add_func ("/manual/template/refused", test_refused);
  g_test_add_func ("/manual/template/no-file", test_no_file);
  g_test_add_func ("/manual/roff/prose", test_prose);
  g_test_add_func ("/manual/roff/usage", test_usage);
  return g_test_run ();
}
