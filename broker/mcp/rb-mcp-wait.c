/* rb-mcp-wait.c: requests of the host that wait for a message
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-wait.h"

#include "rb-mcp-resume.h"
#include "rb-mcp-result.h"

#include <string.h>

struct _RbMcpWaits {
  RbMcpAgent  *agent;
  RbMcpResume *resume;
  GPtrArray   *waiters;     /* of Waiter, in the order they came */
};

typedef struct {
  RbMcpWaits *owner;
  RbMcpCall  *call;
  gboolean    accept;
  char       *correlation_id;
  char       *in_reply_to;
  char       *rest;
  gint64      since_us;
  gint64      timeout_s;
  guint64     timer;
  guint64     progress_timer;
  gulong      handler;       /* of the call's cancellable */
} Waiter;

static RbClock *
clock_of (RbMcpWaits *self)
{
  return rb_mcp_link_get_clock (rb_mcp_agent_get_link (self->agent));
}

static void
waiter_free (gpointer data)
{
  Waiter *waiter = data;
  RbClock *clock = clock_of (waiter->owner);

  rb_clock_clear (clock, &waiter->timer);
  rb_clock_clear (clock, &waiter->progress_timer);
  g_clear_signal_handler (&waiter->handler, rb_mcp_call_get_cancellable (waiter->call));
  rb_mcp_call_unref (waiter->call);
  g_free (waiter->correlation_id);
  g_free (waiter->in_reply_to);
  g_free (waiter->rest);
  g_free (waiter);
}

static gboolean
fits (const Waiter     *waiter,
      const RbMcpEntry *entry)
{
  g_autofree char *correlation = rb_client_message_dup_metadata_member (entry->message, "correlation_id");
  g_autofree char *answered = rb_client_message_dup_metadata_member (entry->message, "in_reply_to");

  if (waiter->correlation_id == NULL && waiter->in_reply_to == NULL)
    return TRUE;
  return (waiter->correlation_id != NULL && g_strcmp0 (waiter->correlation_id, correlation) == 0) ||
         (waiter->in_reply_to != NULL && g_strcmp0 (waiter->in_reply_to, answered) == 0);
}

static gboolean
is_particular (const Waiter *waiter)
{
  return waiter->correlation_id != NULL || waiter->in_reply_to != NULL;
}

static Waiter *
find_waiter (RbMcpWaits       *self,
             const RbMcpEntry *entry,
             gboolean          particular)
{
  for (guint i = 0; i < self->waiters->len; i++)
    {
      Waiter *waiter = g_ptr_array_index (self->waiters, i);

      if (is_particular (waiter) == particular && fits (waiter, entry))
        return waiter;
    }
  return NULL;
}

static void
serve (Waiter     *waiter,
       RbMcpEntry *entry)
{
  RbMcpWaits *self = waiter->owner;

  rb_mcp_agent_hand_over (self->agent, entry, waiter->call, waiter->accept, waiter->rest);
  g_ptr_array_remove (self->waiters, waiter);
}

static void
on_offered (RbMcpEntry *entry,
            gpointer    user_data)
{
  RbMcpWaits *self = user_data;
  Waiter *waiter = find_waiter (self, entry, TRUE);

  if (waiter == NULL)
    waiter = find_waiter (self, entry, FALSE);
  if (waiter != NULL)
    serve (waiter, entry);
}

static void
on_over (gpointer user_data)
{
  Waiter *waiter = user_data;
  g_autofree char *text = g_strdup_printf ("{%s%s\"received\":false,\"waited_seconds\":%" G_GINT64_FORMAT "}", waiter->rest != NULL ? waiter->rest : "",
                                           waiter->rest != NULL ? "," : "", waiter->timeout_s);
  g_autoptr(GBytes) object = g_bytes_new (text, strlen (text));
  g_autoptr(GBytes) result = rb_mcp_result_new (object);

  waiter->timer = 0;
  rb_mcp_call_return (waiter->call, result, NULL, NULL);
  g_ptr_array_remove (waiter->owner->waiters, waiter);
}

static void
on_cancelled (GCancellable *cancellable,
              Waiter       *waiter)
{
  g_ptr_array_remove (waiter->owner->waiters, waiter);
}

static void
on_progress (gpointer user_data)
{
  Waiter *waiter = user_data;
  RbClock *clock = clock_of (waiter->owner);
  double passed_s = (rb_clock_get_monotonic_us (clock) - waiter->since_us) / 1e6;

  rb_mcp_call_note_progress (waiter->call, passed_s, waiter->timeout_s, is_particular (waiter) ? "waiting for the answer" : "waiting for a message");
  waiter->progress_timer = rb_clock_add (clock, RB_MCP_PROGRESS_MS, on_progress, waiter);
}

/* What came back from the inbox lies on the desk. */
static void
on_resumed (gpointer user_data)
{
  RbMcpWaits *self = user_data;
  RbMcpEntry *entry;

  while ((entry = rb_mcp_desk_next (rb_mcp_agent_get_desk (self->agent), NULL, NULL)) != NULL && self->waiters->len > 0)
    {
      guint before = self->waiters->len;

      on_offered (entry, self);
      if (self->waiters->len == before)
        return;
    }
}

RbMcpWaits *
rb_mcp_waits_new (RbMcpAgent *agent)
{
  RbMcpWaits *self = g_new0 (RbMcpWaits, 1);

  self->agent = g_object_ref (agent);
  self->resume = rb_mcp_resume_new (agent, on_resumed, self);
  self->waiters = g_ptr_array_new_with_free_func (waiter_free);
  rb_mcp_agent_set_serve (agent, on_offered, self);
  return self;
}

void
rb_mcp_waits_free (RbMcpWaits *self)
{
  rb_mcp_agent_set_serve (self->agent, NULL, NULL);
  g_ptr_array_unref (self->waiters);
  rb_mcp_resume_free (self->resume);
  g_object_unref (self->agent);
  g_free (self);
}

static Waiter *
waiter_new (RbMcpWaits      *self,
            RbMcpCall       *call,
            const RbMcpWish *wish)
{
  Waiter *waiter = g_new0 (Waiter, 1);

  waiter->owner = self;
  waiter->call = rb_mcp_call_ref (call);
  waiter->accept = wish->accept;
  waiter->correlation_id = g_strdup (wish->correlation_id);
  waiter->in_reply_to = g_strdup (wish->in_reply_to);
  waiter->rest = g_strdup (wish->rest);
  waiter->timeout_s = wish->timeout_s;
  waiter->since_us = rb_clock_get_monotonic_us (clock_of (self));
  return waiter;
}

void
rb_mcp_waits_add (RbMcpWaits      *self,
                  RbMcpCall       *call,
                  const RbMcpWish *wish)
{
  RbMcpDesk *desk = rb_mcp_agent_get_desk (self->agent);
  RbClock *clock = clock_of (self);
  Waiter *waiter = waiter_new (self, call, wish);
  RbMcpEntry *entry;

  g_ptr_array_add (self->waiters, waiter);
  rb_mcp_desk_expire (desk, rb_clock_get_monotonic_us (clock));
  entry = rb_mcp_desk_next (desk, wish->correlation_id, wish->in_reply_to);
  if (entry != NULL)
    {
      serve (waiter, entry);
      return;
    }
  waiter->timer = rb_clock_add (clock, wish->timeout_s * 1000, on_over, waiter);
  waiter->handler = g_signal_connect (rb_mcp_call_get_cancellable (call), "cancelled", G_CALLBACK (on_cancelled), waiter);
  if (rb_mcp_call_wants_progress (call))
    waiter->progress_timer = rb_clock_add (clock, RB_MCP_PROGRESS_MS, on_progress, waiter);
  if (!is_particular (waiter))
    rb_mcp_resume_look (self->resume);
}

guint
rb_mcp_waits_count (RbMcpWaits *self)
{
  return self->waiters->len;
}
