/* rb-local-address.h: handles and addresses of the network of one machine
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define RB_LOCAL_HANDLE_MAX 64
#define RB_LOCAL_DOMAIN "local"

gboolean  rb_local_handle_is_valid     (const char *handle);
char     *rb_local_handle_from_account (const char *account_id);
char     *rb_local_address_new         (const char *handle);
char     *rb_local_address_parse       (const char *address);

G_END_DECLS
