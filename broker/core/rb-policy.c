/* rb-policy.c: what a person wants done with messages and spawns: rules, and which of them decides
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-policy.h"

#include "rb-core-bounds.h"
#include "rb-error.h"

#include <string.h>

/* Rules for one address are found by it, however many addresses have some; patterns are tried one after the other, and come after them: an
 * address is always more telling. Both lists are in the order of rb_policy_rule_compare(), so that the first that fits decides. */
typedef struct {
  GHashTable *by_sender;   /* address to GPtrArray of RbPolicyRule, borrowed */
  GPtrArray  *patterns;    /* of RbPolicyRule, borrowed */
} Book;

struct _RbPolicy {
  RbBounds       *bounds;  /* borrowed; NULL: nobody counts */
  GPtrArray      *rules;   /* of RbPolicyRule, owned, by number */
  Book            books[RB_N_POLICY_WHATS];
  RbPolicyAction  spawn_default;
};

RbPolicy *
rb_policy_new (RbPolicyAction spawn_default)
{
  RbPolicy *self = g_new0 (RbPolicy, 1);

  self->spawn_default = spawn_default;
  self->rules = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_policy_rule_free);
  for (guint i = 0; i < RB_N_POLICY_WHATS; i++)
    {
      self->books[i].by_sender = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
      self->books[i].patterns = g_ptr_array_new ();
    }
  return self;
}

void
rb_policy_free (RbPolicy *self)
{
  for (guint i = 0; i < RB_N_POLICY_WHATS; i++)
    {
      g_hash_table_unref (self->books[i].by_sender);
      g_ptr_array_unref (self->books[i].patterns);
    }
  g_ptr_array_unref (self->rules);
  g_free (self);
}

void
rb_policy_set_bounds (RbPolicy *self,
                      RbBounds *bounds)
{
  self->bounds = bounds;
}

static int
compare_rules (gconstpointer a,
               gconstpointer b)
{
  return rb_policy_rule_compare (*(RbPolicyRule *const *) a, *(RbPolicyRule *const *) b);
}

static GPtrArray *
list_for (Book               *book,
          const RbPolicyRule *rule)
{
  GPtrArray *list;

  if (strchr (rule->sender, '*') != NULL)
    return book->patterns;

  list = g_hash_table_lookup (book->by_sender, rule->sender);
  if (list == NULL)
    {
      list = g_ptr_array_sized_new (1);
      g_hash_table_insert (book->by_sender, g_strdup (rule->sender), list);
    }
  return list;
}

static void
enter (RbPolicy     *self,
       RbPolicyRule *rule)
{
  GPtrArray *list = list_for (&self->books[rule->what], rule);

  g_ptr_array_add (self->rules, rule);
  g_ptr_array_add (list, rule);
  g_ptr_array_sort (list, compare_rules);
  rb_bounds_note (self->bounds, RB_CORE_BOUND_POLICY_RULES, self->rules->len);
}

static void
strike (RbPolicy     *self,
        RbPolicyRule *rule)
{
  Book *book = &self->books[rule->what];
  GPtrArray *list = list_for (book, rule);

  g_ptr_array_remove (list, rule);
  if (list != book->patterns && list->len == 0)
    g_hash_table_remove (book->by_sender, rule->sender);
  g_ptr_array_remove (self->rules, rule);
}

static RbPolicyRule *
find_same (RbPolicy           *self,
           const RbPolicyRule *rule)
{
  for (guint i = 0; i < self->rules->len; i++)
    {
      RbPolicyRule *other = g_ptr_array_index (self->rules, i);

      if (other->what == rule->what && g_str_equal (other->sender, rule->sender) && g_str_equal (other->kind, rule->kind))
        return other;
    }
  return NULL;
}

static gint64
next_number (const RbPolicy *self)
{
  gint64 n = 1;

  for (guint i = 0; i < self->rules->len; i++)
    n = MAX (n, ((RbPolicyRule *) g_ptr_array_index (self->rules, i))->n + 1);
  return n;
}

typedef gboolean (*FitsFunc) (const RbPolicyRule *rule, gconstpointer question);

static RbPolicyRule *
first_that_fits (const GPtrArray *rules,
                 FitsFunc         fits,
                 gconstpointer    question)
{
  for (guint i = 0; rules != NULL && i < rules->len; i++)
    if (fits (g_ptr_array_index (rules, i), question))
      return g_ptr_array_index (rules, i);
  return NULL;
}

static RbPolicyRule *
find (const RbPolicy *self,
      RbPolicyWhat    what,
      const char     *sender,
      FitsFunc        fits,
      gconstpointer   question)
{
  const Book *book = &self->books[what];
  RbPolicyRule *rule = sender != NULL ? first_that_fits (g_hash_table_lookup (book->by_sender, sender), fits, question) : NULL;

  return rule != NULL ? rule : first_that_fits (book->patterns, fits, question);
}

static RbPolicyVerdict
decide (RbPolicy       *self,
        RbPolicyWhat    what,
        const char     *sender,
        FitsFunc        fits,
        gconstpointer   question,
        RbPolicyAction  otherwise,
        gint64          now)
{
  RbPolicyRule *rule = find (self, what, sender, fits, question);

  if (rule == NULL)
    return (RbPolicyVerdict) { otherwise, NULL };

  rule->hits++;
  rule->last_used_at = now;
  return (RbPolicyVerdict) { rule->action, rule };
}

static gboolean
fits_message (const RbPolicyRule *rule,
              gconstpointer       question)
{
  return rb_policy_rule_fits_message (rule, question);
}

static gboolean
fits_spawn (const RbPolicyRule *rule,
            gconstpointer       question)
{
  return rb_policy_rule_fits_spawn (rule, question);
}

const RbPolicyRule *
rb_policy_find_for_message (const RbPolicy        *self,
                            const RbPolicyMessage *message)
{
  return find (self, RB_POLICY_MESSAGE, message->sender, fits_message, message);
}

RbPolicyVerdict
rb_policy_decide_message (RbPolicy              *self,
                          const RbPolicyMessage *message,
                          gint64                 now)
{
  return decide (self, RB_POLICY_MESSAGE, message->sender, fits_message, message, RB_POLICY_ACCEPT, now);
}

RbPolicyVerdict
rb_policy_decide_spawn (RbPolicy            *self,
                        const RbPolicySpawn *spawn,
                        gint64               now)
{
  return decide (self, RB_POLICY_SPAWN, spawn->sender, fits_spawn, spawn, self->spawn_default, now);
}

char *
rb_policy_verdict_describe (const RbPolicyVerdict *verdict)
{
  if (verdict->rule != NULL)
    return rb_policy_rule_describe (verdict->rule);
  return g_strdup_printf ("no rule fits: %s", rb_policy_action_to_string (verdict->action));
}

static gboolean
check_room (RbPolicy  *self,
            GError   **error)
{
  if (self->rules->len < RB_POLICY_RULES_MAX)
    return TRUE;

  rb_bounds_reached (self->bounds, RB_CORE_BOUND_POLICY_RULES);
  rb_set_error (error, RB_ERROR_UNAVAILABLE, "policy_full", "there are %u rules already; remove some", self->rules->len);
  return FALSE;
}

const RbPolicyRule *
rb_policy_set (RbPolicy      *self,
               RbPolicyRule  *rule,
               const char    *made_by,
               gint64         now,
               RbChanges     *changes,
               GError       **error)
{
  g_autoptr(RbPolicyRule) owned = rule;
  RbPolicyRule *same = find_same (self, rule);

  if (same == NULL && !check_room (self, error))
    return NULL;

  rule->n = same != NULL ? same->n : next_number (self);
  rule->created_at = now;
  g_free (rule->made_by);
  rule->made_by = g_strdup (made_by);
  if (same != NULL)
    strike (self, same);
  enter (self, g_steal_pointer (&owned));
  rb_changes_put (changes, RB_TABLE_POLICY_RULES, rb_policy_rule_to_row (rule));
  return rule;
}

static RbPolicyRule *
lookup (RbPolicy *self,
        gint64    n)
{
  for (guint i = 0; i < self->rules->len; i++)
    {
      RbPolicyRule *rule = g_ptr_array_index (self->rules, i);

      if (rule->n == n)
        return rule;
    }
  return NULL;
}

const RbPolicyRule *
rb_policy_lookup (RbPolicy *self,
                  gint64    n)
{
  return lookup (self, n);
}

gboolean
rb_policy_remove (RbPolicy  *self,
                  gint64     n,
                  RbChanges *changes)
{
  RbPolicyRule *rule = lookup (self, n);

  if (rule == NULL)
    return FALSE;

  strike (self, rule);
  rb_changes_delete (changes, RB_TABLE_POLICY_RULES, g_variant_new ("(x)", n));
  return TRUE;
}

gboolean
rb_policy_load (RbPolicy  *self,
                GVariant  *row,
                GError   **error)
{
  RbPolicyRule *rule = rb_policy_rule_from_row (row, error);

  if (rule == NULL)
    return FALSE;
  enter (self, rule);
  return TRUE;
}

gboolean
rb_policy_names (RbPolicy   *self,
                 const char *sender)
{
  const Book *book = &self->books[RB_POLICY_MESSAGE];

  if (g_hash_table_contains (book->by_sender, sender))
    return TRUE;
  for (guint i = 0; i < book->patterns->len; i++)
    if (rb_policy_rule_names (g_ptr_array_index (book->patterns, i), sender))
      return TRUE;
  return FALSE;
}

guint
rb_policy_get_n (const RbPolicy *self)
{
  return self->rules->len;
}

RbPolicyAction
rb_policy_get_spawn_default (const RbPolicy *self)
{
  return self->spawn_default;
}

static int
compare_listed (gconstpointer a,
                gconstpointer b)
{
  const RbPolicyRule *first = *(RbPolicyRule *const *) a;
  const RbPolicyRule *second = *(RbPolicyRule *const *) b;

  return first->what != second->what ? (int) first->what - (int) second->what : rb_policy_rule_compare (first, second);
}

GPtrArray *
rb_policy_dup_rules (const RbPolicy *self)
{
  GPtrArray *rules = g_ptr_array_sized_new (self->rules->len);

  for (guint i = 0; i < self->rules->len; i++)
    g_ptr_array_add (rules, g_ptr_array_index (self->rules, i));
  g_ptr_array_sort (rules, compare_listed);
  return rules;
}
