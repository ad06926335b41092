/* rb-dispatch-verb.h: brokerctl dispatch, for other verbs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ctl.h"

G_BEGIN_DECLS

/* Whole ids. TRUE when the endpoint took the message, or it is queued for one that is reconnecting. */
gboolean  rb_dispatch_verb_ask (RbCtl       *ctl,
                                const char  *message_id,
                                const char  *endpoint_id,
                                GError     **error);

G_END_DECLS
