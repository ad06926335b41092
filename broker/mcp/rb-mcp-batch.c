/* rb-mcp-batch.c: the answers to what came in one array, until all are there
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-batch.h"

typedef struct {
  RbMcpWrittenFunc  written;
  gpointer          user_data;
} Waiter;

struct _RbMcpBatch {
  grefcount   ref_count;
  RbMcpStdio *stdio;
  GPtrArray  *frames;     /* of GBytes */
  GArray     *waiters;    /* of Waiter */
};

RbMcpBatch *
rb_mcp_batch_new (RbMcpStdio *stdio)
{
  RbMcpBatch *self = g_new0 (RbMcpBatch, 1);

  g_ref_count_init (&self->ref_count);
  self->stdio = stdio;
  self->frames = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  self->waiters = g_array_new (FALSE, FALSE, sizeof (Waiter));
  return self;
}

RbMcpBatch *
rb_mcp_batch_ref (RbMcpBatch *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

static void
on_written (gboolean written,
            gpointer user_data)
{
  GArray *waiters = user_data;

  for (guint i = 0; i < waiters->len; i++)
    {
      const Waiter *waiter = &g_array_index (waiters, Waiter, i);

      waiter->written (written, waiter->user_data);
    }
  g_array_unref (waiters);
}

void
rb_mcp_batch_unref (RbMcpBatch *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  if (self->frames->len > 0)
    {
      g_autoptr(GBytes) frame = rb_mcp_frame_batch (self->frames);

      rb_mcp_stdio_write (self->stdio, frame, on_written, self->waiters);
    }
  else
    g_array_unref (self->waiters);
  g_ptr_array_unref (self->frames);
  g_free (self);
}

void
rb_mcp_batch_add (RbMcpBatch       *self,
                  GBytes           *frame,
                  RbMcpWrittenFunc  written,
                  gpointer          user_data)
{
  const Waiter waiter = { written, user_data };

  g_ptr_array_add (self->frames, g_bytes_ref (frame));
  if (written != NULL)
    g_array_append_val (self->waiters, waiter);
}
