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

/* 32 random bytes of the kernel's, base64url without padding: 43 characters (protocol.md 3.6). */
char *rb_instance_mint_token (void);

G_END_DECLS
