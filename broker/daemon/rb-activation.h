/* rb-activation.h: a socket on which a service manager listened before we were there
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The protocol of sd_listen_fds(3), read here for the reason of rb-notify.h. A descriptor (to be closed) of the stream socket that listens at @path;
 * 0: this process was given none such. It is not inherited by what we start. Each is handed out once. */
int  rb_activation_take (const char *path);

/* For a process that cannot serve: whoever connected to any of those sockets finds it closed. Otherwise the service manager would start us for them
 * again and again, and give up the socket in the end. */
void rb_activation_turn_away (void);

G_END_DECLS
