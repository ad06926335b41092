/* rb-bus-click.h: what was clicked on a notification is done
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"
#include "rb-notice.h"

G_BEGIN_DECLS

/* @failure: why not; NULL: it was done. @is_gone: there was nothing to do any more */
typedef void (*RbBusClickDone) (const char *failure, gboolean is_gone, gpointer user_data);

/* As the operator: whoever clicks on the session of a person is that person. @done is not called once @cancellable is cancelled. */
void  rb_bus_click_carry_out (RbCore *core, const RbNoticeAction *action, GCancellable *cancellable, RbBusClickDone done, gpointer user_data);

G_END_DECLS
