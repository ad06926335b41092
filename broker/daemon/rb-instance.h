/* rb-instance.h: whether another healthy broker serves this account
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Reads @discovery_file and asks its owner for GET /health with its bearer token. Blocks for up to @timeout_ms, for the whole
 * exchange. No owner: no valid file, our own pid, @own_url (nullable), a refused connection, a timeout, any status but 2xx, an
 * address that is not on loopback. Source: protocol.md 3.6.
 *
 * Returns: (nullable) (transfer full): the healthy owner's URL */
char *rb_instance_find_owner (const char *discovery_file, const char *own_url, gint64 timeout_ms);

/* The port in the record that a broker left which was killed; 0: there is none. At the same one, web pages that are open find us again. */
guint16 rb_instance_get_left_port (const char *discovery_file);
/* Listening at @own_url, we know that whoever said so of themselves is gone: nobody is to come here with their token. */
void  rb_instance_forget_left (const char *discovery_file, const char *own_url);

/* 32 random bytes of the kernel's, base64url without padding: 43 characters (protocol.md 3.6). */
char *rb_instance_mint_token (void);

G_END_DECLS
