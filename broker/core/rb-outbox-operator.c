/* rb-outbox-operator.c: what a person sees of the outbox, and may do
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-outbox-operator.h"

#include "rb-dict.h"
#include "rb-error.h"
#include "rb-events.h"
#include "rb-needs.h"
#include "rb-outbox-private.h"

#define MAX_SHOWN 1000

/* Without the payload: it may hold a token. */
static GVariant *
view_letter (const RbLetter *letter,
             GVariantDict   *dict)
{
  rb_dict_put_count (dict, "id", letter->position);
  rb_dict_put_text (dict, "kind", rb_event_kind_to_string (rb_event_get_kind (letter->event)));
  rb_dict_put_text (dict, "subject", rb_event_get_subject (letter->event));
  rb_dict_put_time (dict, "created_at", letter->created_at);
  rb_dict_put_text (dict, "reason", letter->reason);
  if (letter->status != 0)
    rb_dict_put_count (dict, "status", letter->status);
  return g_variant_dict_end (dict);
}

static const char *
waits_for (RbCore           *core,
           const RbPostLane *lane,
           const RbLetter   *letter)
{
  if (letter != g_queue_peek_head ((GQueue *) &lane->letters))
    return "the one before it";
  if (lane->is_posting)
    return "the answer";
  if (lane->timer != 0)
    return "the next attempt";
  if (rb_event_get_kind (letter->event) == RB_EVENT_ENDPOINT_STATE && core->presence != RB_PRESENCE_ONLINE)
    return "the network";

  return "its turn";
}

static GVariant *
view_waiting (RbCore           *core,
              const RbPostLane *lane,
              const RbLetter   *letter)
{
  gboolean is_first = letter == g_queue_peek_head ((GQueue *) &lane->letters);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  rb_dict_put_text (&dict, "waits_for", waits_for (core, lane, letter));
  rb_dict_put_count (&dict, "attempts", is_first ? lane->attempts : 0);
  rb_dict_put_text (&dict, "last_failure", is_first ? lane->failure : NULL);
  return view_letter (letter, &dict);
}

typedef struct {
  const RbPostLane *lane;
  const RbLetter   *letter;
} Shown;

static int
compare_positions (gconstpointer a,
                   gconstpointer b)
{
  const Shown *first = a;
  const Shown *second = b;

  return first->letter->position < second->letter->position ? -1 : first->letter->position > second->letter->position;
}

static GArray *
collect (RbOutbox *self)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (Shown));
  GHashTableIter iter;
  gpointer lane;

  g_hash_table_iter_init (&iter, self->lanes);
  while (g_hash_table_iter_next (&iter, NULL, &lane))
    for (GList *l = ((RbPostLane *) lane)->letters.head; l != NULL; l = l->next)
      {
        Shown shown = { lane, l->data };

        g_array_append_val (all, shown);
      }
  g_array_sort (all, compare_positions);
  return all;
}

GVariant *
rb_view_outbox (RbCore *core)
{
  g_autoptr(GArray) all = collect (core->outbox);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < MIN (all->len, MAX_SHOWN); i++)
    {
      const Shown *shown = &g_array_index (all, Shown, i);

      g_variant_builder_add_value (&builder, view_waiting (core, shown->lane, shown->letter));
    }
  return g_variant_builder_end (&builder);
}

GVariant *
rb_view_dead_letters (RbCore *core)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (const GList *l = rb_dead_letters_get_all (core->outbox->dead); l != NULL; l = l->next)
    {
      GVariantDict dict;

      g_variant_dict_init (&dict, NULL);
      g_variant_builder_add_value (&builder, view_letter (l->data, &dict));
    }
  return g_variant_builder_end (&builder);
}

static gboolean
parse_number (const char *text,
              gint64     *number)
{
  return g_ascii_string_to_signed (text, 10, 1, G_MAXINT64, number, NULL);
}

static const RbLetter *
find_dead (const RbOutbox *self,
           gint64          position)
{
  for (const GList *l = rb_dead_letters_get_all (self->dead); l != NULL; l = l->next)
    if (((const RbLetter *) l->data)->position == position)
      return l->data;
  return NULL;
}

static gboolean
find_waiting (RbOutbox *self,
              gint64    position,
              Shown    *found)
{
  g_autoptr(GArray) all = collect (self);

  for (guint i = 0; i < all->len; i++)
    {
      *found = g_array_index (all, Shown, i);
      if (found->letter->position == position)
        return TRUE;
    }
  return FALSE;
}

gboolean
rb_outbox_has_event (RbCore     *core,
                     const char *number)
{
  gint64 position;
  Shown shown;

  return parse_number (number, &position) && (find_dead (core->outbox, position) != NULL || find_waiting (core->outbox, position, &shown));
}

void
rb_outbox_foreach (RbCore       *core,
                   RbLetterFunc  func,
                   gpointer      user_data)
{
  g_autoptr(GArray) all = collect (core->outbox);

  for (guint i = 0; i < all->len; i++)
    func (g_array_index (all, Shown, i).letter, user_data);
  for (const GList *l = rb_dead_letters_get_all (core->outbox->dead); l != NULL; l = l->next)
    func (l->data, user_data);
}

static void
put_attempts (RbStory          *story,
              const RbPostLane *lane)
{
  rb_story_put_error (story, lane->failure, NULL, lane->failed_at, lane->attempts);
  rb_story_add_clock (story, "outbox", lane->timer, "the event is posted again");
}

static void
put_letter (RbStory        *story,
            const RbLetter *letter)
{
  rb_dict_put_text (&story->dict, "event", rb_event_kind_to_string (rb_event_get_kind (letter->event)));
  rb_dict_put_text (&story->dict, "subject", rb_event_get_subject (letter->event));
  rb_dict_put_text (&story->dict, "state", letter->is_dead ? "dead" : "queued");
  rb_dict_put_time (&story->dict, "created_at", letter->created_at);
}

void
rb_outbox_put_event (RbStory    *story,
                     const char *number)
{
  RbCore *core = story->core;
  const RbLetter *dead;
  gint64 position;
  Shown shown;

  if (!parse_number (number, &position))
    return;

  dead = find_dead (core->outbox, position);
  if (dead != NULL)
    {
      g_autofree char *code = dead->status != 0 ? g_strdup_printf ("HTTP %" G_GINT64_FORMAT, dead->status) : NULL;

      put_letter (story, dead);
      rb_story_put_error (story, dead->reason, code, dead->created_at, 1);
      rb_story_put_ended (story, "refused", "the upstream refused it for good; brokerctl retry sends it again", 0);
    }
  else if (find_waiting (core->outbox, position, &shown))
    {
      g_autofree char *next = g_strdup_printf ("waits for %s", waits_for (core, shown.lane, shown.letter));

      put_letter (story, shown.letter);
      rb_story_put_next (story, next, 0);
      put_attempts (story, shown.lane);
    }
}

void
rb_outbox_put_story (RbStory     *story,
                     RbEventKind  kind,
                     const char  *subject)
{
  RbCore *core = story->core;
  g_autoptr(GBytes) nothing = g_bytes_new_static ("{}", 2);
  g_autoptr(RbEvent) event = rb_event_new (kind, subject, nothing);
  g_autofree char *key = rb_letter_dup_lane (event);
  const RbPostLane *lane = g_hash_table_lookup (core->outbox->lanes, key);
  GVariantBuilder owed;

  if (lane == NULL)
    return;

  g_variant_builder_init (&owed, G_VARIANT_TYPE ("aa{sv}"));
  for (const GList *l = lane->letters.head; l != NULL; l = l->next)
    g_variant_builder_add_value (&owed, view_waiting (core, lane, l->data));
  g_variant_dict_insert_value (&story->dict, "owed", g_variant_builder_end (&owed));
  put_attempts (story, lane);
}

void
rb_outbox_put_counters (RbCore       *core,
                        GVariantDict *counters)
{
  const RbOutbox *self = core->outbox;

  rb_dict_put_count (counters, "events_posted", self->counters.posted);
  rb_dict_put_count (counters, "events_posted_again", self->counters.retries);
  rb_dict_put_count (counters, "events_refused", self->counters.refused);
  rb_dict_put_count (counters, "dead_letters_forgotten", rb_dead_letters_get_n_forgotten (self->dead));
  rb_dict_put_count (counters, "presence_dropped", self->counters.presence_dropped);
}

/* The assignment of which it tells was given again since, is being given just now, or there is something newer to tell of it: told again, it
 * would be the last that the upstream knows. */
static gboolean
is_overtaken (RbCore         *core,
              const RbLetter *letter)
{
  g_autofree char *source_id = NULL;
  g_autofree char *message_id = NULL;
  const RbMessage *message;

  if (rb_event_get_kind (letter->event) != RB_EVENT_PROCESSING_STATE)
    return FALSE;

  source_id = rb_events_dup_member (letter->event, "source_message_id");
  if (source_id == NULL)
    return FALSE;
  message_id = rb_events_dup_member (letter->event, "undispatched_id");
  message = rb_ledger_lookup (core->ledger, message_id != NULL ? message_id : source_id);
  return rb_assignments_lookup (core->assignments, source_id, rb_event_get_subject (letter->event)) != NULL ||
         rb_outbox_has_report (core, rb_event_get_subject (letter->event)) ||
         (message != NULL && message->is_being_claimed) ||
         (message != NULL && message->place == RB_PLACE_INBOX && rb_inbox_lookup (core->inbox, message->id) == NULL);
}

/* Dead letters that become queued ones. */
static GPtrArray *
take_dead (RbCore *core,
           gint64  position)
{
  RbDeadLetters *dead = core->outbox->dead;
  g_autoptr(GArray) positions = g_array_new (FALSE, FALSE, sizeof (gint64));
  GPtrArray *letters = g_ptr_array_new ();

  for (const GList *l = rb_dead_letters_get_all (dead); l != NULL; l = l->next)
    {
      const RbLetter *letter = l->data;

      if ((position == 0 || letter->position == position) && !is_overtaken (core, letter))
        g_array_append_val (positions, letter->position);
    }
  for (guint i = 0; i < positions->len; i++)
    g_ptr_array_add (letters, rb_dead_letters_steal (dead, g_array_index (positions, gint64, i)));
  return letters;
}

static GError *
cannot_retry (RbCore *core,
              gint64  id)
{
  if (find_dead (core->outbox, id) != NULL)
    return rb_error_new (RB_ERROR_BAD_STATE, "dead_letter_overtaken",
                         "the assignment was given again since; dead letter %" G_GINT64_FORMAT " is no longer true of it", id);
  return rb_error_new (RB_ERROR_NOT_FOUND, "dead_letter_unknown", "unknown dead letter: %" G_GINT64_FORMAT, id);
}

/* A new position puts it behind what waits for its subject, also after a restart. */
static void
revive (RbCore    *core,
        RbLetter  *letter,
        RbChanges *changes)
{
  rb_letter_erase (letter, changes);
  letter->position = core->outbox->next_position++;
  letter->is_dead = FALSE;
  letter->status = 0;
  g_clear_pointer (&letter->reason, g_free);
  rb_letter_record (letter, changes);
  rb_outbox_expect (core, letter);
}

/* With an error they are gone from memory: the store keeps nothing any more, and has them as they were. */
static void
on_revived (RbCore       *core,
            const GError *error,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GPtrArray *letters = g_task_get_task_data (task);
  guint n = letters->len;

  if (error == NULL)
    {
      rb_outbox_arrive (core, letters);
      g_task_return_int (task, n);
      return;
    }

  rb_outbox_withdraw (core, letters);
  g_ptr_array_set_free_func (letters, (GDestroyNotify) rb_letter_free);
  g_task_return_error (task, g_error_copy (error));
}

void
rb_dead_letter_retry_async (RbCore              *core,
                            gint64               id,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  g_autoptr(GPtrArray) letters = NULL;
  RbChanges *changes;
  GError *error = NULL;

  g_task_set_source_tag (task, rb_dead_letter_retry_async);
  if (!rb_core_check_ready (core, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  letters = take_dead (core, id);
  if (letters->len == 0 && id != 0)
    {
      g_task_return_error (task, cannot_retry (core, id));
      return;
    }

  changes = rb_changes_new ();
  for (guint i = 0; i < letters->len; i++)
    revive (core, g_ptr_array_index (letters, i), changes);
  rb_outbox_count (core, letters->len);
  rb_core_changed (core, RB_NEEDS_TOPIC);
  g_task_set_task_data (task, g_steal_pointer (&letters), (GDestroyNotify) g_ptr_array_unref);
  rb_core_commit (core, changes, on_revived, g_steal_pointer (&task));
}

gboolean
rb_dead_letter_retry_finish (RbCore        *core,
                             GAsyncResult  *result,
                             guint         *n,
                             GError       **error)
{
  gssize count = g_task_propagate_int (G_TASK (result), error);

  if (count < 0)
    return FALSE;

  *n = count;
  return TRUE;
}
