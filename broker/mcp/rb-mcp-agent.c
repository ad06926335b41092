/* rb-mcp-agent.c: what the host is at the broker: an endpoint, its messages, and who waits for them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-agent.h"

#include "rb-error.h"
#include "rb-log.h"
#include "rb-mcp-result.h"

#include <string.h>

struct _RbMcpAgent {
  GObject          parent_instance;

  RbMcpLink       *link;
  RbMcpDesk       *desk;
  GHashTable      *accepts;      /* assignment id -> GPtrArray of GTask */
  RbMcpServeFunc   serve;        /* (nullable) */
  gpointer         serve_data;
  GTask           *stopping;     /* (nullable) */
  guint            n_farewells;  /* reports that the stop waits for */
  guint64          stop_timer;
  gint64           patience_ms;
};

enum { ARRIVED, CHANGED, NEWS, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RbMcpAgent, rb_mcp_agent, G_TYPE_OBJECT)

/* An entry that is shown to the host, or reported of; found again by its message. */
typedef struct {
  RbMcpAgent      *agent;
  RbClientMessage *message;
  gboolean         accept;
} Errand;

static Errand *
errand_new (RbMcpAgent       *agent,
            const RbMcpEntry *entry,
            gboolean          accept)
{
  Errand *self = g_new0 (Errand, 1);

  self->agent = g_object_ref (agent);
  self->message = g_object_ref (entry->message);
  self->accept = accept;
  return self;
}

static void
errand_free (Errand *self)
{
  g_object_unref (self->agent);
  g_object_unref (self->message);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Errand, errand_free)

static gint64
now_us (RbMcpAgent *self)
{
  return rb_clock_get_monotonic_us (rb_mcp_link_get_clock (self->link));
}

static void
tell_news (RbMcpAgent *self,
           const char *level,
           const char *event,
           const char *text)
{
  g_signal_emit (self, signals[NEWS], 0, level, event, text);
}

static void
change (RbMcpAgent *self,
        RbMcpEntry *entry)
{
  g_autofree char *id = g_strdup (entry->id);

  g_signal_emit (self, signals[CHANGED], 0, id);
}

/* It is shown at once to who waits, if anybody does. */
static void
offer (RbMcpAgent *self,
       RbMcpEntry *entry)
{
  g_signal_emit (self, signals[ARRIVED], 0, entry->id, entry->message->from);
  if (entry->place == RB_MCP_OFFERED && self->serve != NULL)
    self->serve (entry, self->serve_data);
}

/* Pushed again: the host has it, or an answer with it is on its way, or nobody asked for it yet. */
static gboolean
take_again (RbMcpEntry      *entry,
            RbClientMessage *message)
{
  if (message->assignment != NULL || entry->is_received)
    return TRUE;
  /* The newest push is the one to acknowledge. */
  g_object_unref (entry->message);
  entry->message = g_object_ref (message);
  return FALSE;
}

static gboolean
on_message (RbMcpLink       *link,
            RbClientMessage *message,
            RbMcpAgent      *self)
{
  RbMcpEntry *entry;

  if (self->stopping != NULL)
    return FALSE;
  rb_mcp_desk_expire (self->desk, now_us (self));
  entry = rb_mcp_desk_find (self->desk, message);
  if (entry != NULL)
    return take_again (entry, message);
  entry = rb_mcp_desk_add (self->desk, message, now_us (self));
  if (entry == NULL)
    {
      rb_log_warning ("mcp_desk_full", "message_id", message->source_message_id, NULL);
      tell_news (self, "warning", "desk_full", "too many messages are open here; answer, settle or fail some of them");
      return FALSE;
    }
  offer (self, entry);
  return message->assignment != NULL;
}

static void
on_phase (RbMcpLink  *link,
          const char *what,
          const char *why,
          RbMcpAgent *self)
{
  g_autofree char *text = why != NULL ? g_strdup_printf ("%s: %s", what, why) : g_strdup (what);

  tell_news (self, why != NULL ? "warning" : "info", what, text);
}

static void
rb_mcp_agent_dispose (GObject *object)
{
  RbMcpAgent *self = RB_MCP_AGENT (object);

  if (self->link != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->link, self);
      rb_clock_clear (rb_mcp_link_get_clock (self->link), &self->stop_timer);
    }
  g_clear_object (&self->link);
  G_OBJECT_CLASS (rb_mcp_agent_parent_class)->dispose (object);
}

static void
rb_mcp_agent_finalize (GObject *object)
{
  RbMcpAgent *self = RB_MCP_AGENT (object);

  rb_mcp_desk_free (self->desk);
  g_hash_table_unref (self->accepts);
  G_OBJECT_CLASS (rb_mcp_agent_parent_class)->finalize (object);
}

static void
rb_mcp_agent_class_init (RbMcpAgentClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GType type = G_TYPE_FROM_CLASS (klass);

  object_class->dispose = rb_mcp_agent_dispose;
  object_class->finalize = rb_mcp_agent_finalize;

  signals[ARRIVED] = g_signal_new ("arrived", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
  signals[CHANGED] = g_signal_new ("changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[NEWS] = g_signal_new ("news", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING,
                                G_TYPE_STRING);
}

static void
rb_mcp_agent_init (RbMcpAgent *self)
{
  self->desk = rb_mcp_desk_new ();
  self->accepts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
}

RbMcpAgent *
rb_mcp_agent_new (RbMcpLink *link)
{
  RbMcpAgent *self = g_object_new (RB_TYPE_MCP_AGENT, NULL);

  self->link = g_object_ref (link);
  g_signal_connect (link, "message", G_CALLBACK (on_message), self);
  g_signal_connect (link, "phase", G_CALLBACK (on_phase), self);
  return self;
}

RbMcpLink *
rb_mcp_agent_get_link (RbMcpAgent *self)
{
  return self->link;
}

RbMcpDesk *
rb_mcp_agent_get_desk (RbMcpAgent *self)
{
  return self->desk;
}

void
rb_mcp_agent_set_serve (RbMcpAgent     *self,
                        RbMcpServeFunc  serve,
                        gpointer        user_data)
{
  self->serve = serve;
  self->serve_data = user_data;
}

RbMcpEntry *
rb_mcp_agent_take (RbMcpAgent      *self,
                   RbClientMessage *message)
{
  RbMcpEntry *entry;

  rb_mcp_desk_expire (self->desk, now_us (self));
  entry = rb_mcp_desk_find (self->desk, message);
  return entry != NULL && entry->place != RB_MCP_ENDED ? entry : rb_mcp_desk_add (self->desk, message, now_us (self));
}

void
rb_mcp_agent_end (RbMcpAgent *self,
                  RbMcpEntry *entry,
                  const char *how)
{
  rb_mcp_desk_end (self->desk, entry, how);
  change (self, entry);
}

/* Too late: the host has seen what is somebody else's now. It will hear so when it answers. */
static void
lose (RbMcpAgent   *self,
      RbMcpEntry   *entry,
      const GError *error)
{
  g_autofree char *text = g_strdup_printf ("message %s could not be accepted: %s", entry->id, error->message);

  tell_news (self, "warning", "not_accepted", text);
  rb_mcp_agent_end (self, entry, "the broker did not let this session accept it: it was given to somebody else, or returned to the inbox");
}

/* Who waits for it is answered once, by whatever the one report became. */
static void
answer_accepts (RbMcpAgent   *self,
                const char   *assignment_id,
                const GError *error)
{
  g_autofree char *key = NULL;
  g_autoptr(GPtrArray) tasks = NULL;

  g_hash_table_steal_extended (self->accepts, assignment_id, (gpointer *) &key, (gpointer *) &tasks);
  for (guint i = 0; i < tasks->len; i++)
    {
      if (error != NULL)
        g_task_return_error (g_ptr_array_index (tasks, i), g_error_copy (error));
      else
        g_task_return_boolean (g_ptr_array_index (tasks, i), TRUE);
    }
}

static void
on_accepted (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(Errand) errand = user_data;
  RbMcpEntry *entry = rb_mcp_desk_find (errand->agent->desk, errand->message);
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) answer = rb_mcp_link_ask_finish (RB_MCP_LINK (source), result, NULL, &error);

  if (entry != NULL && answer != NULL && entry->place != RB_MCP_ENDED)
    {
      entry->is_accepted = TRUE;
      if (entry->place == RB_MCP_HANDED)
        entry->place = RB_MCP_ACCEPTED;
      change (errand->agent, entry);
    }
  else if (entry != NULL && answer == NULL && !g_error_matches (error, RB_ERROR, RB_ERROR_TIMED_OUT))
    lose (errand->agent, entry, error);
  answer_accepts (errand->agent, errand->message->assignment->assignment_id, error);
}

void
rb_mcp_agent_accept_async (RbMcpAgent          *self,
                           RbMcpEntry          *entry,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  const char *assignment_id = entry->message->assignment != NULL ? entry->message->assignment->assignment_id : NULL;
  GPtrArray *tasks = assignment_id != NULL ? g_hash_table_lookup (self->accepts, assignment_id) : NULL;
  RbMcpAsk *ask;

  g_task_set_source_tag (task, rb_mcp_agent_accept_async);
  if (assignment_id == NULL || entry->is_accepted)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  if (tasks != NULL)
    {
      g_ptr_array_add (tasks, task);
      return;
    }
  tasks = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (tasks, task);
  g_hash_table_insert (self->accepts, g_strdup (assignment_id), tasks);
  entry->is_asked_for = TRUE;
  ask = rb_mcp_ask_new (RB_MCP_ASK_REPORT);
  ask->message = g_object_ref (entry->message);
  ask->state = RB_CLIENT_STATE_ACCEPTED;
  rb_mcp_link_ask_async (self->link, ask, NULL, on_accepted, errand_new (self, entry, TRUE));
}

gboolean
rb_mcp_agent_accept_finish (RbMcpAgent    *self,
                            GAsyncResult  *result,
                            GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Only now is it the host's; see the head of rb-mcp-agent.h. */
static void
on_written (gboolean written,
            gpointer user_data)
{
  g_autoptr(Errand) errand = user_data;
  RbMcpAgent *self = errand->agent;
  RbMcpEntry *entry = rb_mcp_desk_find (self->desk, errand->message);

  if (entry == NULL || entry->place != RB_MCP_HANDING)
    return;
  if (!written || entry->is_disowned || self->stopping != NULL)
    {
      entry->place = RB_MCP_OFFERED;
      if (self->stopping == NULL)
        offer (self, entry);
      return;
    }
  entry->place = RB_MCP_HANDED;
  if (entry->message->assignment == NULL)
    {
      entry->is_received = TRUE;
      rb_mcp_link_acknowledge (self->link, entry->message);
      rb_mcp_agent_end (self, entry, RB_MCP_GIVEN);
    }
  else
    {
      entry->place = entry->is_accepted ? RB_MCP_ACCEPTED : RB_MCP_HANDED;
      change (self, entry);
      if (errand->accept)
        rb_mcp_agent_accept_async (self, entry, NULL, NULL);
    }
}

void
rb_mcp_agent_hand_over (RbMcpAgent *self,
                        RbMcpEntry *entry,
                        RbMcpCall  *call,
                        gboolean    accepts,
                        const char *rest)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autofree char *shown = NULL;
  g_autofree char *text = NULL;
  g_autoptr(GBytes) object = NULL;
  g_autoptr(GBytes) result = NULL;

  rb_mcp_entry_write (entry, accepts, NULL, writer);
  shown = rb_json_writer_end_text (writer);
  text = g_strdup_printf ("{%s%s\"received\":true,\"message\":%s}", rest != NULL ? rest : "", rest != NULL ? "," : "", shown);
  object = g_bytes_new (text, strlen (text));
  result = rb_mcp_result_new (object);

  g_clear_pointer (&entry->call_id, g_bytes_unref);
  entry->call_id = g_bytes_ref (rb_mcp_call_get_id (call));
  entry->place = RB_MCP_HANDING;
  entry->is_disowned = FALSE;
  rb_mcp_call_return (call, result, on_written, errand_new (self, entry, accepts));
}

/* It is offered again, without the broker, which may have been told already. */
void
rb_mcp_agent_disown (RbMcpAgent *self,
                     GBytes     *call_id)
{
  RbMcpEntry *entry = rb_mcp_desk_of_call (self->desk, call_id);

  if (entry == NULL || entry->place == RB_MCP_OFFERED)
    return;
  if (entry->place == RB_MCP_HANDING)
    {
      entry->is_disowned = TRUE;
      return;
    }
  if (entry->place == RB_MCP_ENDED && g_strcmp0 (entry->how, RB_MCP_GIVEN) != 0)
    return;
  rb_mcp_desk_reopen (self->desk, entry);
  offer (self, entry);
}

static void
on_left (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(RbMcpAgent) self = user_data;
  g_autoptr(GTask) task = g_steal_pointer (&self->stopping);

  rb_mcp_link_close_finish (RB_MCP_LINK (source), result);
  g_task_return_boolean (task, TRUE);
}

static void
leave (RbMcpAgent *self)
{
  rb_clock_clear (rb_mcp_link_get_clock (self->link), &self->stop_timer);
  self->n_farewells = 0;
  rb_mcp_link_close_async (self->link, self->patience_ms, on_left, g_object_ref (self));
}

static void
on_stop_timer (gpointer user_data)
{
  RbMcpAgent *self = user_data;

  self->stop_timer = 0;
  leave (self);
}

static void
on_farewell (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(RbMcpAgent) self = user_data;
  g_autoptr(GBytes) answer = rb_mcp_link_ask_finish (RB_MCP_LINK (source), result, NULL, NULL);

  if (self->n_farewells > 0 && --self->n_farewells == 0)
    leave (self);
}

static void
say_farewell (RbMcpAgent *self,
              RbMcpEntry *entry)
{
  RbMcpAsk *ask = rb_mcp_ask_new (RB_MCP_ASK_FAIL);

  ask->message = g_object_ref (entry->message);
  ask->retryable = TRUE;
  ask->reason_code = g_strdup ("host_gone");
  ask->text = g_strdup ("the host of the agent ended before it answered");
  self->n_farewells++;
  rb_mcp_link_ask_async (self->link, ask, NULL, on_farewell, g_object_ref (self));
}

void
rb_mcp_agent_stop_async (RbMcpAgent          *self,
                         gint64               patience_ms,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr(GPtrArray) accepted = rb_mcp_desk_list_ours (self->desk);

  g_return_if_fail (self->stopping == NULL);

  self->stopping = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (self->stopping, rb_mcp_agent_stop_async);
  self->patience_ms = patience_ms / 2;
  if (rb_mcp_link_get_endpoint_id (self->link) != NULL)
    for (guint i = 0; i < accepted->len; i++)
      say_farewell (self, g_ptr_array_index (accepted, i));
  if (self->n_farewells == 0)
    leave (self);
  else
    self->stop_timer = rb_clock_add (rb_mcp_link_get_clock (self->link), patience_ms / 2, on_stop_timer, self);
}

void
rb_mcp_agent_stop_finish (RbMcpAgent   *self,
                          GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}
