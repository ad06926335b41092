/* rb-local-job.c: what the main loop asks of the thread that owns the database
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-local-job.h"

RbLocalJob *
rb_local_job_new (RbLocalJobKind kind,
                  gint64         now_ms)
{
  RbLocalJob *self = g_new0 (RbLocalJob, 1);

  self->kind = kind;
  self->now_ms = now_ms;
  return self;
}

void
rb_local_job_free (RbLocalJob *self)
{
  g_return_if_fail (self != NULL);

  g_clear_error (&self->error);
  g_clear_pointer (&self->bell, rb_local_bell_close);
  g_free (self->to);
  g_clear_pointer (&self->envelope, rb_envelope_unref);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->seqs, g_array_unref);
  rb_local_plan_clear (&self->plan);
  g_clear_pointer (&self->rows, g_array_unref);
  g_clear_pointer (&self->gone, g_array_unref);
  g_free (self);
}
