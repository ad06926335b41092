/* rb-mcp-desk.c: the messages of this session: what the host has not seen yet, what it works on, what it is done with (no effects)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-desk.h"

#include "rb-error.h"

#include <string.h>

#define LAPSED "it returned to the inbox, since it was not accepted in time"

struct _RbMcpDesk {
  GPtrArray *entries;    /* of RbMcpEntry, oldest first */
  guint      n_ended;
  GQueue     lapsed;     /* of char *, oldest first */
};

static void
entry_free (gpointer data)
{
  RbMcpEntry *entry = data;

  g_free (entry->id);
  g_object_unref (entry->message);
  g_clear_pointer (&entry->call_id, g_bytes_unref);
  g_free (entry);
}

RbMcpDesk *
rb_mcp_desk_new (void)
{
  RbMcpDesk *self = g_new0 (RbMcpDesk, 1);

  self->entries = g_ptr_array_new_with_free_func (entry_free);
  g_queue_init (&self->lapsed);
  return self;
}

void
rb_mcp_desk_free (RbMcpDesk *self)
{
  g_ptr_array_unref (self->entries);
  g_queue_clear_full (&self->lapsed, g_free);
  g_free (self);
}

static gboolean
is_same (RbClientMessage *a,
         RbClientMessage *b)
{
  if ((a->assignment == NULL) != (b->assignment == NULL))
    return FALSE;
  if (a->assignment != NULL)
    return strcmp (a->assignment->assignment_id, b->assignment->assignment_id) == 0;
  if (a->source_message_id != NULL || b->source_message_id != NULL)
    return g_strcmp0 (a->source_message_id, b->source_message_id) == 0;
  /* A network need not give ids; the broker's pushes of one message have one. */
  return a == b || (a->push_id != NULL && g_strcmp0 (a->push_id, b->push_id) == 0);
}

RbMcpEntry *
rb_mcp_desk_find (RbMcpDesk             *self,
                  RbClientMessage *message)
{
  for (guint i = self->entries->len; i-- > 0;)
    {
      RbMcpEntry *entry = g_ptr_array_index (self->entries, i);

      if (is_same (entry->message, message))
        return entry;
    }
  return NULL;
}

static char *
dup_id (RbClientMessage *message)
{
  if (message->assignment != NULL)
    return g_strdup (message->assignment->undispatched_id);
  if (message->source_message_id != NULL)
    return g_strdup (message->source_message_id);
  return message->push_id != NULL ? g_strdup (message->push_id) : g_uuid_string_random ();
}

RbMcpEntry *
rb_mcp_desk_add (RbMcpDesk       *self,
                 RbClientMessage *message,
                 gint64           now_us)
{
  RbMcpEntry *entry;

  if (self->entries->len - self->n_ended >= RB_MCP_MESSAGES_MAX)
    return NULL;
  entry = g_new0 (RbMcpEntry, 1);
  entry->id = dup_id (message);
  entry->message = g_object_ref (message);
  entry->since_us = now_us;
  g_ptr_array_add (self->entries, entry);
  return entry;
}

RbMcpEntry *
rb_mcp_desk_lookup (RbMcpDesk   *self,
                    const char  *id,
                    GError     **error)
{
  RbMcpEntry *found = NULL;

  for (guint i = self->entries->len; i-- > 0;)
    {
      RbMcpEntry *entry = g_ptr_array_index (self->entries, i);

      if (strcmp (entry->id, id) == 0)
        return entry;
      if (!g_str_has_prefix (entry->id, id) || (found != NULL && strcmp (found->id, entry->id) == 0))
        continue;
      if (found != NULL)
        {
          rb_set_error (error, RB_ERROR_INVALID, "ambiguous_message", "several messages begin with '%.100s'", id);
          return NULL;
        }
      found = entry;
    }
  if (found == NULL)
    rb_set_error (error, RB_ERROR_NOT_FOUND, "not_at_hand", "this session was given no message '%.100s'", id);
  return found;
}

static gboolean
answers (const RbMcpEntry *entry,
         const char       *correlation_id,
         const char       *in_reply_to)
{
  g_autofree char *correlation = rb_client_message_dup_metadata_member (entry->message, "correlation_id");
  g_autofree char *answered = rb_client_message_dup_metadata_member (entry->message, "in_reply_to");

  if (correlation_id == NULL && in_reply_to == NULL)
    return TRUE;
  return (correlation_id != NULL && g_strcmp0 (correlation, correlation_id) == 0) ||
         (in_reply_to != NULL && g_strcmp0 (answered, in_reply_to) == 0);
}

RbMcpEntry *
rb_mcp_desk_next (RbMcpDesk  *self,
                  const char *correlation_id,
                  const char *in_reply_to)
{
  for (guint i = 0; i < self->entries->len; i++)
    {
      RbMcpEntry *entry = g_ptr_array_index (self->entries, i);

      if (entry->place == RB_MCP_OFFERED && answers (entry, correlation_id, in_reply_to))
        return entry;
    }
  return NULL;
}

RbMcpEntry *
rb_mcp_desk_of_call (RbMcpDesk *self,
                     GBytes    *call_id)
{
  for (guint i = self->entries->len; i-- > 0;)
    {
      RbMcpEntry *entry = g_ptr_array_index (self->entries, i);

      if (entry->call_id != NULL && g_bytes_equal (entry->call_id, call_id))
        return entry;
    }
  return NULL;
}

static void
forget_oldest_ended (RbMcpDesk        *self,
                     const RbMcpEntry *but)
{
  for (guint i = 0; i < self->entries->len; i++)
    {
      RbMcpEntry *entry = g_ptr_array_index (self->entries, i);

      if (entry->place != RB_MCP_ENDED || entry == but)
        continue;
      g_ptr_array_remove_index (self->entries, i);
      self->n_ended--;
      return;
    }
}

void
rb_mcp_desk_end (RbMcpDesk  *self,
                 RbMcpEntry *entry,
                 const char *how)
{
  if (entry->place == RB_MCP_ENDED)
    {
      /* What was given to the host can be answered, once. */
      if (g_strcmp0 (entry->how, RB_MCP_GIVEN) == 0)
        entry->how = how;
      return;
    }
  entry->place = RB_MCP_ENDED;
  entry->how = how;
  self->n_ended++;
  if (self->n_ended > RB_MCP_ENDED_MAX)
    forget_oldest_ended (self, entry);
}

void
rb_mcp_desk_reopen (RbMcpDesk  *self,
                    RbMcpEntry *entry)
{
  if (entry->place == RB_MCP_ENDED)
    self->n_ended--;
  entry->place = RB_MCP_OFFERED;
  entry->how = NULL;
}

void
rb_mcp_desk_lapse (RbMcpDesk  *self,
                   RbMcpEntry *entry)
{
  g_queue_push_tail (&self->lapsed, g_strdup (entry->id));
  if (self->lapsed.length > RB_MCP_LAPSED_MAX)
    g_free (g_queue_pop_head (&self->lapsed));
  rb_mcp_desk_end (self, entry, LAPSED);
}

void
rb_mcp_desk_expire (RbMcpDesk *self,
                    gint64     now_us)
{
  for (guint i = 0; i < self->entries->len; i++)
    {
      RbMcpEntry *entry = g_ptr_array_index (self->entries, i);
      gint64 age_ms;

      if (entry->message->assignment == NULL || entry->is_accepted || (entry->place != RB_MCP_OFFERED && entry->place != RB_MCP_HANDED))
        continue;
      age_ms = (now_us - entry->since_us) / 1000;
      /* What the host has seen it may still ask to accept; the broker says whether that is too late. */
      if (entry->place == RB_MCP_OFFERED && age_ms >= RB_MCP_FRESH_MS)
        rb_mcp_desk_lapse (self, entry);
      else if (entry->place == RB_MCP_HANDED && !entry->is_asked_for && age_ms >= RB_MCP_SEEN_MS)
        rb_mcp_desk_end (self, entry, LAPSED);
    }
}

char *
rb_mcp_desk_steal_lapsed (RbMcpDesk *self)
{
  return g_queue_pop_head (&self->lapsed);
}

guint
rb_mcp_desk_count (RbMcpDesk  *self,
                   RbMcpPlace  place)
{
  guint count = 0;

  for (guint i = 0; i < self->entries->len; i++)
    count += ((RbMcpEntry *) g_ptr_array_index (self->entries, i))->place == place;
  return count;
}

GPtrArray *
rb_mcp_desk_list_ours (RbMcpDesk *self)
{
  GPtrArray *list = g_ptr_array_new ();

  for (guint i = 0; i < self->entries->len; i++)
    {
      RbMcpEntry *entry = g_ptr_array_index (self->entries, i);

      if (entry->message->assignment != NULL && entry->place != RB_MCP_ENDED && (entry->is_accepted || entry->place == RB_MCP_HANDED))
        g_ptr_array_add (list, entry);
    }
  return list;
}

GPtrArray *
rb_mcp_desk_list (RbMcpDesk  *self,
                  RbMcpPlace  place)
{
  GPtrArray *list = g_ptr_array_new ();

  for (guint i = 0; i < self->entries->len; i++)
    if (((RbMcpEntry *) g_ptr_array_index (self->entries, i))->place == place)
      g_ptr_array_add (list, g_ptr_array_index (self->entries, i));
  return list;
}

static const char *
get_next_step (const RbMcpEntry *self,
               gboolean          is_being_accepted)
{
  if (self->message->assignment == NULL)
    return "an answer to what this session sent; reply_message answers it, and nothing has to be done";
  if (self->is_accepted)
    return "it is yours: answer with reply_message, or end it with settle_message or fail_message; report_progress tells the sender that you work";
  if (is_being_accepted)
    return "it is being accepted for you: answer with reply_message, or end it with settle_message or fail_message, which say so in the rare case that "
           "it went to somebody else; report_progress tells the sender that you work";
  return "accept_message within half a minute to keep it, or release_message; otherwise it returns to the inbox";
}

void
rb_mcp_entry_write (const RbMcpEntry *self,
                    gboolean          is_being_accepted,
                    const char       *name,
                    RbJsonWriter     *writer)
{
  RbClientMessage *message = self->message;
  g_autofree char *correlation = rb_client_message_dup_metadata_member (message, "correlation_id");
  g_autofree char *answered = rb_client_message_dup_metadata_member (message, "in_reply_to");

  rb_json_writer_begin_object (writer, name);
  rb_json_writer_string (writer, "message_id", self->id);
  rb_json_writer_string (writer, "from", message->from);
  rb_json_writer_string (writer, "content", message->content);
  rb_json_writer_string (writer, "content_type", message->content_type);
  rb_json_writer_string (writer, "kind", message->assignment != NULL ? "assignment" : "answer");
  rb_json_writer_boolean (writer, "accepted", message->assignment == NULL || self->is_accepted);
  rb_json_writer_string (writer, "correlation_id", correlation);
  rb_json_writer_string (writer, "in_reply_to", answered);
  rb_json_writer_slice (writer, "metadata", rb_json_get_text (message->metadata));
  rb_json_writer_string (writer, "next", get_next_step (self, is_being_accepted));
  rb_json_writer_end_object (writer);
}
