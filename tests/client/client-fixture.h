/* client-fixture.h: a client, its fake broker and a clock that stands still
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client-private.h"
#include "rb-fake-broker.h"

G_BEGIN_DECLS

#define MESSAGE "{\"event\":\"message_received\",\"push_id\":\"push_1\",\"from\":\"a@local\",\"content\":\"hi\\u0000!\"," \
                "\"contentType\":\"text\",\"metadata\":{\"correlation_id\":\"c-1\"},\"sourceMessageId\":\"m-7\"}"
#define ASSIGNMENT "{\"event\":\"message_received\",\"push_id\":\"push_2\",\"from\":\"a@local\",\"content\":\"do it\"," \
                   "\"contentType\":\"text\",\"metadata\":{},\"sourceMessageId\":\"m-8\",\"runtimeAssignment\":{" \
                   "\"undispatchedId\":\"u-8\",\"sourceMessageId\":\"m-8\",\"assignmentId\":\"as-8\",\"deliveryIntent\":" \
                   "\"external_handoff\",\"targetRef\":{\"kind\":\"projection_endpoint\",\"projection_endpoint_id\":\"ep-1\"," \
                   "\"background_exchange_mode\":\"resident_endpoint\"}}}"

typedef struct {
  char             *data_dir;
  RbFakeBroker     *broker;
  RbClock          *clock;
  RbClient         *client;
  RbClientEndpoint *endpoint;
  GPtrArray        *messages;    /* of RbClientMessage */
  gboolean          store;       /* what the handler answers */
  GAsyncResult     *result;
} ClientFixture;

/* @data: NULL: all requests come over HTTP; else over the channel, where it is open */
void  client_fixture_set_up            (ClientFixture *fixture,
                                        gconstpointer  data);
/* Connected, with one endpoint "ep-1"; the requests so far are forgotten. */
void  client_fixture_set_up_registered (ClientFixture *fixture,
                                        gconstpointer  data);
void  client_fixture_tear_down         (ClientFixture *fixture,
                                        gconstpointer  data);
void  client_fixture_connect           (ClientFixture *fixture);
void  client_fixture_register          (ClientFixture *fixture);

G_END_DECLS
