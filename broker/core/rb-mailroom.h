/* rb-mailroom.h: messages claimed for endpoints in advance
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"
#include "rb-explain-parts.h"

G_BEGIN_DECLS

/* Source: protocol.md section 12. It runs once the upstream said that it stages assignments, and has a timer only while an active endpoint
 * could get something. Where our own inbox is the authority (profile local) it never runs. */

RbMailroom *rb_mailroom_new             (void);
void        rb_mailroom_free            (RbMailroom *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbMailroom, rb_mailroom_free)

/* What the upstream says it can do; @capabilities: NULL with @error set. Source: 12.1, IMP-36. */
void        rb_mailroom_learn           (RbCore *core, GVariant *capabilities, const GError *error);
gboolean    rb_mailroom_is_running      (RbCore *core);
/* Something may be claimable: look soon, if it runs. */
void        rb_mailroom_trigger         (RbCore *core);

/* An endpoint is durably active: what the upstream holds for it is fetched again. */
void        rb_mailroom_endpoint_active (RbCore *core, const char *endpoint_id);
/* It is gone: nothing is staged for it any more, and nobody waits. */
void        rb_mailroom_forget_endpoint (RbCore *core, const char *endpoint_id);
/* Its item leaves staging, if there is one. @event: for the log, why. Source: 12.4. */
void        rb_mailroom_drop            (RbCore *core, const RbAssignment *assignment, const char *event);

/* When it looks for what can be claimed, if it does. */
void        rb_mailroom_put_story       (RbStory *story);
void        rb_mailroom_cancel_timers   (RbCore *core);
void        rb_mailroom_stop            (RbCore *core);

/* For its rounds. FALSE: the message is being claimed for the endpoint already (IMP-38). */
gboolean    rb_mailroom_begin_claim     (RbCore *core, const char *endpoint_id, const char *source_message_id);
void        rb_mailroom_end_claim       (RbCore *core, const char *endpoint_id, const char *source_message_id);

G_END_DECLS
