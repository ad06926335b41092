/* rb-send-error.h: what an adapter is told when the network did not take a message
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

GError   *rb_send_error_new        (const GError *cause,
                                    const char   *to);
gboolean  rb_send_error_is_unknown (const GError *cause);

G_END_DECLS
