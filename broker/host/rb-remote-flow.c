/* rb-remote-flow.c: what a process has delivered and had no answer for
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-remote-flow.h"

/* A module may count the bytes of a message another way than we do; within this it is still sane. */
#define BYTES_LENIENCE 4

typedef struct {
  guint n;        /* a message that came again before its answer has several to get */
  gsize bytes;    /* of one */
} Delivered;

struct _RbRemoteFlow {
  GHashTable *delivered;      /* gint64 to Delivered */
  guint       n;
  gsize       bytes;
  guint       max_messages;   /* the widest that it was told */
  gsize       max_bytes;
};

RbRemoteFlow *
rb_remote_flow_new (void)
{
  RbRemoteFlow *self = g_new0 (RbRemoteFlow, 1);

  self->delivered = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  return self;
}

void
rb_remote_flow_free (RbRemoteFlow *self)
{
  g_hash_table_unref (self->delivered);
  g_free (self);
}

void
rb_remote_flow_reset (RbRemoteFlow *self)
{
  g_hash_table_remove_all (self->delivered);
  self->n = 0;
  self->bytes = 0;
  self->max_messages = 0;
  self->max_bytes = 0;
}

void
rb_remote_flow_widen (RbRemoteFlow *self,
                      guint         messages,
                      gsize         bytes)
{
  self->max_messages = MAX (self->max_messages, messages);
  self->max_bytes = MAX (self->max_bytes, bytes);
}

gboolean
rb_remote_flow_deliver (RbRemoteFlow *self,
                        gint64        seq,
                        gsize         bytes)
{
  Delivered *delivered = g_hash_table_lookup (self->delivered, &seq);

  if (self->n >= self->max_messages || (self->n > 0 && self->bytes / BYTES_LENIENCE > self->max_bytes))
    return FALSE;
  if (delivered == NULL)
    {
      delivered = g_new0 (Delivered, 1);
      delivered->bytes = bytes;
      g_hash_table_insert (self->delivered, g_memdup2 (&seq, sizeof seq), delivered);
    }
  delivered->n++;
  self->n++;
  self->bytes += delivered->bytes;
  return TRUE;
}

gboolean
rb_remote_flow_answer (RbRemoteFlow *self,
                       gint64        seq)
{
  Delivered *delivered = g_hash_table_lookup (self->delivered, &seq);

  if (delivered == NULL)
    return FALSE;
  self->n--;
  self->bytes -= delivered->bytes;
  if (--delivered->n == 0)
    g_hash_table_remove (self->delivered, &seq);
  return TRUE;
}

guint
rb_remote_flow_get_n (const RbRemoteFlow *self)
{
  return self->n;
}
