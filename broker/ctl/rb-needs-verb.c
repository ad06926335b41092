/* rb-needs-verb.c: brokerctl needs: what waits for a person, and what to type to answer it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-verb.h"
#include "rb-view.h"

#include <glib/gi18n.h>
#include <string.h>

/* Of an id that tells it from all others in the list. */
#define SHORT_ID 8

static const RbTableColumn columns[] = {
  { N_ ("WHAT"), 16 }, { N_ ("FROM"), 8 }, { N_ ("FOR"), 0 }, { N_ ("ANSWER"), 0 },
};

static RbJson *
open_row (const RbJson *view,
          guint         i)
{
  return rb_json_get_item_type (view, i) == RB_JSON_OBJECT ? rb_json_open_item (view, i, NULL) : NULL;
}

static RbJson *
open_choices (const RbJson *row)
{
  return rb_json_get_member_type (row, "choices") == RB_JSON_ARRAY ? rb_json_open (row, "choices", NULL) : NULL;
}

/* What may stand on a command line as it is, and is no option. */
static gboolean
is_plain (const char *name)
{
  return *name != '\0' && *name != '-' &&
         strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == strlen (name);
}

static guint
count_named (const RbJson *choices,
             const char   *name)
{
  guint n = 0;

  for (guint i = 0; i < rb_json_get_length (choices); i++)
    {
      g_autoptr(RbJson) choice = open_row (choices, i);
      g_autofree char *other = choice != NULL ? rb_view_dup_text (choice, "name") : NULL;

      n += g_strcmp0 (other, name) == 0;
    }
  return n;
}

/* The endpoint as a person would type it. */
static char *
dup_endpoint (const RbJson *choices,
              const RbJson *choice)
{
  g_autofree char *name = rb_view_dup_text (choice, "name");

  if (name != NULL && is_plain (name) && count_named (choices, name) == 1)
    return g_steal_pointer (&name);
  return rb_view_dup_text (choice, "endpoint_id");
}

/* A beginning of the row's subject that no other row's begins with. */
static char *
dup_short (const RbJson *view,
           const char   *subject)
{
  g_autofree char *beginning = NULL;
  guint n = 0;

  if (strlen (subject) <= SHORT_ID)
    return g_strdup (subject);
  beginning = g_utf8_substring (subject, 0, MIN (SHORT_ID, g_utf8_strlen (subject, -1)));
  for (guint i = 0; i < rb_json_get_length (view); i++)
    {
      g_autoptr(RbJson) row = open_row (view, i);
      g_autofree char *other = row != NULL ? rb_view_dup_text (row, "subject") : NULL;

      n += other != NULL && g_str_has_prefix (other, beginning);
    }
  return n <= 1 ? g_steal_pointer (&beginning) : g_strdup (subject);
}

/* (nullable) */
static char *
dup_first_action (const RbJson *choices)
{
  g_autoptr(RbJson) first = choices != NULL && rb_json_get_length (choices) > 0 ? open_row (choices, 0) : NULL;

  return first != NULL ? rb_view_dup_text (first, "action") : NULL;
}

static char *
answer_dispatch (const RbJson *view,
                 const RbJson *choices,
                 const char   *subject)
{
  g_autoptr(RbJson) first = open_row (choices, 0);
  g_autofree char *endpoint = dup_endpoint (choices, first);
  g_autofree char *id = dup_short (view, subject);

  return g_strdup_printf ("brokerctl dispatch %s %s", id, endpoint != NULL ? endpoint : "ENDPOINT");
}

static char *
make_answer (const RbJson *view,
             const RbJson *row,
             const char   *kind,
             const char   *subject)
{
  g_autoptr(RbJson) choices = open_choices (row);
  g_autofree char *action = dup_first_action (choices);
  g_autofree char *command = rb_view_dup_text (row, "command");

  if (command != NULL)
    return g_steal_pointer (&command);
  if (g_strcmp0 (action, "dispatch") == 0)
    return answer_dispatch (view, choices, subject);
  if (g_strcmp0 (action, "retry") == 0)
    return g_strdup_printf ("brokerctl retry %s", subject);
  if (g_strcmp0 (action, "accept") == 0 || g_strcmp0 (action, "approve") == 0)
    {
      g_autofree char *id = dup_short (view, subject);

      return g_strdup_printf ("brokerctl %s %s", action, id);
    }
  if (g_strcmp0 (action, "dismiss") == 0)
    return g_strdup_printf ("brokerctl dismiss %s:%s", kind, subject);
  if (g_str_equal (kind, "dispatch"))
    return g_strdup ("brokerctl attach");
  return g_strdup ("brokerctl status");
}

static const struct {
  const char *kind;
  const char *text;
} words[] = {
  { "dispatch", N_ ("message") },
  { "dead-letter", N_ ("refused event") },
  { "spawn", N_ ("start a runtime") },
  { "held", N_ ("not let in yet") },
  { "loop", N_ ("stopped conversation") },
  { "upstream", N_ ("no network") },
  { "store", N_ ("nothing can be stored") },
  { "post", N_ ("not taken by the network") },
  { "outbox", N_ ("too much waits") },
  { "module", N_ ("a module does not run") },
  { "runtime", N_ ("does not start") },
  { "disk", N_ ("the disk is almost full") },
  { "forgotten", N_ ("had to go") },
};

static char *
describe (const RbJson *row,
          const char   *kind)
{
  g_autofree char *what = rb_view_dup_text (row, "what");
  const char *word = kind;

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_str_equal (words[i].kind, kind))
      word = _ (words[i].text);
  return what != NULL ? g_strdup_printf ("%s: %s", word, what) : g_strdup (word);
}

static void
add_row (RbTable      *table,
         const RbJson *view,
         const RbJson *row)
{
  g_autofree char *kind = rb_view_dup_text (row, "kind");
  g_autofree char *subject = rb_view_dup_text (row, "subject");
  g_autofree char *who = rb_view_dup_text (row, "who");
  g_autofree char *since = rb_view_dup_text (row, "since");
  g_autofree char *age = rb_view_dup_age (since, g_get_real_time () / 1000);
  g_autofree char *what = kind != NULL ? describe (row, kind) : NULL;
  g_autofree char *answer = kind != NULL && subject != NULL ? make_answer (view, row, kind, subject) : NULL;
  const char *const cells[] = { what, who, age, answer };

  rb_table_add_row (table, cells);
}

static void
print_needs (RbCtl        *ctl,
             const RbJson *view)
{
  g_autoptr(RbTable) table = rb_table_new (columns, G_N_ELEMENTS (columns));
  g_autofree char *text = NULL;

  for (guint i = 0; rb_json_get_root_type (view) == RB_JSON_ARRAY && i < rb_json_get_length (view); i++)
    {
      g_autoptr(RbJson) row = open_row (view, i);

      if (row != NULL)
        add_row (table, view, row);
    }
  text = rb_table_render (table, &ctl->terminal);
  rb_ctl_print (ctl, "%s%s", text, *text == '\0' ? _ ("nothing needs you\n") : "");
}

static RbExitCode
run_needs (RbCtl             *ctl,
           const char *const *args)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) view = rb_ctl_view (ctl, "needs", &error);

  if (view == NULL)
    return rb_ctl_fail (error);
  if (ctl->json)
    rb_ctl_print_json (ctl, view);
  else
    print_needs (ctl, view);
  return RB_EXIT_OK;
}

const RbVerb rb_needs_verb = {
  .name = "needs",
  .summary = N_ ("List what waits for you, and how to answer it"),
  .usage = "",
  .details = N_ ("Messages that no runtime has, runtimes that the network wants to start or that do not start, senders who wait to be let in, events "
                 "that the upstream refused or does not take, a network that is away, an outbox or a disk that is full or almost, modules that do not "
                 "run: each for as long as it waits, however long that is. The last column is what to type. Notifications offer the same."),
  .run = run_needs,
};
