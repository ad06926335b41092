/* sim-process.c: an adapter's process: what it has, what it was given, what it asked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-process.h"

#include "rb-channels.h"

#include <string.h>

#define MAX_JOBS 12
#define MAX_KEPT 16

struct _SimLine {
  GObject     parent_instance;
  SimProcess *process;       /* NULL: closed */
  gint64      pid;
  gboolean    has_receipts;
  gboolean    is_legacy;
};

static void channel_iface_init (RbChannelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SimLine, sim_line, G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE (RB_TYPE_CHANNEL, channel_iface_init))

static gint64
get_pid (RbChannel *channel)
{
  return SIM_LINE (channel)->pid;
}

static gboolean
has_receipts (RbChannel *channel)
{
  return SIM_LINE (channel)->has_receipts;
}

static gboolean
is_legacy (RbChannel *channel)
{
  return SIM_LINE (channel)->is_legacy;
}

static void
push_free (gpointer data)
{
  SimPush *push = data;

  g_free (push->push_id);
  g_free (push->endpoint_id);
  g_free (push->message_id);
  g_free (push->assignment_id);
  g_free (push);
}

static gboolean
push (RbChannel    *channel,
      const RbPush *pushed)
{
  SimLine *self = SIM_LINE (channel);
  SimPush *copy;

  if (self->process == NULL || sim_oracle_is_dead (self->process->oracle))
    return FALSE;

  sim_oracle_pushed (self->process->oracle, self->pid, pushed);
  copy = g_new0 (SimPush, 1);
  copy->push_id = g_strdup (pushed->push_id);
  copy->endpoint_id = g_strdup (pushed->endpoint_id);
  copy->message_id = g_strdup (pushed->source_message_id);
  copy->assignment_id = g_strdup (pushed->assignment != NULL ? pushed->assignment->assignment_id : NULL);
  g_ptr_array_add (self->process->unread, copy);
  return TRUE;
}

static void
send_presence (RbChannel  *channel,
               const char *presence,
               const char *reason)
{
}

/* The server tells the core when the socket has closed, which the world does. */
static void
close_line (RbChannel  *channel,
            guint       code,
            const char *reason)
{
  SIM_LINE (channel)->process = NULL;
}

static void
channel_iface_init (RbChannelInterface *iface)
{
  iface->get_pid = get_pid;
  iface->has_receipts = has_receipts;
  iface->is_legacy = is_legacy;
  iface->push = push;
  iface->send_presence = send_presence;
  iface->close = close_line;
}

static void
sim_line_class_init (SimLineClass *klass)
{
}

static void
sim_line_init (SimLine *self)
{
}

static void
endpoint_free (gpointer data)
{
  SimEndpoint *endpoint = data;

  g_free (endpoint->id);
  g_free (endpoint->token);
  g_free (endpoint);
}

static void
job_free (gpointer data)
{
  SimJob *job = data;

  g_free (job->message_id);
  g_free (job->assignment_id);
  g_free (job->endpoint_id);
  g_free (job);
}

SimProcess *
sim_process_new (SimOracle *oracle,
                 guint      number)
{
  SimProcess *self = g_new0 (SimProcess, 1);

  self->number = number;
  self->pid = 1000 * (number + 1);
  self->session = g_strdup_printf ("s%u", number);
  self->is_alive = TRUE;
  self->has_receipts = TRUE;
  self->oracle = oracle;
  self->endpoints = g_ptr_array_new_with_free_func (endpoint_free);
  self->jobs = g_ptr_array_new_with_free_func (job_free);
  self->unread = g_ptr_array_new_with_free_func (push_free);
  self->read = g_ptr_array_new_with_free_func (push_free);
  return self;
}

void
sim_process_free (SimProcess *self)
{
  sim_process_lose_line (self);
  g_free (self->session);
  g_free (self->spawn_token);
  g_ptr_array_unref (self->endpoints);
  g_ptr_array_unref (self->jobs);
  g_ptr_array_unref (self->unread);
  g_ptr_array_unref (self->read);
  g_free (self);
}

void
sim_process_forget (SimProcess *self)
{
  g_ptr_array_set_size (self->endpoints, 0);
  g_ptr_array_set_size (self->jobs, 0);
  g_ptr_array_set_size (self->unread, 0);
  g_ptr_array_set_size (self->read, 0);
  g_clear_pointer (&self->spawn_token, g_free);
}

void
sim_process_renew (SimProcess *self,
                   SimRandom  *random)
{
  sim_process_forget (self);
  self->pid++;
  self->is_alive = TRUE;
  self->has_receipts = sim_random_chance (random, 80);
  self->is_legacy = sim_random_chance (random, 10);
  if (sim_random_chance (random, 30))
    {
      g_free (self->session);
      self->session = g_strdup_printf ("s%" G_GINT64_FORMAT, self->pid);
    }
}

void
sim_process_attach (SimProcess *self,
                    RbCore     *core)
{
  SimLine *line = g_object_new (SIM_TYPE_LINE, NULL);
  g_autoptr(SimLine) old = g_steal_pointer (&self->line);

  line->process = self;
  line->pid = self->pid;
  line->has_receipts = self->has_receipts;
  line->is_legacy = self->is_legacy;
  self->line = line;
  if (old != NULL)
    old->process = NULL;
  g_ptr_array_set_size (self->unread, 0);
  g_ptr_array_set_size (self->read, 0);
  rb_channels_attach (core, RB_CHANNEL (line));
  if (old != NULL)
    rb_channels_detach (core, RB_CHANNEL (old));
}

void
sim_process_detach (SimProcess *self,
                    RbCore     *core)
{
  g_autoptr(SimLine) line = g_steal_pointer (&self->line);

  if (line == NULL)
    return;
  line->process = NULL;
  rb_channels_detach (core, RB_CHANNEL (line));
}

void
sim_process_lose_line (SimProcess *self)
{
  if (self->line != NULL)
    self->line->process = NULL;
  g_clear_object (&self->line);
}

SimJob *
sim_process_find_job (SimProcess *self,
                      const char *assignment_id)
{
  for (guint i = 0; i < self->jobs->len; i++)
    {
      SimJob *job = g_ptr_array_index (self->jobs, i);

      if (strcmp (job->assignment_id, assignment_id) == 0)
        return job;
    }
  return NULL;
}

SimJob *
sim_process_add_job (SimProcess *self,
                     const char *message_id,
                     const char *assignment_id,
                     const char *endpoint_id)
{
  SimJob *job = sim_process_find_job (self, assignment_id);

  if (job != NULL)
    return job;

  if (self->jobs->len >= MAX_JOBS)
    g_ptr_array_remove_index (self->jobs, 0);
  job = g_new0 (SimJob, 1);
  job->message_id = g_strdup (message_id);
  job->assignment_id = g_strdup (assignment_id);
  job->endpoint_id = g_strdup (endpoint_id);
  g_ptr_array_add (self->jobs, job);
  return job;
}

gboolean
sim_process_read (SimProcess *self)
{
  SimPush *oldest;

  if (self->unread->len == 0)
    return FALSE;

  oldest = g_ptr_array_steal_index (self->unread, 0);
  if (oldest->assignment_id != NULL)
    sim_process_add_job (self, oldest->message_id, oldest->assignment_id, oldest->endpoint_id);
  if (self->read->len >= MAX_KEPT)
    g_ptr_array_remove_index (self->read, 0);
  g_ptr_array_add (self->read, oldest);
  return TRUE;
}

void
sim_process_receipt (SimProcess *self,
                     RbCore     *core,
                     guint       i)
{
  const SimPush *read = g_ptr_array_index (self->read, i);

  if (self->line == NULL || read->push_id == NULL)
    return;
  sim_trace (self->oracle, "adapter", "%" G_GINT64_FORMAT " has %s", self->pid, read->message_id);
  rb_channels_receipt (core, RB_CHANNEL (self->line), read->push_id);
}

SimEndpoint *
sim_process_find (SimProcess *self,
                  const char *endpoint_id)
{
  for (guint i = 0; i < self->endpoints->len; i++)
    {
      SimEndpoint *endpoint = g_ptr_array_index (self->endpoints, i);

      if (strcmp (endpoint->id, endpoint_id) == 0)
        return endpoint;
    }
  return NULL;
}

SimEndpoint *
sim_process_add (SimProcess *self,
                 const char *id,
                 const char *token,
                 SimKind     kind)
{
  SimEndpoint *endpoint = sim_process_find (self, id);

  if (endpoint == NULL)
    {
      endpoint = g_new0 (SimEndpoint, 1);
      endpoint->id = g_strdup (id);
      g_ptr_array_add (self->endpoints, endpoint);
    }
  g_free (endpoint->token);
  endpoint->token = g_strdup (token);
  endpoint->kind = kind;
  return endpoint;
}

void
sim_process_remove (SimProcess *self,
                    const char *endpoint_id)
{
  SimEndpoint *endpoint = sim_process_find (self, endpoint_id);

  if (endpoint != NULL)
    g_ptr_array_remove (self->endpoints, endpoint);
}
