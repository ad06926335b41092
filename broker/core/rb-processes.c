/* rb-processes.c: the port through which the core knows which processes live
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-processes.h"

G_DEFINE_INTERFACE (RbProcesses, rb_processes, G_TYPE_OBJECT)

static guint exited_signal;

static void
rb_processes_default_init (RbProcessesInterface *iface)
{
  exited_signal = g_signal_new ("exited", RB_TYPE_PROCESSES, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT64);
}

gboolean
rb_processes_identify (RbProcesses *self,
                       gint64       pid,
                       gint64      *start_time)
{
  return RB_PROCESSES_GET_IFACE (self)->identify (self, pid, start_time);
}

void
rb_processes_watch (RbProcesses *self,
                    gint64       pid)
{
  RB_PROCESSES_GET_IFACE (self)->watch (self, pid);
}

void
rb_processes_unwatch (RbProcesses *self,
                      gint64       pid)
{
  RB_PROCESSES_GET_IFACE (self)->unwatch (self, pid);
}

void
rb_processes_emit_exited (RbProcesses *self,
                          gint64       pid)
{
  g_signal_emit (self, exited_signal, 0, pid);
}
