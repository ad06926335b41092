/* rb-deliver.h: messages leave an endpoint's queue for its channel
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

/* What is durable in the queue is pushed, one message at a time in each lane, as far as the channel's window allows; it leaves the queue
 * when the adapter's receipt came. A direct message whose receipt does not come is pushed again, with backoff, under the same push id (so a
 * late receipt counts); an assignment returns to the inbox (protocol.md 11.4). */

/* Both: the message's place is durable. */
void  rb_deliver_add          (RbCore *core, RbEndpoint *endpoint, RbMessage *message, const char *assignment_id);
void  rb_deliver_pump         (RbCore *core, RbEndpoint *endpoint);
/* In its queue; an empty one takes any message. FALSE counts as a limit that was reached. */
gboolean rb_deliver_has_room_for (RbCore *core, RbEndpoint *endpoint, RbMessage *message);
/* Its queue has grown. */
void  rb_deliver_note         (RbCore *core, RbEndpoint *endpoint);

/* The arrival of a message is durable now: it may be pushed from the queue where it waits, if it does. */
void  rb_deliver_stored       (RbCore *core, RbMessage *message);

/* Takes an item out without ending its message; what is behind it goes on. */
void  rb_deliver_cancel       (RbCore *core, RbEndpoint *endpoint, RbItem *item);
/* The channel is gone (the endpoint has none now): what was on its way waits again. */
void  rb_deliver_channel_lost (RbCore *core, RbEndpoint *endpoint);

/* Answers @task (transfer full) with the number of messages once all that waits now has been taken, and then tells that the endpoint is
 * back; or fails it with "reconnecting_buffer_drain_failed" when one is not taken or the channel is gone (protocol.md 7.8). */
void  rb_deliver_drain        (RbCore *core, RbEndpoint *endpoint, GTask *task);
/* We stop: whoever waits for that is told so. What waits stays in its queue, for the next process. */
void  rb_deliver_stop         (RbCore *core);

G_END_DECLS
