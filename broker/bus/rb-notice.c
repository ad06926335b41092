/* rb-notice.c: what one notification says, and what may be clicked on it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-notice.h"

#include "rb-needs.h"
#include "rb-notice-board.h"
#include "rb-text.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_NAME 32          /* code points of an endpoint's name on a button */
#define MAX_WHO 60
#define MAX_WHAT 200
#define MAX_ENDPOINTS 3
#define MAX_LISTED 8
/* A network that comes back within a minute is nothing that a person could have mended. */
#define LINK_DELAY_MS 60000
/* Modules may be late, and a post may get through with its next attempt. */
#define TROUBLE_DELAY_MS 60000

static const struct {
  const char *kind;
  const char *summary;
  gboolean    is_urgent;
  gint64      delay_ms;
} kinds[] = {
  { RB_NEED_DISPATCH, N_ ("A message waits for you"), FALSE, 0 },
  { RB_NEED_DEAD_LETTER, N_ ("The network refused an event"), FALSE, 0 },
  { RB_NEED_SPAWN, N_ ("A runtime is to be started here"), FALSE, 0 },
  { RB_NEED_HELD, N_ ("A sender waits to be let in"), FALSE, 0 },
  { RB_NEED_LOOP, N_ ("A conversation of agents was stopped"), FALSE, 0 },
  { RB_NEED_UPSTREAM, N_ ("There is no connection to the network"), FALSE, LINK_DELAY_MS },
  { RB_NEED_STORE, N_ ("Nothing can be stored"), TRUE, 0 },
  { RB_NEED_POST, N_ ("The network does not take what happens here"), FALSE, TROUBLE_DELAY_MS },
  { RB_NEED_OUTBOX, N_ ("Too much waits for the network"), TRUE, TROUBLE_DELAY_MS },
  { RB_NEED_MODULE, N_ ("A module does not run"), FALSE, TROUBLE_DELAY_MS },
  { RB_NEED_RUNTIME, N_ ("A runtime does not start"), FALSE, 0 },
  { RB_NEED_DISK, N_ ("The disk is almost full"), TRUE, 0 },
  { RB_NEED_FORGOTTEN, N_ ("Something that waited for you had to go"), FALSE, 0 },
};

void
rb_notice_free (RbNotice *self)
{
  g_free (self->slot);
  g_free (self->summary);
  g_free (self->body);
  g_ptr_array_unref (self->actions);
  g_free (self);
}

static void
action_free (gpointer data)
{
  RbNoticeAction *action = data;

  g_free (action->name);
  g_free (action->label);
  g_free (action->action);
  g_free (action->need_id);
  g_free (action->endpoint_id);
  g_free (action);
}

static RbNotice *
notice_new (const char *slot,
            const char *summary)
{
  RbNotice *self = g_new0 (RbNotice, 1);

  self->slot = g_strdup (slot);
  self->summary = g_strdup (summary);
  self->body = g_strdup ("");
  self->actions = g_ptr_array_new_with_free_func (action_free);
  return self;
}

/* What could break the line, reorder it, or is nothing that is seen. */
static gboolean
is_seen (gunichar c)
{
  GUnicodeType type = g_unichar_type (c);

  return type != G_UNICODE_CONTROL && type != G_UNICODE_FORMAT && type != G_UNICODE_SURROGATE && type != G_UNICODE_PRIVATE_USE &&
         type != G_UNICODE_UNASSIGNED && type != G_UNICODE_LINE_SEPARATOR && type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

/* One line of at most @max code points. */
static char *
make_plain (const char *text,
            gsize       max)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *cut = NULL;
  GString *plain = g_string_new (NULL);
  gboolean is_cut;

  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      g_string_append_unichar (plain, is_seen (c) ? c : ' ');
    }
  cut = rb_text_truncate (plain->str, max, &is_cut);
  g_string_assign (plain, g_strstrip (cut));
  if (is_cut)
    g_string_append (plain, "...");
  return g_string_free (plain, FALSE);
}

static char *
dup_member (GVariant   *row,
            const char *name,
            gsize       max)
{
  const char *text;

  return g_variant_lookup (row, name, "&s", &text) ? make_plain (text, max) : NULL;
}

static void
add_action (RbNotice   *self,
            const char *action,
            const char *need_id,
            const char *endpoint_id,
            const char *label)
{
  RbNoticeAction *offered = g_new0 (RbNoticeAction, 1);

  offered->name = g_strjoin (" ", action, need_id, endpoint_id, NULL);
  offered->label = g_strdup (label);
  offered->action = g_strdup (action);
  offered->need_id = g_strdup (need_id);
  offered->endpoint_id = g_strdup (endpoint_id);
  g_ptr_array_add (self->actions, offered);
}

/* By a click on the text, which has a name that is not ours. */
static void
add_show (RbNotice   *self,
          const char *need_id)
{
  RbNoticeAction *offered;

  add_action (self, RB_NOTICE_DO_SHOW, need_id, NULL, _ ("Show"));
  offered = g_ptr_array_index (self->actions, self->actions->len - 1);
  g_free (offered->name);
  offered->name = g_strdup (RB_NOTICE_DEFAULT);
}

static void
add_dispatch (RbNotice *self,
              GVariant *choice,
              guint     n)
{
  g_autofree char *name = dup_member (choice, "name", MAX_NAME);
  g_autofree char *label = NULL;
  const char *endpoint_id;

  if (n >= MAX_ENDPOINTS || !g_variant_lookup (choice, "endpoint_id", "&s", &endpoint_id))
    return;
  /* TRANSLATORS: on a button: hand the message to this runtime; %s: its name */
  label = g_strdup_printf (_ ("To %s"), name != NULL && *name != '\0' ? name : endpoint_id);
  add_action (self, RB_NEED_DO_DISPATCH, self->slot, endpoint_id, label);
}

static void
add_simple (RbNotice   *self,
            const char *action)
{
  static const struct {
    const char *action;
    const char *label;
  } simple[] = {
    { RB_NEED_DO_RETRY, N_ ("Send again") },
    { RB_NEED_DO_APPROVE, N_ ("Start it") },
    { RB_NEED_DO_DENY, N_ ("Do not start it") },
    { RB_NEED_DO_ACCEPT, N_ ("Let in") },
    { RB_NEED_DO_REFUSE, N_ ("Refuse") },
    { RB_NEED_DO_DISMISS, N_ ("Dismiss") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (simple); i++)
    if (g_str_equal (simple[i].action, action))
      add_action (self, action, self->slot, NULL, _ (simple[i].label));
}

static void
add_choices (RbNotice *self,
             GVariant *row)
{
  g_autoptr(GVariant) choices = g_variant_lookup_value (row, "choices", G_VARIANT_TYPE ("aa{sv}"));

  for (gsize i = 0; choices != NULL && i < g_variant_n_children (choices); i++)
    {
      g_autoptr(GVariant) choice = g_variant_get_child_value (choices, i);
      const char *action = "";

      g_variant_lookup (choice, "action", "&s", &action);
      if (g_str_equal (action, RB_NEED_DO_DISPATCH))
        add_dispatch (self, choice, i);
      else
        add_simple (self, action);
    }
}

static int
find_kind (const char *kind)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].kind, kind))
      return i;
  return -1;
}

gint64
rb_notice_get_delay (const char *kind)
{
  int i = find_kind (kind);

  return i >= 0 ? kinds[i].delay_ms : 0;
}

/* "bob@local: what is new?" */
static char *
make_line (GVariant *row,
           gboolean  hides)
{
  g_autofree char *who = dup_member (row, "who", MAX_WHO);
  g_autofree char *what = dup_member (row, "what", MAX_WHAT);

  if (hides || (who == NULL && what == NULL))
    return g_strdup ("");
  if (who == NULL || what == NULL)
    return g_strdup (who != NULL ? who : what);
  /* TRANSLATORS: who wrote, and what */
  return g_strdup_printf (_ ("%s: %s"), who, what);
}

static RbNotice *
describe (const char *slot,
          GVariant   *row,
          gboolean    hides)
{
  const char *kind = "";
  RbNotice *self;
  int i;

  g_variant_lookup (row, "kind", "&s", &kind);
  i = find_kind (kind);
  self = notice_new (slot, i >= 0 ? _ (kinds[i].summary) : _ ("Something waits for you"));
  self->is_urgent = i >= 0 && kinds[i].is_urgent;
  g_free (self->body);
  self->body = make_line (row, hides);
  return self;
}

RbNotice *
rb_notice_of_need (GVariant *row,
                   gboolean  hides)
{
  const char *id = "";
  RbNotice *self;

  g_variant_lookup (row, "id", "&s", &id);
  self = describe (id, row, hides);
  add_show (self, id);
  add_choices (self, row);
  add_action (self, RB_NOTICE_DO_SHOW, id, NULL, _ ("Show"));
  return self;
}

RbNotice *
rb_notice_of_all (guint    n,
                  gboolean is_news)
{
  /* TRANSLATORS: %u: how many messages and other things wait for an answer */
  g_autofree char *summary = g_strdup_printf (ngettext ("%u thing waits for you", "%u things wait for you", n), n);
  RbNotice *self = notice_new (RB_NOTICE_DIGEST, summary);

  g_free (self->body);
  self->body = g_strdup (_ ("'brokerctl needs' lists them."));
  self->is_quiet = !is_news;
  add_show (self, NULL);
  add_action (self, RB_NOTICE_DO_SHOW, NULL, NULL, _ ("Show"));
  return self;
}

RbNotice *
rb_notice_of_details (GVariant *row,
                      gboolean  hides)
{
  RbNotice *self = describe (RB_NOTICE_ANSWER, row, hides);
  g_autofree char *line = g_steal_pointer (&self->body);

  self->body = g_strjoin (*line != '\0' ? "\n" : "", line, _ ("'brokerctl needs' says what to type to answer it."), NULL);
  return self;
}

RbNotice *
rb_notice_of_list (GVariant *rows,
                   gboolean  hides)
{
  gsize n = g_variant_n_children (rows);
  RbNotice *all = rb_notice_of_all (n, TRUE);
  RbNotice *self = notice_new (RB_NOTICE_ANSWER, all->summary);
  g_autoptr(GString) body = g_string_new (NULL);

  for (gsize i = 0; i < MIN (n, MAX_LISTED) && !hides; i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      g_autofree char *line = make_line (row, FALSE);

      g_string_append_printf (body, "%s\n", line);
    }
  g_string_append (body, all->body);
  g_free (self->body);
  self->body = g_strdup (body->str);
  rb_notice_free (all);
  return self;
}

RbNotice *
rb_notice_of_gone (void)
{
  RbNotice *self = notice_new (RB_NOTICE_ANSWER, _ ("No longer waiting"));

  g_free (self->body);
  self->body = g_strdup (_ ("It has been answered, or is gone. Nothing was changed."));
  self->is_passing = TRUE;
  return self;
}

RbNotice *
rb_notice_of_failure (const char *reason)
{
  RbNotice *self = notice_new (RB_NOTICE_ANSWER, _ ("That could not be done"));

  g_free (self->body);
  self->body = make_plain (reason, MAX_WHAT);
  self->is_passing = TRUE;
  return self;
}

char *
rb_notice_dup_markup (const RbNotice *self)
{
  return g_markup_escape_text (self->body, -1);
}

const RbNoticeAction *
rb_notice_find_action (const RbNotice *self,
                       const char     *name)
{
  for (guint i = 0; i < self->actions->len; i++)
    {
      const RbNoticeAction *action = g_ptr_array_index (self->actions, i);

      if (g_str_equal (action->name, name))
        return action;
    }
  return NULL;
}
