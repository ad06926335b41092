/* rb-client-service.h: whether the session's service is the broker that a client wants, and where it is called
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client-options.h"

G_BEGIN_DECLS

#define RB_CLIENT_SERVICE_NAME "io.github.runtimebroker.Broker1"
#define RB_CLIENT_SERVICE_PATH "/io/github/runtimebroker/Broker1"

/* Service manager and bus start the broker with an environment of their own. Where @options or our environment say more than that one, as another data
 * directory or the credentials' file, it would be another broker, and is not to be started. @home: (nullable): the person's, as the system knows it. */
gboolean  rb_client_service_is_meant   (const RbClientOptions *options,
                                        const char            *home);

/* NULL: there is no place where a service manager would listen. */
char     *rb_client_service_dup_socket (const RbClientOptions *options);

/* NULL: no bus, or it is not this account's broker that has the name there. Never starts a bus. */
char     *rb_client_service_dup_bus    (const RbClientOptions *options);

/* The broker that answered says @account_id and @data_dir (nullable) of itself. */
gboolean  rb_client_service_is_of      (const RbClientOptions *options,
                                        const char            *account_id,
                                        const char            *data_dir);

G_END_DECLS
