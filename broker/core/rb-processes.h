/* rb-processes.h: the port through which the core knows which processes live
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define RB_TYPE_PROCESSES (rb_processes_get_type ())
G_DECLARE_INTERFACE (RbProcesses, rb_processes, RB, PROCESSES, GObject)

/**
 * RbProcessesInterface:
 * @identify: whether @pid lives; @start_time (out): in clock ticks since boot, 0 when unknown. A process is its pid and its start
 *   time: the same pid with another start time is a stranger.
 * @watch: `exited` (gint64 pid) is emitted once when the process that has @pid now is gone; counts, one unwatch for each watch
 */
struct _RbProcessesInterface {
  GTypeInterface parent_iface;

  gboolean (*identify) (RbProcesses *self, gint64 pid, gint64 *start_time);
  void     (*watch)    (RbProcesses *self, gint64 pid);
  void     (*unwatch)  (RbProcesses *self, gint64 pid);
};

gboolean  rb_processes_identify    (RbProcesses *self, gint64 pid, gint64 *start_time);
void      rb_processes_watch       (RbProcesses *self, gint64 pid);
void      rb_processes_unwatch     (RbProcesses *self, gint64 pid);
void      rb_processes_emit_exited (RbProcesses *self, gint64 pid);

G_END_DECLS
