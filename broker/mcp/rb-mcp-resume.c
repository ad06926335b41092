/* rb-mcp-resume.c: takes from the inbox what was this session's: what lapsed, and what waited for one of the same name that is gone
 *
 * A host that is started again is another process, and another endpoint. What waited for the one before is in the inbox; the ladder of each
 * message says which endpoints it was with, and what the broker remembers of an endpoint that is closed says its name.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-resume.h"

#include "rb-log.h"

#include <string.h>

struct _RbMcpResume {
  grefcount         ref_count;     /* of the owner, and of a step under way */
  RbMcpAgent       *agent;
  RbMcpResumedFunc  resumed;
  gpointer          user_data;
  gboolean          is_over;
  gboolean          is_looking;
  GHashTable       *seen;          /* set of char *: messages that were looked at */
  GQueue            messages;      /* of char *: of the inbox, to be looked at */
  GQueue            endpoints;     /* of char *: where the one that is looked at was */
  char             *message;       /* (nullable) that one */
};

static void next (RbMcpResume *self);

static void
unref (RbMcpResume *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  g_object_unref (self->agent);
  g_hash_table_unref (self->seen);
  g_queue_clear_full (&self->messages, g_free);
  g_queue_clear_full (&self->endpoints, g_free);
  g_free (self->message);
  g_free (self);
}

/* @callback owns a reference */
static void
ask (RbMcpResume         *self,
     RbMcpAskKind         kind,
     const char          *prefix,
     const char          *id,
     GAsyncReadyCallback  callback)
{
  RbMcpAsk *what = rb_mcp_ask_new (kind);
  g_autofree char *escaped = g_uri_escape_string (id, NULL, FALSE);

  what->id = g_strdup (id);
  what->path = prefix != NULL ? g_strconcat (prefix, escaped, NULL) : NULL;
  g_ref_count_inc (&self->ref_count);
  rb_mcp_link_ask_async (rb_mcp_agent_get_link (self->agent), what, NULL, callback, self);
}

/* NULL when it failed: no matter why, the message stays in the inbox, where everybody sees it. */
static RbJson *
finish (GObject      *source,
        GAsyncResult *result)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) text = rb_mcp_link_ask_finish (RB_MCP_LINK (source), result, NULL, &error);

  if (text == NULL)
    rb_log_debug ("mcp_resume_failed", "err", error->message, NULL);
  return text != NULL ? rb_json_parse (text, 0, NULL) : NULL;
}

static void
on_claimed (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  RbMcpResume *self = user_data;
  g_autoptr(RbClientMessage) message = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) text = rb_mcp_link_ask_finish (RB_MCP_LINK (source), result, &message, &error);

  if (message == NULL)
    rb_log_debug ("mcp_resume_failed", "err", error->message, NULL);
  else if (!self->is_over && rb_mcp_agent_take (self->agent, message) != NULL)
    self->resumed (self->user_data);
  next (self);
  unref (self);
}

static void
claim (RbMcpResume *self,
       const char  *id)
{
  g_queue_clear_full (&self->endpoints, g_free);
  ask (self, RB_MCP_ASK_CLAIM, NULL, id, on_claimed);
}

static void
on_endpoint (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  RbMcpResume *self = user_data;
  g_autoptr(RbJson) answer = finish (source, result);
  g_autofree char *state = answer != NULL ? rb_json_peek_string (answer, "state") : NULL;
  g_autofree char *name = answer != NULL ? rb_json_peek_string (answer, "session_name") : NULL;

  if (g_strcmp0 (state, "closed") == 0 && g_strcmp0 (name, rb_mcp_link_get_name (rb_mcp_agent_get_link (self->agent))) == 0)
    claim (self, self->message);
  else
    next (self);
  unref (self);
}

/* A ladder names endpoints also where the message was sent from one. */
static void
note_step (RbMcpResume  *self,
           const RbJson *step)
{
  g_autofree char *name = rb_json_peek_string (step, "step");
  g_autofree char *endpoint_id = rb_json_peek_string (step, "endpoint_id");

  if (endpoint_id == NULL || g_strcmp0 (name, "sent") == 0)
    return;
  if (g_queue_find_custom (&self->endpoints, endpoint_id, (GCompareFunc) strcmp) == NULL)
    g_queue_push_head (&self->endpoints, g_steal_pointer (&endpoint_id));
}

static void
on_message (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  RbMcpResume *self = user_data;
  g_autoptr(RbJson) answer = finish (source, result);
  g_autoptr(RbJson) ladder = answer != NULL ? rb_json_open (answer, "ladder", NULL) : NULL;

  for (guint i = 0; ladder != NULL && i < rb_json_get_length (ladder); i++)
    {
      g_autoptr(RbJson) step = rb_json_open_item (ladder, i, NULL);

      if (step != NULL)
        note_step (self, step);
    }
  next (self);
  unref (self);
}

static void
note_row (RbMcpResume  *self,
          const RbJson *row)
{
  char *id = rb_json_peek_string (row, "id");

  if (id == NULL || g_hash_table_contains (self->seen, id) || self->messages.length >= RB_MCP_LOOKS_MAX)
    {
      g_free (id);
      return;
    }
  g_queue_push_tail (&self->messages, id);
}

static void
on_inbox (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  RbMcpResume *self = user_data;
  g_autoptr(RbJson) rows = finish (source, result);

  for (guint i = 0; rows != NULL && rb_json_get_root_type (rows) == RB_JSON_ARRAY && i < rb_json_get_length (rows); i++)
    {
      g_autoptr(RbJson) row = rb_json_open_item (rows, i, NULL);

      if (row != NULL)
        note_row (self, row);
    }
  next (self);
  unref (self);
}

/* The inbox has 256 rows at most: when that much is remembered, most of it is gone. */
static void
remember (RbMcpResume *self,
          const char  *id)
{
  if (g_hash_table_size (self->seen) >= RB_MCP_LAPSED_MAX)
    g_hash_table_remove_all (self->seen);
  g_hash_table_add (self->seen, g_strdup (id));
}

static void
next (RbMcpResume *self)
{
  g_autofree char *lapsed = NULL;
  g_autofree char *endpoint = NULL;

  if (self->is_over)
    return;
  lapsed = rb_mcp_desk_steal_lapsed (rb_mcp_agent_get_desk (self->agent));
  if (lapsed != NULL)
    {
      claim (self, lapsed);
      return;
    }
  endpoint = g_queue_pop_head (&self->endpoints);
  if (endpoint != NULL)
    {
      ask (self, RB_MCP_ASK_VIEW, "/v1/operator/explain/", endpoint, on_endpoint);
      return;
    }
  g_clear_pointer (&self->message, g_free);
  self->message = g_queue_pop_head (&self->messages);
  self->is_looking = self->message != NULL;
  if (self->message == NULL)
    return;
  remember (self, self->message);
  ask (self, RB_MCP_ASK_VIEW, "/v1/operator/explain/", self->message, on_message);
}

RbMcpResume *
rb_mcp_resume_new (RbMcpAgent       *agent,
                   RbMcpResumedFunc  resumed,
                   gpointer          user_data)
{
  RbMcpResume *self = g_new0 (RbMcpResume, 1);

  g_ref_count_init (&self->ref_count);
  self->agent = g_object_ref (agent);
  self->resumed = resumed;
  self->user_data = user_data;
  self->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_queue_init (&self->messages);
  g_queue_init (&self->endpoints);
  return self;
}

void
rb_mcp_resume_free (RbMcpResume *self)
{
  self->is_over = TRUE;
  unref (self);
}

void
rb_mcp_resume_look (RbMcpResume *self)
{
  if (self->is_looking || self->is_over)
    return;
  self->is_looking = TRUE;
  ask (self, RB_MCP_ASK_VIEW, "/v1/operator/inbox", "", on_inbox);
}
