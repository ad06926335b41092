/* rb-refused.h: what was refused for now, so that its conversation stays in order
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"
#include "rb-message.h"

G_BEGIN_DECLS

/* A refused message comes again after a while, and what was sent after it must not overtake it: until then later sequences of its
 * conversation are refused too. A conversation is an endpoint and a correlation, and may be named by both or by the correlation alone: so it is
 * asked each time where what was refused would go as things are. An entry whose message does not come within two minutes is given up: the network
 * may have dismissed it. @now: milliseconds of the monotonic clock, which nobody sets. */
typedef struct _RbRefused RbRefused;

/* The endpoint that a message with these (nullable) would go to now; NULL: none. */
typedef const char *(*RbRefusedResolve) (const char *target_id,
                                         const char *correlation_id,
                                         const char *source_endpoint_id,
                                         gpointer    user_data);

RbRefused  *rb_refused_new       (RbRefusedResolve resolve, gpointer user_data);
void        rb_refused_free      (RbRefused *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbRefused, rb_refused_free)
/* @bounds: borrowed; NULL: nobody counts. */
void        rb_refused_set_bounds (RbRefused *self, RbBounds *bounds);

/* An earlier message of its conversation was refused and has not come again. */
gboolean    rb_refused_must_wait (RbRefused *self, const RbMessage *message, gint64 seq, gint64 now);
void        rb_refused_add       (RbRefused *self, const RbMessage *message, gint64 seq, gint64 now);
/* It came again, under whatever sequence, and is handled. */
void        rb_refused_remove    (RbRefused *self, const char *message_id);
/* Another connector gives the sequences from now on. */
void        rb_refused_clear     (RbRefused *self);
guint       rb_refused_get_n     (const RbRefused *self);
guint       rb_refused_get_cap   (void);

G_END_DECLS
