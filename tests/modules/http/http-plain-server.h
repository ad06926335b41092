/* http-plain-server.h: answers each POST with a bare 204 and keeps the connection, as servers do that are not libsoup's
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* libsoup's own server closes the connection after a 204, so it cannot show whether a client keeps one. Each request must be small
 * and have the body "{}". */
typedef struct _HttpPlainServer HttpPlainServer;

HttpPlainServer *http_plain_server_new           (gboolean holds);   /* @holds: answers only when told to */
void             http_plain_server_free          (HttpPlainServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HttpPlainServer, http_plain_server_free)

char            *http_plain_server_dup_origin    (HttpPlainServer *self);
void             http_plain_server_answer        (HttpPlainServer *self);   /* all that wait */
guint            http_plain_server_n_requests    (HttpPlainServer *self);
guint            http_plain_server_n_connections (HttpPlainServer *self);   /* that were ever made */

G_END_DECLS
