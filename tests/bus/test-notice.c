/* test-notice.c: what a notification says, whatever a stranger wrote
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-notice.h"
#include "rb-test.h"

#include <string.h>

static GVariant *
make_row (const char *text)
{
  g_autoptr(GError) error = NULL;
  GVariant *row = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

  g_assert_no_error (error);
  return row;
}

static const char message[] =
  "{'id': <'dispatch:m 1'>, 'kind': <'dispatch'>, 'who': <'bob@local'>, 'what': <'<b>A & B</b>'>, 'choices': <["
  "{'action': <'dispatch'>, 'endpoint_id': <'ep_1'>, 'name': <'shout'>}, {'action': <'dispatch'>, 'endpoint_id': <'ep_2'>},"
  "{'action': <'dispatch'>, 'endpoint_id': <'ep_3'>}, {'action': <'dispatch'>, 'endpoint_id': <'ep_4'>}]>}";

/* "name=label,name=label" */
static char *
list_actions (const RbNotice *notice)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < notice->actions->len; i++)
    {
      const RbNoticeAction *action = g_ptr_array_index (notice->actions, i);

      g_string_append_printf (text, "%s%s=%s", i > 0 ? "," : "", action->name, action->label);
    }
  return g_string_free (text, FALSE);
}

static void
test_message (void)
{
  g_autoptr(GVariant) row = make_row (message);
  g_autoptr(RbNotice) notice = rb_notice_of_need (row, FALSE);
  g_autofree char *markup = rb_notice_dup_markup (notice);
  g_autofree char *actions = list_actions (notice);
  const RbNoticeAction *action;

  g_test_summary ("A message: who, what, three endpoints and 'Show'; nothing of it is markup, and nothing of it in the title.");

  g_assert_cmpstr (notice->slot, ==, "dispatch:m 1");
  g_assert_cmpstr (notice->summary, ==, "A message waits for you");
  g_assert_cmpstr (notice->body, ==, "bob@local: <b>A & B</b>");
  g_assert_cmpstr (markup, ==, "bob@local: &lt;b&gt;A &amp; B&lt;/b&gt;");
  g_assert_cmpstr (actions, ==, "default=Show,dispatch dispatch:m 1 ep_1=To shout,dispatch dispatch:m 1 ep_2=To ep_2,"
                                "dispatch dispatch:m 1 ep_3=To ep_3,show dispatch:m 1=Show");
  action = rb_notice_find_action (notice, "dispatch dispatch:m 1 ep_2");
  g_assert_nonnull (action);
  g_assert_cmpstr (action->action, ==, "dispatch");
  g_assert_cmpstr (action->need_id, ==, "dispatch:m 1");
  g_assert_cmpstr (action->endpoint_id, ==, "ep_2");
  g_assert_null (rb_notice_find_action (notice, "dispatch dispatch:m 1 ep_4"));
  g_assert_null (rb_notice_find_action (notice, ""));
}

static void
test_hidden (void)
{
  g_autoptr(GVariant) row = make_row (message);
  g_autoptr(GVariant) rows = g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE_VARDICT, &row, 1));
  RbNotice *notices[] = { rb_notice_of_need (row, TRUE), rb_notice_of_details (row, TRUE), rb_notice_of_list (rows, TRUE) };

  g_test_summary ("On request nobody reads who wrote, and what; the buttons stay.");

  for (gsize i = 0; i < G_N_ELEMENTS (notices); i++)
    {
      g_assert_null (strstr (notices[i]->body, "bob"));
      g_assert_null (strstr (notices[i]->body, "A & B"));
    }
  g_assert_nonnull (rb_notice_find_action (notices[0], "dispatch dispatch:m 1 ep_1"));
  for (gsize i = 0; i < G_N_ELEMENTS (notices); i++)
    rb_notice_free (notices[i]);
}

static void
test_hostile (void)
{
  g_autofree char *long_name = g_strnfill (5000, 'x');
  g_autofree char *text = g_strdup_printf ("{'id': <'dispatch:m1'>, 'kind': <'dispatch'>, 'who': <'a\\nb\\u202e%s'>, 'what': <'\\u001b[2J\\tok\\u2028'>,"
                                           " 'choices': <[{'action': <'dispatch'>, 'endpoint_id': <'ep_1'>, 'name': <'\\n%s'>}]>}",
                                           long_name, long_name);
  g_autoptr(GVariant) row = make_row (text);
  g_autoptr(RbNotice) notice = rb_notice_of_need (row, FALSE);
  const RbNoticeAction *action = rb_notice_find_action (notice, "dispatch dispatch:m1 ep_1");

  g_test_summary ("Control characters, what reorders text and what is too long stay out.");

  g_assert_cmpuint (strlen (notice->body), <, 100);
  g_assert_true (g_str_has_prefix (notice->body, "a b xxx"));
  g_assert_true (g_str_has_suffix (notice->body, "...: [2J ok"));
  g_assert_nonnull (action);
  g_assert_cmpuint (strlen (action->label), <, 50);
  g_assert_null (strchr (action->label, '\n'));
}

static void
test_odd (void)
{
  static const char *const texts[] = { "@a{sv} {}", "{'id': <7>, 'kind': <true>, 'choices': <'x'>}", "{'kind': <'something new'>}",
                                       "{'choices': <[{'action': <'dispatch'>}, {'action': <7>}, {'action': <'unheard of'>}]>}" };

  g_test_summary ("A row that lacks something, or is of a kind that is not known, is told as far as it goes.");

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(GVariant) row = make_row (texts[i]);
      g_autoptr(RbNotice) notice = rb_notice_of_need (row, FALSE);
      g_autoptr(RbNotice) details = rb_notice_of_details (row, FALSE);

      g_assert_cmpstr (notice->summary, ==, "Something waits for you");
      g_assert_cmpuint (notice->actions->len, ==, 2);
      g_assert_cmpuint (strlen (details->body), >, 0);
    }
}

static void
test_others (void)
{
  g_autoptr(GVariant) row = make_row ("{'id': <'store:database'>, 'kind': <'store'>, 'what': <'the disk is full'>, 'choices': <@aa{sv} []>}");
  g_autoptr(GVariant) letter = make_row ("{'id': <'dead-letter:7'>, 'kind': <'dead-letter'>, 'choices': <[{'action': <'retry'>}]>}");
  g_autoptr(RbNotice) store = rb_notice_of_need (row, FALSE);
  g_autoptr(RbNotice) dead = rb_notice_of_need (letter, FALSE);
  g_autoptr(RbNotice) all = rb_notice_of_all (12, TRUE);
  g_autoptr(RbNotice) one = rb_notice_of_all (1, FALSE);
  g_autoptr(RbNotice) gone = rb_notice_of_gone ();
  g_autoptr(RbNotice) failure = rb_notice_of_failure ("no\nroom");

  g_test_summary ("What else is told.");

  g_assert_true (store->is_urgent);
  g_assert_cmpstr (store->body, ==, "the disk is full");
  g_assert_nonnull (rb_notice_find_action (dead, "retry dead-letter:7"));
  g_assert_cmpstr (all->summary, ==, "12 things wait for you");
  g_assert_false (all->is_quiet);
  g_assert_cmpstr (one->summary, ==, "1 thing waits for you");
  g_assert_true (one->is_quiet);
  g_assert_cmpstr (gone->summary, ==, "No longer waiting");
  g_assert_true (gone->is_passing);
  g_assert_cmpstr (failure->body, ==, "no room");
}

static void
test_troubles (void)
{
  static const char *const kinds[] = { "post", "outbox", "module", "runtime", "disk", "forgotten" };

  g_test_summary ("Each kind of trouble has words of its own; what may mend itself is told only when it lasts; a kind of tomorrow is told, too.");

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *text = g_strdup_printf ("{'id': <'%s:x'>, 'kind': <'%s'>, 'what': <'why'>, 'choices': <[{'action': <'dismiss'>}]>}", kinds[i],
                                               kinds[i]);
      g_autofree char *name = g_strdup_printf ("dismiss %s:x", kinds[i]);
      g_autoptr(GVariant) row = make_row (text);
      g_autoptr(RbNotice) notice = rb_notice_of_need (row, FALSE);

      g_assert_cmpstr (notice->summary, !=, "Something waits for you");
      g_assert_cmpstr (notice->body, ==, "why");
      g_assert_nonnull (rb_notice_find_action (notice, name));
    }
  g_assert_cmpint (rb_notice_get_delay ("post"), >, 0);
  g_assert_cmpint (rb_notice_get_delay ("module"), >, 0);
  g_assert_cmpint (rb_notice_get_delay ("disk"), ==, 0);
  {
    g_autoptr(GVariant) row = make_row ("{'id': <'new:x'>, 'kind': <'new'>, 'what': <'why'>, 'choices': <[{'action': <'new'>}]>}");
    g_autoptr(RbNotice) notice = rb_notice_of_need (row, FALSE);

    g_assert_cmpstr (notice->summary, ==, "Something waits for you");
    g_assert_cmpuint (notice->actions->len, ==, 2);
  }
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/notice/message", test_message);
  g_test_add_func ("/notice/hidden", test_hidden);
  g_test_add_func ("/notice/hostile", test_hostile);
  g_test_add_func ("/notice/odd", test_odd);
  g_test_add_func ("/notice/others", test_others);
  g_test_add_func ("/notice/troubles", test_troubles);
  return g_test_run ();
}
