/* rb-adapter-link.h: the adapter's end of a stream: frames as they come, or left unread
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* It reads on the main loop, and can stop to: what comes then stays in the socket, and at last with the broker. */
typedef struct _RbAdapterLink RbAdapterLink;

/* @text NULL: the stream is over; nothing comes any more. */
typedef void (*RbAdapterLinkFunc) (RbAdapterLink *link,
                                   const char    *text,
                                   gpointer       user_data);

/* Opens the stream of process @pid; @capabilities (nullable). Blocks until the broker said yes, and NULL when it does not. */
RbAdapterLink *rb_adapter_link_new       (const char        *url,
                                          const char        *token,
                                          int                pid,
                                          const char        *capabilities,
                                          RbAdapterLinkFunc  on_text,
                                          gpointer           user_data);
/* As if the process had ended: no close frame. */
void           rb_adapter_link_free      (RbAdapterLink     *self);
void           rb_adapter_link_set_reads (RbAdapterLink     *self,
                                          gboolean           reads);
void           rb_adapter_link_say       (RbAdapterLink     *self,
                                          const char        *text);
gboolean       rb_adapter_link_is_open   (RbAdapterLink     *self);

G_END_DECLS
