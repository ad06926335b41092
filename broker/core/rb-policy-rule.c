/* rb-policy-rule.c: one rule of the policy: for whom it is, and what it says
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-policy-rule.h"

#include "rb-error.h"

#include <string.h>

#define PATTERN_MAX 256
#define NOTE_MAX 256
#define TYPE_PREFIX "type:"

static const char *const whats[] = { [RB_POLICY_MESSAGE] = "message", [RB_POLICY_SPAWN] = "spawn" };

/* How strict each is decides between two rules that fit equally well. */
static const struct {
  const char   *word;
  RbPolicyWhat  what;
  int           strictness;
} actions[] = {
  [RB_POLICY_ACCEPT] = { "accept", RB_POLICY_MESSAGE, 0 }, [RB_POLICY_HOLD] = { "hold", RB_POLICY_MESSAGE, 1 },
  [RB_POLICY_REFUSE] = { "refuse", RB_POLICY_MESSAGE, 2 }, [RB_POLICY_ALLOW] = { "allow", RB_POLICY_SPAWN, 0 },
  [RB_POLICY_ASK] = { "ask", RB_POLICY_SPAWN, 1 },         [RB_POLICY_DENY] = { "deny", RB_POLICY_SPAWN, 2 },
};

/* Kinds of messages that are words, the most telling last. */
static const char *const message_kinds[] = { "*", "unaddressed", "targeted", "correlated" };

const char *
rb_policy_what_to_string (RbPolicyWhat what)
{
  return whats[what];
}

gboolean
rb_policy_what_from_string (const char   *text,
                            RbPolicyWhat *what)
{
  for (guint i = 0; i < G_N_ELEMENTS (whats); i++)
    if (g_strcmp0 (whats[i], text) == 0)
      {
        *what = (RbPolicyWhat) i;
        return TRUE;
      }
  return FALSE;
}

const char *
rb_policy_action_to_string (RbPolicyAction action)
{
  return actions[action].word;
}

gboolean
rb_policy_action_from_string (const char     *text,
                              RbPolicyWhat    what,
                              RbPolicyAction *action)
{
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    if (actions[i].what == what && g_strcmp0 (actions[i].word, text) == 0)
      {
        *action = (RbPolicyAction) i;
        return TRUE;
      }
  return FALSE;
}

/* Back to the last star only, which is enough and takes at most the product of both lengths: GPatternSpec tries all ways of all stars, and
 * strangers choose how long their address is. */
static gboolean
fits (const char *pattern,
      const char *text)
{
  const char *star = NULL, *tried = NULL;

  while (*text != '\0')
    if (*pattern == '*')
      {
        star = ++pattern;
        tried = text;
      }
    else if (*pattern == *text)
      {
        pattern++;
        text++;
      }
    else if (star != NULL)
      {
        pattern = star;
        text = ++tried;
      }
    else
      return FALSE;

  return pattern[strspn (pattern, "*")] == '\0';
}

static gboolean
is_anything (const char *pattern)
{
  return pattern[strspn (pattern, "*")] == '\0';
}

/* A text without a star is more telling than any with one; then more characters are. */
static int
rank_pattern (const char *pattern)
{
  int n = 0;

  if (strchr (pattern, '*') == NULL)
    return PATTERN_MAX + 1;
  for (const char *p = pattern; *p != '\0'; p++)
    n += *p != '*';
  return n;
}

static int
rank_kind (const RbPolicyRule *self)
{
  if (self->what == RB_POLICY_SPAWN)
    return rank_pattern (self->kind);
  for (guint i = 0; i < G_N_ELEMENTS (message_kinds); i++)
    if (g_str_equal (self->kind, message_kinds[i]))
      return (int) i;
  return (int) G_N_ELEMENTS (message_kinds) + rank_pattern (self->kind + strlen (TYPE_PREFIX));
}

static gboolean
check_text (const char  *name,
            const char  *text,
            gsize        max,
            GError     **error)
{
  gboolean is_plain = g_utf8_validate (text, -1, NULL);

  for (const char *p = text; is_plain && *p != '\0'; p = g_utf8_next_char (p))
    is_plain = g_unichar_isprint (g_utf8_get_char (p));
  if (is_plain && strlen (text) <= max)
    return TRUE;

  rb_set_error (error, RB_ERROR_INVALID, "bad_rule", "%s must be plain text of at most %" G_GSIZE_FORMAT " bytes", name, max);
  return FALSE;
}

static gboolean
check_pattern (const char  *name,
               const char  *text,
               GError     **error)
{
  if (text != NULL && *text != '\0')
    return check_text (name, text, PATTERN_MAX, error);

  rb_set_error (error, RB_ERROR_INVALID, "bad_rule", "%s must not be empty; '*' is any", name);
  return FALSE;
}

static gboolean
check_kind (RbPolicyWhat   what,
            const char    *kind,
            GError       **error)
{
  if (!check_pattern ("kind", kind, error))
    return FALSE;
  if (what == RB_POLICY_SPAWN || (g_str_has_prefix (kind, TYPE_PREFIX) && kind[strlen (TYPE_PREFIX)] != '\0'))
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (message_kinds); i++)
    if (g_str_equal (kind, message_kinds[i]))
      return TRUE;

  rb_set_error (error, RB_ERROR_INVALID, "bad_rule",
                "kind of a message must be '*', 'targeted', 'correlated', 'unaddressed' or 'type:PATTERN'");
  return FALSE;
}

static gboolean
check_action (RbPolicyWhat     what,
              const char      *text,
              RbPolicyAction  *action,
              GError         **error)
{
  if (rb_policy_action_from_string (text, what, action))
    return TRUE;

  rb_set_error (error, RB_ERROR_INVALID, "bad_rule", "action for a %s must be %s", whats[what],
                what == RB_POLICY_MESSAGE ? "'accept', 'hold' or 'refuse'" : "'allow', 'ask' or 'deny'");
  return FALSE;
}

gboolean
rb_policy_rule_check_note (const char  *note,
                           GError     **error)
{
  return note == NULL || check_text ("note", note, NOTE_MAX, error);
}

RbPolicyRule *
rb_policy_rule_new (RbPolicyWhat   what,
                    const char    *sender,
                    const char    *kind,
                    const char    *action,
                    const char    *note,
                    GError       **error)
{
  RbPolicyAction parsed;
  RbPolicyRule *self;

  if (!check_pattern ("sender", sender, error) || !check_kind (what, kind, error) || !check_action (what, action, &parsed, error) ||
      !rb_policy_rule_check_note (note, error))
    return NULL;

  self = g_new0 (RbPolicyRule, 1);
  self->what = what;
  self->sender = g_strdup (sender);
  self->kind = g_strdup (kind);
  self->action = parsed;
  self->note = g_strdup (note != NULL ? note : "");
  self->made_by = g_strdup (RB_POLICY_BY_PERSON);
  return self;
}

void
rb_policy_rule_free (RbPolicyRule *self)
{
  g_return_if_fail (self != NULL);

  g_free (self->sender);
  g_free (self->kind);
  g_free (self->note);
  g_free (self->made_by);
  g_free (self);
}

GVariant *
rb_policy_rule_to_row (const RbPolicyRule *self)
{
  return g_variant_new ("(xsssssxs)", self->n, whats[self->what], self->sender, self->kind, actions[self->action].word, self->note,
                        self->created_at, self->made_by);
}

RbPolicyRule *
rb_policy_rule_from_row (GVariant  *row,
                         GError   **error)
{
  const char *what_word, *sender, *kind, *action, *note, *made_by;
  g_autoptr(GError) bad = NULL;
  RbPolicyWhat what;
  RbPolicyRule *self = NULL;
  gint64 n, created_at;

  g_variant_get (row, "(x&s&s&s&s&sx&s)", &n, &what_word, &sender, &kind, &action, &note, &created_at, &made_by);
  if (rb_policy_what_from_string (what_word, &what))
    self = rb_policy_rule_new (what, sender, kind, action, note, &bad);
  if (self == NULL)
    {
      rb_set_error (error, RB_ERROR_CORRUPT, "database_damaged", "Rule %" G_GINT64_FORMAT " of the policy makes no sense: %s", n,
                    bad != NULL ? bad->message : "it is for neither messages nor spawns");
      return NULL;
    }

  self->n = n;
  self->created_at = created_at;
  g_free (self->made_by);
  self->made_by = g_strdup (made_by);
  return self;
}

static gboolean
fits_kind (const char            *kind,
           const RbPolicyMessage *message)
{
  if (message->is_of_any_kind)
    return TRUE;
  if (g_str_has_prefix (kind, TYPE_PREFIX))
    return fits (kind + strlen (TYPE_PREFIX), message->content_type != NULL ? message->content_type : "");
  if (g_str_equal (kind, "correlated"))
    return message->is_correlated;
  if (g_str_equal (kind, "targeted"))
    return message->is_targeted;
  if (g_str_equal (kind, "unaddressed"))
    return !message->is_correlated && !message->is_targeted;
  return TRUE;
}

gboolean
rb_policy_rule_fits_message (const RbPolicyRule    *self,
                             const RbPolicyMessage *message)
{
  return self->what == RB_POLICY_MESSAGE && fits (self->sender, message->sender != NULL ? message->sender : "") &&
         fits_kind (self->kind, message);
}

gboolean
rb_policy_rule_fits_spawn (const RbPolicyRule  *self,
                           const RbPolicySpawn *spawn)
{
  return self->what == RB_POLICY_SPAWN && fits (self->sender, spawn->sender != NULL ? spawn->sender : "") &&
         fits (self->kind, spawn->kind != NULL ? spawn->kind : "");
}

gboolean
rb_policy_rule_names (const RbPolicyRule *self,
                      const char         *sender)
{
  return !is_anything (self->sender) && fits (self->sender, sender);
}

int
rb_policy_rule_compare (const RbPolicyRule *a,
                        const RbPolicyRule *b)
{
  int by_sender = rank_pattern (b->sender) - rank_pattern (a->sender);
  int by_kind = rank_kind (b) - rank_kind (a);
  int by_strictness = actions[b->action].strictness - actions[a->action].strictness;

  if (by_sender != 0)
    return by_sender;
  if (by_kind != 0)
    return by_kind;
  if (by_strictness != 0)
    return by_strictness;
  return a->n < b->n ? -1 : a->n > b->n;
}

char *
rb_policy_rule_describe (const RbPolicyRule *self)
{
  GString *text = g_string_new (NULL);
  gboolean is_message = self->what == RB_POLICY_MESSAGE;

  g_string_append_printf (text, "rule %" G_GINT64_FORMAT ": %s ", self->n, actions[self->action].word);
  if (!is_anything (self->kind))
    g_string_append_printf (text, "%s ", self->kind);
  g_string_append (text, is_message ? "messages from " : "runtimes for ");
  g_string_append (text, is_anything (self->sender) ? "anybody" : self->sender);
  if (*self->note != '\0')
    g_string_append_printf (text, " (%s)", self->note);
  return g_string_free (text, FALSE);
}
