/* rb-explain-find.c: what a person may mean with an id, or its beginning
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-explain-find.h"

#include "rb-control.h"
#include "rb-error.h"
#include "rb-explain-name.h"
#include "rb-outbox.h"
#include "rb-spawn.h"

#include <string.h>

#define LISTED_MAX 10
#define RANGE_LIMIT 1000
#define LAST_CHARACTER "\xf4\x8f\xbf\xbf"      /* U+10FFFF: what begins with a text is less than the text with this */

/* Memory knows what lives and what the archive has; the disk knows also what only the list of seen ids has, and which assignments and replies
 * a message once had: the steps of its ladder name them. */
typedef struct {
  char      *text;
  GPtrArray *things;     /* of RbThing that begin with @text, each once */
  GHashTable *known;     /* kind and id to those */
  RbCore    *core;       /* borrowed from the task */
  RbThing   *guessed;    /* of @things: the disk is asked whose it is; else NULL */
} Find;

static void
find_free (Find *self)
{
  g_free (self->text);
  g_hash_table_unref (self->known);
  g_ptr_array_unref (self->things);
  g_free (self);
}

void
rb_thing_free (RbThing *self)
{
  g_free (self->id);
  g_free (self->subject);
  g_free (self->assignment_id);
  g_free (self);
}

const char *
rb_thing_kind_to_string (RbThingKind kind)
{
  static const char *const names[] = {
    [RB_THING_MESSAGE] = "message",   [RB_THING_ASSIGNMENT] = "assignment", [RB_THING_REPLY] = "reply",     [RB_THING_ENDPOINT] = "endpoint",
    [RB_THING_EVENT] = "event",       [RB_THING_SPAWN] = "spawn",           [RB_THING_CONTROL] = "control",
  };

  return names[kind];
}

/* (nullable): NULL: it does not begin so, or is known. */
static RbThing *
add_thing (Find        *self,
           RbThingKind  kind,
           const char  *id,
           const char  *subject,
           gboolean     is_guess)
{
  g_autofree char *key = NULL;
  RbThing *thing;

  if (id == NULL || !g_str_has_prefix (id, self->text))
    return NULL;
  key = g_strdup_printf ("%d:%s", kind, id);
  thing = g_hash_table_lookup (self->known, key);
  if (thing != NULL)
    {
      if (thing->is_guess && !is_guess)
        {
          g_free (thing->subject);
          thing->subject = g_strdup (subject);
          thing->is_guess = FALSE;
        }
      return NULL;
    }

  thing = g_new0 (RbThing, 1);
  *thing = (RbThing) { .kind = kind, .id = g_strdup (id), .subject = g_strdup (subject), .is_guess = is_guess };
  g_hash_table_insert (self->known, g_steal_pointer (&key), thing);
  g_ptr_array_add (self->things, thing);
  return thing;
}

static void
add (Find        *self,
     RbThingKind  kind,
     const char  *id,
     const char  *subject)
{
  add_thing (self, kind, id, subject, FALSE);
}

static void
add_message (RbMessage *message,
             gpointer   user_data)
{
  add (user_data, RB_THING_MESSAGE, message->id, message->id);
  /* The network may know it by another id than we do. */
  if (message->source_id != NULL && strcmp (message->source_id, message->id) != 0)
    add (user_data, RB_THING_MESSAGE, message->source_id, message->id);
}

static void
add_id_of_reply (Find                *self,
                 const RbReplyRecord *record,
                 const char          *id,
                 const char          *subject,
                 gboolean             is_guess)
{
  RbThing *thing = add_thing (self, RB_THING_REPLY, id, subject, is_guess);

  if (thing != NULL)
    thing->assignment_id = g_strdup (record->assignment_id);
}

/* A record names its message as the network does. What lives of it knows the id that all else goes by, and what ended went by that id if the
 * archive has it. */
static void
add_reply (const RbReplyRecord *record,
           gpointer             user_data)
{
  Find *self = user_data;
  RbAssignment *assignment = rb_assignments_lookup (self->core->assignments, record->source_message_id, record->assignment_id);
  const char *subject = assignment != NULL ? assignment->message->id : record->source_message_id;
  gboolean is_guess = assignment == NULL && rb_archive_find (self->core->archive, subject, NULL) == 0;

  add_id_of_reply (self, record, record->reply_request_id, subject, is_guess);
  if (record->result == NULL)
    add_id_of_reply (self, record, record->wire_message_id, subject, is_guess);
}

static void
add_archived (const char *id,
              gboolean    is_endpoint,
              gpointer    user_data)
{
  add (user_data, is_endpoint ? RB_THING_ENDPOINT : RB_THING_MESSAGE, id, id);
}

static void
add_spawn (const char *token,
           gpointer    user_data)
{
  add (user_data, RB_THING_SPAWN, token, token);
}

static void
add_control (const char *key,
             gpointer    user_data)
{
  add (user_data, RB_THING_CONTROL, key, key);
}

static void
search_memory (RbCore *core,
               Find   *self)
{
  g_autoptr(GPtrArray) assignments = rb_assignments_dup_all (core->assignments);

  for (GList *l = rb_registry_get_all (core->registry)->head; l != NULL; l = l->next)
    add (self, RB_THING_ENDPOINT, ((const RbEndpoint *) l->data)->id, ((const RbEndpoint *) l->data)->id);
  rb_ledger_foreach (core->ledger, add_message, self);
  for (guint i = 0; i < assignments->len; i++)
    {
      const RbAssignment *assignment = g_ptr_array_index (assignments, i);

      add (self, RB_THING_ASSIGNMENT, assignment->context->assignment_id, assignment->message->id);
    }
  rb_archive_find_prefix (core->archive, self->text, add_archived, self);
  rb_replies_foreach (core->replies, add_reply, self);
  rb_spawn_foreach_token (core, add_spawn, self);
  rb_control_foreach_key (core, add_control, self);
  if (rb_outbox_has_event (core, self->text))
    add (self, RB_THING_EVENT, self->text, self->text);
}

/* Of several the kind that comes first: a control event's key is also the id of the assignment that it ordered. */
static RbThing *
find_exact (Find *self)
{
  RbThing *found = NULL;

  for (guint i = 0; i < self->things->len; i++)
    {
      RbThing *thing = g_ptr_array_index (self->things, i);

      if (strcmp (thing->id, self->text) == 0 && (found == NULL || thing->kind < found->kind))
        found = thing;
    }
  return found;
}

static int
compare_things (gconstpointer a,
                gconstpointer b)
{
  const RbThing *first = *(RbThing *const *) a;
  const RbThing *second = *(RbThing *const *) b;
  int order = strcmp (first->id, second->id);

  return order != 0 ? order : (int) first->kind - (int) second->kind;
}

static GError *
ambiguous (Find *self)
{
  g_autoptr(GString) list = g_string_new (NULL);
  GError *error;

  g_ptr_array_sort (self->things, compare_things);
  for (guint i = 0; i < self->things->len && i < LISTED_MAX; i++)
    {
      const RbThing *thing = g_ptr_array_index (self->things, i);

      g_string_append_printf (list, "\n  %s  %s", thing->id, rb_thing_kind_to_string (thing->kind));
    }
  if (self->things->len > LISTED_MAX)
    g_string_append_printf (list, "\n  and %u more", self->things->len - LISTED_MAX);
  error = rb_error_new (RB_ERROR_BAD_STATE, "ambiguous", "'%s' may be any of %u:%s", self->text, self->things->len, list->str);
  return error;
}

/* One id may be two things (a control event and its assignment): that is not what makes a beginning ambiguous. */
static RbThing *
find_only (Find *self)
{
  RbThing *first = g_ptr_array_index (self->things, 0);

  for (guint i = 1; i < self->things->len; i++)
    {
      RbThing *thing = g_ptr_array_index (self->things, i);

      if (strcmp (thing->id, first->id) != 0)
        return NULL;
      if (thing->kind < first->kind)
        first = thing;
    }
  return first;
}

static void
answer (GTask   *task,
        RbThing *thing)
{
  RbThing *copy = g_new (RbThing, 1);

  *copy = (RbThing) { thing->kind, g_strdup (thing->id), g_strdup (thing->subject), g_strdup (thing->assignment_id), thing->is_guess };
  g_task_return_pointer (task, copy, (GDestroyNotify) rb_thing_free);
}

static void
on_named (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Find *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autofree char *endpoint_id = rb_find_endpoint_finish (RB_CORE (source), result, &error);
  RbThing thing = { .kind = RB_THING_ENDPOINT, .id = endpoint_id, .subject = endpoint_id };

  if (error != NULL)
    g_task_return_error (task, error);
  else if (endpoint_id != NULL)
    answer (task, &thing);
  else if (self->things->len > 0)
    g_task_return_error (task, ambiguous (self));
  else
    g_task_return_error (task, rb_error_new (RB_ERROR_NOT_FOUND, "not_found", "nothing is known of '%s'", self->text));
}

/* A step that names its assignment, which is the step's @detail. */
static gboolean
is_assigning (const char *step)
{
  static const char *const assigning[] = { "assigned", "claimed", "staged", NULL };

  return g_strv_contains (assigning, step);
}

/* The step that gave it out says of which message it was. */
static void
on_given_out (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  RbThing *thing = ((Find *) g_task_get_task_data (task))->guessed;
  g_autoptr(GPtrArray) rows = rb_store_take_rows (source, result, task);

  if (rows == NULL)
    return;
  for (guint i = 0; i < rows->len; i++)
    {
      const char *message_id, *step, *detail;

      g_variant_get (g_ptr_array_index (rows, i), "(&sx&sxmsm&sms)", &message_id, NULL, &step, NULL, NULL, &detail, NULL);
      if (!is_assigning (step) || g_strcmp0 (detail, thing->assignment_id) != 0)
        continue;
      g_free (thing->subject);
      thing->subject = g_strdup (message_id);
    }
  answer (task, thing);
}

static void
read_beginning (RbStore             *store,
                RbTable              table,
                guint                column,
                const char          *text,
                GAsyncReadyCallback  callback,
                GTask               *task)
{
  g_autofree char *below = g_strconcat (text, LAST_CHARACTER, NULL);
  RbRange range = { table, column, g_variant_new_string (text), g_variant_new_string (below), RANGE_LIMIT };

  rb_store_read_range_async (store, &range, NULL, callback, task);
}

static void
decide (GTask *task)
{
  Find *self = g_task_get_task_data (task);
  RbThing *thing = find_exact (self);

  if (thing == NULL && self->things->len > 0)
    thing = find_only (self);
  if (thing == NULL)
    rb_find_endpoint_async (self->core, self->text, on_named, g_object_ref (task));
  else if (thing->is_guess && thing->assignment_id != NULL)
    {
      self->guessed = thing;
      read_beginning (self->core->store, RB_TABLE_CHECKPOINTS, 5, thing->assignment_id, on_given_out, g_object_ref (task));
    }
  else
    answer (task, thing);
}

static void
add_step (Find     *self,
          GVariant *row)
{
  const char *message_id, *step, *detail;

  g_variant_get (row, "(&sx&sxmsm&sms)", &message_id, NULL, &step, NULL, NULL, &detail, NULL);
  if (is_assigning (step))
    add (self, RB_THING_ASSIGNMENT, detail, message_id);
  else if (g_str_equal (step, "reply_requested"))
    add (self, RB_THING_REPLY, detail, message_id);
}

static void
on_steps (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GPtrArray) rows = rb_store_take_rows (source, result, task);

  if (rows == NULL)
    return;

  for (guint i = 0; i < rows->len; i++)
    add_step (g_task_get_task_data (task), g_ptr_array_index (rows, i));
  decide (task);
}

static void
on_places (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Find *self = g_task_get_task_data (task);
  g_autoptr(GPtrArray) rows = rb_store_take_rows (source, result, task);

  if (rows == NULL)
    return;

  for (guint i = 0; i < rows->len; i++)
    {
      const char *id;

      g_variant_get_child (g_ptr_array_index (rows, i), 0, "&s", &id);
      add (self, RB_THING_MESSAGE, id, id);
    }
  read_beginning (RB_STORE (source), RB_TABLE_CHECKPOINTS, 5, self->text, on_steps, g_steal_pointer (&task));
}

static gboolean
check_text (const char *text,
            GError    **error)
{
  if (*text != '\0' && strlen (text) <= RB_FIND_ID_MAX && g_utf8_validate (text, -1, NULL))
    return TRUE;

  rb_set_error (error, RB_ERROR_INVALID, "bad_id", "an id has from 1 to %d bytes of UTF-8", RB_FIND_ID_MAX);
  return FALSE;
}

void
rb_find_async (RbCore              *core,
               const char          *text,
               GAsyncReadyCallback  callback,
               gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  GError *error = NULL;
  RbThing *exact;
  Find *self;

  g_task_set_source_tag (task, rb_find_async);
  if (!check_text (text, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  self = g_new0 (Find, 1);
  self->core = core;
  self->text = g_strdup (text);
  self->things = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_thing_free);
  self->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_task_set_task_data (task, self, (GDestroyNotify) find_free);
  search_memory (core, self);
  exact = find_exact (self);
  if (exact != NULL && !exact->is_guess)
    answer (task, exact);
  else
    read_beginning (core->store, RB_TABLE_PLACES, 0, text, on_places, g_steal_pointer (&task));
}

RbThing *
rb_find_finish (RbCore        *core,
                GAsyncResult  *result,
                GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
