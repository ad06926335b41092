/* rb-monitor.h: what the broker says on the session bus as it happens
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Signals that arrived and were not handed over yet, because whoever reads is slow; what comes above that is not kept, and counted. */
#define RB_MONITOR_QUEUE_MAX 10000

typedef struct {
  const char *kind;         /* "broker", "endpoint", "message", "assignment", "module" */
  const char *event;        /* "added", "changed", "removed"; of the broker also "gone" and "back"; "missed" */
  const char *id;           /* (nullable) */
  GVariant   *properties;   /* (nullable) a{sv}: all, or those that changed */
  guint       n_missed;
} RbMonitorEvent;

typedef void (*RbMonitorFunc) (const RbMonitorEvent *event,
                               gpointer              user_data);

typedef struct _RbMonitor RbMonitor;

/* Finds the broker of @account_id on the session bus; starts none. RB_ERROR_UNAVAILABLE when there is no bus, or no such broker on it. */
RbMonitor *rb_monitor_new     (const char     *account_id,
                               RbMonitorFunc   func,
                               gpointer        user_data,
                               GError        **error);
void       rb_monitor_free    (RbMonitor      *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbMonitor, rb_monitor_free)

/* The bus is gone, and nothing more will come. */
gboolean   rb_monitor_is_over (RbMonitor      *self);

G_END_DECLS
