/* rb-reply-record.c: what is remembered of a reply, so that it is sent once
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-reply-record.h"

#include "rb-core-bounds.h"
#include "rb-error.h"

#include <string.h>

/* Composite key of three parts, compared part by part. */
typedef struct {
  char *parts[3];
} Key;

struct _RbReplies {
  RbBounds   *bounds;   /* borrowed; NULL: nobody counts */
  GHashTable *records;     /* Key to RbReplyRecord */
  GHashTable *in_flight;   /* Key to RbReplyInFlight */
  gint64      earliest;    /* no record expires before this, so pruning costs nothing until then */
};

static guint
key_hash (gconstpointer data)
{
  const Key *key = data;

  return (g_str_hash (key->parts[0]) * 31 + g_str_hash (key->parts[1])) * 31 + g_str_hash (key->parts[2]);
}

static gboolean
key_equal (gconstpointer a,
           gconstpointer b)
{
  const Key *first = a;
  const Key *second = b;

  return strcmp (first->parts[0], second->parts[0]) == 0 && strcmp (first->parts[1], second->parts[1]) == 0 &&
         strcmp (first->parts[2], second->parts[2]) == 0;
}

static Key *
key_new (const char *source_message_id,
         const char *assignment_id,
         const char *reply_request_id)
{
  Key *key = g_new (Key, 1);

  key->parts[0] = g_strdup (source_message_id);
  key->parts[1] = g_strdup (assignment_id);
  key->parts[2] = g_strdup (reply_request_id);
  return key;
}

static void
key_free (Key *key)
{
  for (size_t i = 0; i < G_N_ELEMENTS (key->parts); i++)
    g_free (key->parts[i]);
  g_free (key);
}

static void
in_flight_free (RbReplyInFlight *self)
{
  g_free (self->fingerprint);
  g_free (self->endpoint_id);
  g_clear_pointer (&self->waiters, g_ptr_array_unref);
  g_free (self);
}

RbReplyRecord *
rb_reply_record_new (const char *source_message_id,
                     const char *assignment_id,
                     const char *reply_request_id)
{
  RbReplyRecord *self = g_new0 (RbReplyRecord, 1);

  self->source_message_id = g_strdup (source_message_id);
  self->assignment_id = g_strdup (assignment_id);
  self->reply_request_id = g_strdup (reply_request_id);
  return self;
}

void
rb_reply_record_free (RbReplyRecord *self)
{
  g_free (self->source_message_id);
  g_free (self->assignment_id);
  g_free (self->reply_request_id);
  g_free (self->endpoint_id);
  g_free (self->fingerprint);
  g_free (self->wire_message_id);
  g_free (self->result);
  g_free (self->outcome_unknown);
  g_free (self->failure);
  g_free (self->failure_code);
  g_free (self);
}

void
rb_reply_record_record (const RbReplyRecord *self,
                        RbChanges           *changes)
{
  rb_changes_put (changes, RB_TABLE_REPLIES,
                  g_variant_new ("(ssssxssxmsms)", self->source_message_id, self->assignment_id, self->reply_request_id,
                                 self->endpoint_id, self->plugin_pid, self->fingerprint, self->wire_message_id, self->expires_at,
                                 self->result, self->outcome_unknown));
}

RbReplyRecord *
rb_reply_record_from_row (GVariant *row)
{
  RbReplyRecord *self = g_new0 (RbReplyRecord, 1);

  g_variant_get (row, "(ssssxssxmsms)", &self->source_message_id, &self->assignment_id, &self->reply_request_id, &self->endpoint_id,
                 &self->plugin_pid, &self->fingerprint, &self->wire_message_id, &self->expires_at, &self->result,
                 &self->outcome_unknown);
  return self;
}

void
rb_reply_record_note (RbReplyRecord *self,
                      const GError  *error,
                      gint64         now)
{
  g_free (self->failure);
  g_free (self->failure_code);
  self->failure = g_strdup (error->message);
  self->failure_code = g_strdup (rb_error_get_reason (error));
  self->failed_at = now;
  self->n_failures++;
}

RbReplies *
rb_replies_new (void)
{
  RbReplies *self = g_new0 (RbReplies, 1);

  self->records = g_hash_table_new_full (key_hash, key_equal, (GDestroyNotify) key_free, (GDestroyNotify) rb_reply_record_free);
  self->in_flight = g_hash_table_new_full (key_hash, key_equal, (GDestroyNotify) key_free, (GDestroyNotify) in_flight_free);
  self->earliest = G_MAXINT64;
  return self;
}

void
rb_replies_free (RbReplies *self)
{
  g_hash_table_unref (self->records);
  g_hash_table_unref (self->in_flight);
  g_free (self);
}

void
rb_replies_set_bounds (RbReplies *self,
                       RbBounds  *bounds)
{
  self->bounds = bounds;
}

void
rb_replies_add (RbReplies     *self,
                RbReplyRecord *record)
{
  self->earliest = MIN (self->earliest, record->expires_at);
  g_hash_table_insert (self->records, key_new (record->source_message_id, record->assignment_id, record->reply_request_id), record);
  rb_bounds_note (self->bounds, RB_CORE_BOUND_REPLY_RECORDS, g_hash_table_size (self->records));
}

void
rb_replies_foreach (RbReplies   *self,
                    RbReplyFunc  func,
                    gpointer     user_data)
{
  GHashTableIter iter;
  gpointer record;

  g_hash_table_iter_init (&iter, self->records);
  while (g_hash_table_iter_next (&iter, NULL, &record))
    func (record, user_data);
}

RbReplyRecord *
rb_replies_lookup (RbReplies  *self,
                   const char *source_message_id,
                   const char *assignment_id,
                   const char *reply_request_id)
{
  Key key = { { (char *) source_message_id, (char *) assignment_id, (char *) reply_request_id } };

  return g_hash_table_lookup (self->records, &key);
}

static void
replace_id (char       **id,
            const char  *to)
{
  g_free (*id);
  *id = g_strdup (to);
}

/* Walks all of them, once for an adapter that comes back with another endpoint. */
void
rb_replies_inherit (RbReplies  *self,
                    const char *from,
                    const char *to,
                    RbChanges  *changes)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->records);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      RbReplyRecord *record = value;

      if (strcmp (record->endpoint_id, from) != 0)
        continue;
      replace_id (&record->endpoint_id, to);
      rb_reply_record_record (record, changes);
    }

  g_hash_table_iter_init (&iter, self->in_flight);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      RbReplyInFlight *marker = value;

      if (strcmp (marker->endpoint_id, from) == 0)
        replace_id (&marker->endpoint_id, to);
    }
}

void
rb_replies_prune (RbReplies        *self,
                  gint64            now,
                  RbReplyAliveFunc  alive,
                  gpointer          user_data,
                  RbChanges        *changes)
{
  GHashTableIter iter;
  gpointer value;

  if (now < self->earliest)
    return;

  self->earliest = G_MAXINT64;
  g_hash_table_iter_init (&iter, self->records);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      RbReplyRecord *record = value;

      if (record->expires_at > now || alive (record, user_data))
        {
          /* What only its assignment keeps is looked at again later. */
          self->earliest = MIN (self->earliest, record->expires_at > now ? record->expires_at : now + 60000);
          continue;
        }
      rb_changes_delete (changes, RB_TABLE_REPLIES,
                         g_variant_new ("(sss)", record->source_message_id, record->assignment_id, record->reply_request_id));
      g_hash_table_iter_remove (&iter);
    }
}

guint
rb_replies_get_n_at_work (RbReplies *self)
{
  return g_hash_table_size (self->in_flight);
}

guint
rb_replies_get_n (RbReplies *self)
{
  return g_hash_table_size (self->records);
}

RbReplyInFlight *
rb_replies_get_in_flight (RbReplies  *self,
                          const char *source_message_id,
                          const char *assignment_id,
                          const char *reply_request_id)
{
  Key key = { { (char *) source_message_id, (char *) assignment_id, (char *) reply_request_id } };

  return g_hash_table_lookup (self->in_flight, &key);
}

RbReplyInFlight *
rb_replies_begin (RbReplies  *self,
                  const char *source_message_id,
                  const char *assignment_id,
                  const char *reply_request_id,
                  const char *fingerprint,
                  const char *endpoint_id,
                  gint64      plugin_pid)
{
  RbReplyInFlight *marker = g_new0 (RbReplyInFlight, 1);

  marker->fingerprint = g_strdup (fingerprint);
  marker->endpoint_id = g_strdup (endpoint_id);
  marker->plugin_pid = plugin_pid;
  marker->waiters = g_ptr_array_new_with_free_func (g_object_unref);
  g_hash_table_insert (self->in_flight, key_new (source_message_id, assignment_id, reply_request_id), marker);
  return marker;
}

GPtrArray *
rb_replies_end (RbReplies  *self,
                const char *source_message_id,
                const char *assignment_id,
                const char *reply_request_id)
{
  Key key = { { (char *) source_message_id, (char *) assignment_id, (char *) reply_request_id } };
  RbReplyInFlight *marker = g_hash_table_lookup (self->in_flight, &key);
  GPtrArray *waiters;

  if (marker == NULL)
    return g_ptr_array_new_with_free_func (g_object_unref);

  waiters = g_steal_pointer (&marker->waiters);
  g_hash_table_remove (self->in_flight, &key);
  return waiters;
}
