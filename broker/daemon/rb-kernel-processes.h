/* rb-kernel-processes.h: which processes live, from the kernel
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-clock.h"
#include "rb-processes.h"

G_BEGIN_DECLS

#define RB_TYPE_KERNEL_PROCESSES (rb_kernel_processes_get_type ())
G_DECLARE_FINAL_TYPE (RbKernelProcesses, rb_kernel_processes, RB, KERNEL_PROCESSES, GObject)

/* Watches through pidfds. @clock: for the processes that cannot have one (no descriptors left, a kernel that refuses): those are
 * looked at every few seconds. */
RbProcesses *rb_kernel_processes_new          (RbClock *clock);

/* Pure: from the text of /proc/<pid>/stat. FALSE when it is malformed or the process is a zombie. */
gboolean     rb_kernel_processes_parse_stat   (const char *text, gint64 *start_time);

G_END_DECLS
