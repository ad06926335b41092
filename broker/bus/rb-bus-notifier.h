/* rb-bus-notifier.h: notifications at whatever service of the session shows them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-notice.h"

G_BEGIN_DECLS

/* org.freedesktop.Notifications 1.2. What is to stand is remembered here: a service that comes, or comes back without memory, is told again. It is
 * started only for something new. Everything that it says is checked: it may be any program that took the name. */
typedef struct _RbBusNotifier RbBusNotifier;

typedef struct {
  /* @notice and @action: borrowed. Also of one that was taken back: who clicked may have been faster. */
  void (*clicked) (const RbNotice *notice, const RbNoticeAction *action, gpointer user_data);
  /* A person closed it, or the service did. */
  void (*closed)  (const char *slot, gpointer user_data);
} RbBusNotifierFuncs;

/* How many that were taken back are remembered. */
#define RB_BUS_NOTIFIER_OLD 64

RbBusNotifier *rb_bus_notifier_new      (GDBusConnection *connection, const RbBusNotifierFuncs *funcs, gpointer user_data);
/* All is taken back. */
void           rb_bus_notifier_free     (RbBusNotifier *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbBusNotifier, rb_bus_notifier_free)

/* Takes @notice; in place of the one in its slot, if that stands. */
void           rb_bus_notifier_show     (RbBusNotifier *self, RbNotice *notice);
void           rb_bus_notifier_withdraw (RbBusNotifier *self, const char *slot);

G_END_DECLS
