/* rb-recall.c: what the guards have counted before a restart, they have after it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-recall.h"

#include "rb-admission.h"
#include "rb-rule.h"

#include <string.h>

#define LOOK_BACK_MS 86400000

/* What is known of one message. */
typedef struct {
  char     *id;
  gint64    at;               /* epoch-ms, when it came or left; 0: it did neither */
  char     *address;
  char     *correlation_id;
  char     *endpoint_id;
  gboolean  is_placed;        /* it was said where it goes */
  gboolean  is_kept_out;      /* by a rule: no guard was asked */
  gboolean  is_held;          /* by a guard: it takes nothing of a quota */
  gint64    person_at;        /* epoch-ms; 0: no person took part */
} Story;

/* One that we send to ourselves has two. */
struct _RbRecall {
  RbCore     *core;           /* borrowed */
  gint64      since;          /* epoch-ms */
  GHashTable *stories[2];     /* by RbLoopWay: id (the story's) to Story */
};

typedef struct {
  gint64       at;
  RbLoopWay    way;
  gboolean     is_person;
  const Story *story;
} Event;

static void
story_free (gpointer data)
{
  Story *story = data;

  g_free (story->id);
  g_free (story->address);
  g_free (story->correlation_id);
  g_free (story->endpoint_id);
  g_free (story);
}

RbRecall *
rb_recall_new (RbCore *core)
{
  RbRecall *self = g_new0 (RbRecall, 1);

  self->core = core;
  self->since = rb_core_now (core) - LOOK_BACK_MS;
  for (guint i = 0; i < G_N_ELEMENTS (self->stories); i++)
    self->stories[i] = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, story_free);
  return self;
}

void
rb_recall_free (RbRecall *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->stories); i++)
    g_hash_table_unref (self->stories[i]);
  g_free (self);
}

static Story *
ensure_story (RbRecall   *self,
              RbLoopWay   way,
              const char *id)
{
  Story *story = g_hash_table_lookup (self->stories[way], id);

  if (story == NULL)
    {
      story = g_new0 (Story, 1);
      story->id = g_strdup (id);
      g_hash_table_insert (self->stories[way], story->id, story);
    }
  return story;
}

static void
begin (Story      *story,
       gint64      at,
       const char *address,
       const char *endpoint_id)
{
  story->at = at;
  g_free (story->address);
  story->address = g_strdup (address);
  g_free (story->endpoint_id);
  story->endpoint_id = g_strdup (endpoint_id);
}

/* Where it went first is what the guard was asked about. */
static void
place (Story      *story,
       const char *endpoint_id,
       const char *rule)
{
  if (!story->is_placed && g_strcmp0 (rule, RB_RULE_CLOSED) != 0)
    story->endpoint_id = g_strdup (endpoint_id);
  story->is_placed = TRUE;
}

static void
add_step (Story      *story,
          const char *step,
          gint64      at,
          const char *endpoint_id,
          const char *rule)
{
  if (strcmp (step, "routed") == 0 || strcmp (step, "stored") == 0)
    place (story, endpoint_id, rule);
  if (g_strcmp0 (rule, RB_RULE_POLICY) == 0)
    story->is_kept_out = TRUE;
  else if (g_strcmp0 (rule, RB_RULE_LOOP) == 0 || g_strcmp0 (rule, RB_RULE_QUOTA) == 0)
    story->is_held = TRUE;
  else if (g_strcmp0 (rule, RB_RULE_ADMITTED) == 0 || g_strcmp0 (rule, RB_RULE_OPERATOR) == 0)
    story->person_at = at;
}

void
rb_recall_checkpoint (RbRecall *self,
                      GVariant *row)
{
  const char *id, *step, *endpoint_id, *detail, *rule;
  gint64 n, at;

  g_variant_get (row, "(&sx&sxm&sm&sm&s)", &id, &n, &step, &at, &endpoint_id, &detail, &rule);
  if (at < self->since)
    return;
  if (strcmp (step, "received") == 0)
    begin (ensure_story (self, RB_LOOP_IN, id), at, detail, NULL);
  else if (n == 0 && strcmp (step, "sent") == 0)
    begin (ensure_story (self, RB_LOOP_OUT, id), at, detail, endpoint_id);
  else if (g_hash_table_contains (self->stories[RB_LOOP_IN], id))
    add_step (ensure_story (self, RB_LOOP_IN, id), step, at, endpoint_id, rule);
}

static void
correlate (Story      *story,
           const char *correlation_id)
{
  g_free (story->correlation_id);
  story->correlation_id = g_strdup (correlation_id);
}

void
rb_recall_archived (RbRecall *self,
                    GVariant *row)
{
  const char *kind, *id, *correlation_id;
  Story *story;

  g_variant_get_child (row, 1, "&s", &kind);
  g_variant_get_child (row, 2, "&s", &id);
  g_variant_get_child (row, 5, "m&s", &correlation_id);
  story = g_hash_table_lookup (self->stories[strcmp (kind, RB_ARCHIVE_OUT) == 0 ? RB_LOOP_OUT : RB_LOOP_IN], id);
  if (story != NULL)
    correlate (story, correlation_id);
}

static void
correlate_live (RbMessage *message,
                gpointer   user_data)
{
  RbRecall *self = user_data;
  Story *story = g_hash_table_lookup (self->stories[RB_LOOP_IN], message->id);

  if (story != NULL)
    correlate (story, message->correlation_id);
}

static int
compare_events (gconstpointer a,
                gconstpointer b)
{
  const Event *first = a, *second = b;

  if (first->at != second->at)
    return first->at < second->at ? -1 : 1;
  return first->way - second->way;
}

static GArray *
list_events (RbRecall *self)
{
  GArray *events = g_array_new (FALSE, FALSE, sizeof (Event));

  for (guint way = 0; way < G_N_ELEMENTS (self->stories); way++)
    {
      GHashTableIter iter;
      gpointer value;

      g_hash_table_iter_init (&iter, self->stories[way]);
      while (g_hash_table_iter_next (&iter, NULL, &value))
        {
          const Story *story = value;
          Event came = { story->at, (RbLoopWay) way, FALSE, story };
          Event person = { story->person_at, (RbLoopWay) way, TRUE, story };

          if (!story->is_kept_out)
            g_array_append_val (events, came);
          if (story->person_at != 0)
            g_array_append_val (events, person);
        }
    }
  g_array_sort (events, compare_events);
  return events;
}

void
rb_recall_count (RbRecall *self)
{
  g_autoptr(GArray) events = NULL;
  gint64 now = rb_core_now (self->core);

  rb_ledger_foreach (self->core->ledger, correlate_live, self);
  events = list_events (self);
  for (guint i = 0; i < events->len; i++)
    {
      const Event *event = &g_array_index (events, Event, i);
      const Story *story = event->story;
      RbLoopTurn turn = { event->way, story->correlation_id, story->endpoint_id, story->address };
      gint64 age_ms = MAX (now - event->at, 0);

      if (event->is_person)
        rb_loop_forget (self->core->loop, &turn);
      else
        rb_admission_recall (self->core, &turn, !story->is_held, age_ms);
    }
  rb_admission_recall_held (self->core);
}
