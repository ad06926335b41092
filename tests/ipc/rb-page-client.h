/* rb-page-client.h: says over the wire what the page says
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ipc-fixture.h"

G_BEGIN_DECLS

/* A ticket, as 'brokerctl open' gets it. */
char *rb_page_dup_ticket (RbIpcFixture *fixture);
/* The session of a login that must succeed. */
char *rb_page_log_in     (RbIpcFixture *fixture);
/* The response to a request of our own page; @session: NULL for none; @headers: more lines, or NULL. */
char *rb_page_ask        (RbIpcFixture *fixture, const char *session, const char *method, const char *target, const char *headers,
                          const char *body);
/* The head of the response to opening the WebSocket, as the page does it. */
char *rb_page_open_live  (RbIpcFixture *fixture, RbRaw *client, const char *session, const char *origin);
/* The text of @member in the JSON body of @response. */
char *rb_page_dup_member (const char *response, const char *member);

G_END_DECLS
