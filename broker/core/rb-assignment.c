/* rb-assignment.c: a promise that one endpoint handles one message
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-assignment.h"

#include "rb-error.h"
#include "rb-inbox.h"

#include <string.h>

/* Composite key, compared part by part (protocol.md 1.2). The parts live in the assignment's context. */
typedef struct {
  const char *source_message_id;
  const char *assignment_id;
} Key;

struct _RbAssignments {
  GHashTable *by_key;        /* Key to RbAssignment, owned */
  GHashTable *by_message;    /* message id (borrowed) to RbAssignment */
  GHashTable *by_endpoint;   /* endpoint id to GHashTable set of RbAssignment */
  GHashTable *by_id;         /* its id to another such set: an upstream may give the same one to several */
};

static guint
key_hash (gconstpointer data)
{
  const Key *key = data;

  return g_str_hash (key->source_message_id) * 31 + g_str_hash (key->assignment_id);
}

static gboolean
key_equal (gconstpointer a,
           gconstpointer b)
{
  const Key *first = a;
  const Key *second = b;

  return strcmp (first->source_message_id, second->source_message_id) == 0 &&
         strcmp (first->assignment_id, second->assignment_id) == 0;
}

RbAssignment *
rb_assignment_new (RbAssignmentContext *context,
                   RbMessage           *message,
                   const char          *token,
                   gint64               assigned_at)
{
  RbAssignment *self = g_new0 (RbAssignment, 1);

  self->context = context;
  self->message = rb_message_ref (message);
  self->endpoint_id = g_strdup (context->target->endpoint_id);
  self->token = g_strdup (token);
  self->assigned_at = assigned_at;
  rb_sequence_init (&self->sequence);
  self->state = RB_ASSIGNMENT_QUEUED;
  g_queue_init (&self->turns);
  return self;
}

void
rb_assignment_free (RbAssignment *self)
{
  g_warn_if_fail (self->dispatchers == NULL && self->turns.length == 0);
  rb_sequence_clear (&self->sequence);
  g_clear_pointer (&self->context, rb_assignment_context_free);
  g_clear_pointer (&self->message, rb_message_unref);
  g_free (self->endpoint_id);
  g_free (self->token);
  g_free (self);
}

static void
put_row (const RbAssignment *self,
         RbChanges          *changes)
{
  const RbAssignmentContext *context = self->context;
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autofree char *target = NULL;
  GVariant *deadline = self->deadline != 0 ? g_variant_new_int64 (self->deadline) : NULL;

  rb_target_write (context->target, writer, NULL);
  target = rb_json_writer_end_text (writer);
  rb_changes_put (changes, RB_TABLE_ASSIGNMENTS,
                  g_variant_new ("(ssssssmsmsmsxx@mxb)", context->source_message_id, context->assignment_id, self->endpoint_id,
                                 rb_assignment_state_to_string (self->state), target, context->undispatched_id, self->token,
                                 context->reply_correlation_id, context->original_trace_id, self->assigned_at, self->sequence.written,
                                 g_variant_new_maybe (G_VARIANT_TYPE_INT64, deadline), self->is_staged));
}

void
rb_assignment_record (RbAssignment *self,
                      RbChanges    *changes)
{
  rb_sequence_reserve (&self->sequence);
  put_row (self, changes);
}

void
rb_assignment_erase (const RbAssignment *self,
                     RbChanges          *changes)
{
  rb_changes_delete (changes, RB_TABLE_ASSIGNMENTS,
                     g_variant_new ("(ss)", self->context->source_message_id, self->context->assignment_id));
}

gboolean
rb_assignment_holds_slot (const RbAssignment *self)
{
  return !rb_assignment_state_is_accepted (self->state) && g_strcmp0 (self->message->reason, RB_REASON_CLAIMED) != 0;
}

static RbTarget *
parse_target (const char  *text,
              GError     **error)
{
  g_autoptr(GBytes) bytes = g_bytes_new_static (text, strlen (text));
  g_autoptr(RbJson) json = rb_json_parse_object (bytes, 0, error);

  return json != NULL ? rb_target_from_json (json, error) : NULL;
}

const char *
rb_assignment_row_message_id (GVariant *row)
{
  const char *id;

  g_variant_get_child (row, 5, "&s", &id);
  return id;
}

RbAssignment *
rb_assignment_from_row (GVariant   *row,
                        RbMessage  *message,
                        GError    **error)
{
  const char *source_id, *assignment_id, *endpoint_id, *state, *target_text, *undispatched_id, *token, *reply_correlation, *trace_id;
  g_autoptr(GVariant) deadline = NULL;
  g_autoptr(RbTarget) target = NULL;
  RbAssignment *self;
  gint64 assigned_at, written;
  gboolean is_staged;

  g_variant_get (row, "(&s&s&s&s&s&sm&sm&sm&sxx@mxb)", &source_id, &assignment_id, &endpoint_id, &state, &target_text, &undispatched_id,
                 &token, &reply_correlation, &trace_id, &assigned_at, &written, &deadline, &is_staged);
  target = parse_target (target_text, error);
  if (target == NULL)
    return NULL;

  self = rb_assignment_new (rb_assignment_context_new (undispatched_id, source_id, assignment_id, target, reply_correlation, trace_id),
                            message, token, assigned_at);
  g_free (self->endpoint_id);
  self->endpoint_id = g_strdup (endpoint_id);
  rb_sequence_load (&self->sequence, written);
  self->is_staged = is_staged;
  g_variant_get (deadline, "mx", NULL, &self->deadline);
  if (rb_assignment_state_from_string (state, &self->state))
    return self;

  rb_set_error (error, RB_ERROR_CORRUPT, "database_damaged", "Assignment '%s' has no known state '%s'", assignment_id, state);
  rb_assignment_free (self);
  return NULL;
}

RbAssignments *
rb_assignments_new (void)
{
  RbAssignments *self = g_new0 (RbAssignments, 1);

  self->by_key = g_hash_table_new_full (key_hash, key_equal, g_free, (GDestroyNotify) rb_assignment_free);
  self->by_message = g_hash_table_new (g_str_hash, g_str_equal);
  self->by_id = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_hash_table_unref);
  self->by_endpoint = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_hash_table_unref);
  return self;
}

void
rb_assignments_free (RbAssignments *self)
{
  g_hash_table_unref (self->by_endpoint);
  g_hash_table_unref (self->by_id);
  g_hash_table_unref (self->by_message);
  g_hash_table_unref (self->by_key);
  g_free (self);
}

static void
link_to (GHashTable   *sets,
         const char   *name,
         RbAssignment *assignment)
{
  GHashTable *set = g_hash_table_lookup (sets, name);

  if (set == NULL)
    {
      set = g_hash_table_new (NULL, NULL);
      g_hash_table_insert (sets, g_strdup (name), set);
    }
  g_hash_table_add (set, assignment);
}

static void
unlink_from (GHashTable   *sets,
             const char   *name,
             RbAssignment *assignment)
{
  GHashTable *set = g_hash_table_lookup (sets, name);

  g_hash_table_remove (set, assignment);
  if (g_hash_table_size (set) == 0)
    g_hash_table_remove (sets, name);
}

void
rb_assignments_add (RbAssignments *self,
                    RbAssignment  *assignment)
{
  Key *key = g_new (Key, 1);

  key->source_message_id = assignment->context->source_message_id;
  key->assignment_id = assignment->context->assignment_id;
  g_hash_table_insert (self->by_key, key, assignment);
  g_hash_table_insert (self->by_message, assignment->message->id, assignment);
  link_to (self->by_endpoint, assignment->endpoint_id, assignment);
  link_to (self->by_id, key->assignment_id, assignment);
}

void
rb_assignments_remove (RbAssignments *self,
                       RbAssignment  *assignment)
{
  Key key = { assignment->context->source_message_id, assignment->context->assignment_id };

  unlink_from (self->by_endpoint, assignment->endpoint_id, assignment);
  unlink_from (self->by_id, key.assignment_id, assignment);
  g_hash_table_remove (self->by_message, assignment->message->id);
  g_hash_table_remove (self->by_key, &key);
}

RbAssignment *
rb_assignments_lookup (RbAssignments *self,
                       const char    *source_message_id,
                       const char    *assignment_id)
{
  Key key = { source_message_id, assignment_id };

  return g_hash_table_lookup (self->by_key, &key);
}

RbAssignment *
rb_assignments_of_message (RbAssignments *self,
                           const char    *message_id)
{
  return g_hash_table_lookup (self->by_message, message_id);
}

static int
compare_positions (gconstpointer a,
                   gconstpointer b)
{
  const RbAssignment *first = *(RbAssignment *const *) a;
  const RbAssignment *second = *(RbAssignment *const *) b;

  return first->message->position < second->message->position ? -1 : first->message->position > second->message->position;
}

static GPtrArray *
dup_values (GHashTable *table)
{
  GPtrArray *list = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer assignment;

  if (table == NULL)
    return list;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, NULL, &assignment))
    g_ptr_array_add (list, assignment);
  g_ptr_array_sort (list, compare_positions);
  return list;
}

GPtrArray *
rb_assignments_dup_of_endpoint (RbAssignments *self,
                                const char    *endpoint_id)
{
  return dup_values (g_hash_table_lookup (self->by_endpoint, endpoint_id));
}

GPtrArray *
rb_assignments_dup_of_id (RbAssignments *self,
                          const char    *assignment_id)
{
  return dup_values (g_hash_table_lookup (self->by_id, assignment_id));
}

GPtrArray *
rb_assignments_dup_all (RbAssignments *self)
{
  return dup_values (self->by_message);
}

void
rb_assignments_move (RbAssignments *self,
                     RbAssignment  *assignment,
                     const char    *endpoint_id)
{
  unlink_from (self->by_endpoint, assignment->endpoint_id, assignment);
  g_free (assignment->endpoint_id);
  assignment->endpoint_id = g_strdup (endpoint_id);
  link_to (self->by_endpoint, assignment->endpoint_id, assignment);
}

guint
rb_assignments_get_n (RbAssignments *self)
{
  return g_hash_table_size (self->by_key);
}

/* Lazy rows may go with the power. */
GPtrArray *
rb_assignments_dup_reserved (const RbChanges *changes)
{
  GPtrArray *rows = NULL;

  for (guint i = 0; !rb_changes_is_lazy (changes) && i < rb_changes_get_n (changes); i++)
    {
      const RbChange *change = rb_changes_get (changes, i);

      if (change->table != RB_TABLE_ASSIGNMENTS || change->op != RB_CHANGE_PUT)
        continue;
      if (rows == NULL)
        rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
      g_ptr_array_add (rows, g_variant_ref (change->row));
    }
  return rows;
}

void
rb_assignments_note_reserved (RbAssignments *self,
                              GPtrArray     *rows)
{
  for (guint i = 0; i < rows->len; i++)
    {
      GVariant *row = g_ptr_array_index (rows, i);
      const char *source_id, *assignment_id;
      RbAssignment *assignment;
      gint64 written;

      g_variant_get_child (row, 0, "&s", &source_id);
      g_variant_get_child (row, 1, "&s", &assignment_id);
      g_variant_get_child (row, 10, "x", &written);
      assignment = rb_assignments_lookup (self, source_id, assignment_id);
      if (assignment != NULL)
        rb_sequence_note_durable (&assignment->sequence, written);
    }
}

gboolean
rb_assignments_give_back (RbAssignments *self,
                          RbChanges     *changes)
{
  GHashTableIter iter;
  gpointer value;
  gboolean is_any = FALSE;

  g_hash_table_iter_init (&iter, self->by_key);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      RbAssignment *assignment = value;

      if (!rb_sequence_give_back (&assignment->sequence))
        continue;
      put_row (assignment, changes);
      is_any = TRUE;
    }
  return is_any;
}
