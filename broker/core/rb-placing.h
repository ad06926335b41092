/* rb-placing.h: what came in and has no place yet
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-message.h"

G_BEGIN_DECLS

/* Messages about which the upstream is asked before they get a place. They may be refused yet, and come again: what was sent after one of them
 * must not be held meanwhile, or it would be in front of it. The window of the connector bounds them. */
typedef struct _RbPlacing RbPlacing;

RbPlacing  *rb_placing_new        (void);
void        rb_placing_free       (RbPlacing *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbPlacing, rb_placing_free)

/* @message: borrowed until it is removed. Once or several times is the same. */
void        rb_placing_add        (RbPlacing *self, RbMessage *message);
void        rb_placing_remove     (RbPlacing *self, const RbMessage *message);
gboolean    rb_placing_has        (const RbPlacing *self, const RbMessage *message);
/* Whether another one of its conversation is there, which is not held. */
gboolean    rb_placing_has_before (const RbPlacing *self, const RbMessage *message);

G_END_DECLS
