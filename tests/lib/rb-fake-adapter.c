/* rb-fake-adapter.c: adapters as the core sees them: processes and channels that record what they were asked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-fake-adapter.h"

#include "rb-json.h"

/* processes */

struct _RbFakeProcesses {
  GObject     parent_instance;
  GHashTable *starts;     /* pid to its start time; missing: pid * 10; 0: ended */
  guint       n_watched;
};

static void processes_iface_init (RbProcessesInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbFakeProcesses, rb_fake_processes, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_PROCESSES, processes_iface_init))

static gboolean
fake_identify (RbProcesses *processes,
               gint64       pid,
               gint64      *start_time)
{
  RbFakeProcesses *self = RB_FAKE_PROCESSES (processes);
  gpointer start;

  if (!g_hash_table_lookup_extended (self->starts, GINT_TO_POINTER (pid), NULL, &start))
    start = GINT_TO_POINTER (pid * 10);
  *start_time = GPOINTER_TO_INT (start);
  return start != NULL;
}

static void
fake_watch (RbProcesses *processes,
            gint64       pid)
{
  RB_FAKE_PROCESSES (processes)->n_watched++;
}

static void
fake_unwatch (RbProcesses *processes,
              gint64       pid)
{
  RB_FAKE_PROCESSES (processes)->n_watched--;
}

static void
processes_iface_init (RbProcessesInterface *iface)
{
  iface->identify = fake_identify;
  iface->watch = fake_watch;
  iface->unwatch = fake_unwatch;
}

static void
rb_fake_processes_finalize (GObject *object)
{
  g_hash_table_unref (RB_FAKE_PROCESSES (object)->starts);
  G_OBJECT_CLASS (rb_fake_processes_parent_class)->finalize (object);
}

static void
rb_fake_processes_class_init (RbFakeProcessesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rb_fake_processes_finalize;
}

static void
rb_fake_processes_init (RbFakeProcesses *self)
{
  self->starts = g_hash_table_new (NULL, NULL);
}

RbFakeProcesses *
rb_fake_processes_new (void)
{
  return g_object_new (RB_TYPE_FAKE_PROCESSES, NULL);
}

void
rb_fake_processes_end (RbFakeProcesses *self,
                       gint64           pid)
{
  g_hash_table_insert (self->starts, GINT_TO_POINTER (pid), NULL);
  rb_processes_emit_exited (RB_PROCESSES (self), pid);
}

void
rb_fake_processes_recycle (RbFakeProcesses *self,
                           gint64           pid)
{
  g_hash_table_insert (self->starts, GINT_TO_POINTER (pid), GINT_TO_POINTER (pid * 10 + 1));
}

guint
rb_fake_processes_get_n_watched (RbFakeProcesses *self)
{
  return self->n_watched;
}

/* channel */

static void channel_iface_init (RbChannelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbFakeChannel, rb_fake_channel, G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE (RB_TYPE_CHANNEL, channel_iface_init))

static void
push_free (RbFakePush *push)
{
  g_free (push->push_id);
  g_free (push->endpoint_id);
  g_free (push->source_message_id);
  g_free (push->content);
  g_bytes_unref (push->metadata);
  g_free (push->assignment_id);
  g_free (push->reply_correlation_id);
  g_free (push);
}

static gint64
fake_get_pid (RbChannel *channel)
{
  return RB_FAKE_CHANNEL (channel)->pid;
}

static gboolean
fake_has_receipts (RbChannel *channel)
{
  return RB_FAKE_CHANNEL (channel)->has_receipts;
}

static gboolean
fake_is_legacy (RbChannel *channel)
{
  return RB_FAKE_CHANNEL (channel)->is_legacy;
}

static gboolean
fake_push (RbChannel    *channel,
           const RbPush *push)
{
  RbFakeChannel *self = RB_FAKE_CHANNEL (channel);
  RbFakePush *copy;

  if (!self->is_open)
    return FALSE;

  copy = g_new0 (RbFakePush, 1);
  copy->push_id = g_strdup (push->push_id);
  copy->endpoint_id = g_strdup (push->endpoint_id);
  copy->source_message_id = g_strdup (push->source_message_id);
  copy->content = rb_json_slice_to_string (rb_envelope_get_content (push->envelope), NULL);
  copy->metadata = g_bytes_ref (rb_envelope_get_metadata (push->envelope));
  if (push->assignment != NULL)
    {
      copy->assignment_id = g_strdup (push->assignment->assignment_id);
      copy->reply_correlation_id = g_strdup (push->assignment->reply_correlation_id);
    }
  g_ptr_array_add (self->pushes, copy);
  return TRUE;
}

static void
fake_send_presence (RbChannel  *channel,
                    const char *presence,
                    const char *reason)
{
  g_ptr_array_add (RB_FAKE_CHANNEL (channel)->presences, g_strdup (presence));
}

static void
fake_close (RbChannel  *channel,
            guint       code,
            const char *reason)
{
  RbFakeChannel *self = RB_FAKE_CHANNEL (channel);

  self->is_open = FALSE;
  self->close_code = code;
  g_free (self->close_reason);
  self->close_reason = g_strdup (reason);
}

static void
channel_iface_init (RbChannelInterface *iface)
{
  iface->get_pid = fake_get_pid;
  iface->has_receipts = fake_has_receipts;
  iface->is_legacy = fake_is_legacy;
  iface->push = fake_push;
  iface->send_presence = fake_send_presence;
  iface->close = fake_close;
}

static void
rb_fake_channel_finalize (GObject *object)
{
  RbFakeChannel *self = RB_FAKE_CHANNEL (object);

  g_ptr_array_unref (self->pushes);
  g_ptr_array_unref (self->presences);
  g_free (self->close_reason);
  G_OBJECT_CLASS (rb_fake_channel_parent_class)->finalize (object);
}

static void
rb_fake_channel_class_init (RbFakeChannelClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rb_fake_channel_finalize;
}

static void
rb_fake_channel_init (RbFakeChannel *self)
{
  self->is_open = TRUE;
  self->pushes = g_ptr_array_new_with_free_func ((GDestroyNotify) push_free);
  self->presences = g_ptr_array_new_with_free_func (g_free);
}

RbFakeChannel *
rb_fake_channel_new (gint64   pid,
                     gboolean has_receipts)
{
  RbFakeChannel *self = g_object_new (RB_TYPE_FAKE_CHANNEL, NULL);

  self->pid = pid;
  self->has_receipts = has_receipts;
  return self;
}

RbFakePush *
rb_fake_channel_get (RbFakeChannel *self,
                     guint          i)
{
  g_assert_cmpuint (i, <, self->pushes->len);
  return g_ptr_array_index (self->pushes, i);
}
