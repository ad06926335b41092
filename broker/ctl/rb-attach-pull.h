/* rb-attach-pull.h: what the broker has staged for an endpoint, fetched look by look
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client-private.h"

G_BEGIN_DECLS

typedef struct _RbAttachPull RbAttachPull;

/* One staged message; what is not accepted comes again with the next look. Returns %TRUE if it was new. */
typedef gboolean (*RbAttachTakeFunc) (RbClientMessage *message, gpointer user_data);
/* Something new was handed over: look again when it makes sense. After a look that brought nothing new the next one comes by itself, later. */
typedef void (*RbAttachLookedFunc) (gpointer user_data);

/* Source: protocol.md 12.5. Does nothing before the first look. */
RbAttachPull *rb_attach_pull_new   (RbClient           *client,
                                    RbClientEndpoint   *endpoint,
                                    RbAttachTakeFunc    take,
                                    RbAttachLookedFunc  looked,
                                    gpointer            user_data);
/* Ends a look; nothing is called any more. */
void          rb_attach_pull_free  (RbAttachPull       *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbAttachPull, rb_attach_pull_free)
/* Waits until something is there, however long. Nothing happens while a look is under way, and with a broker that stages nothing. */
void          rb_attach_pull_look  (RbAttachPull       *self);

G_END_DECLS
