/* rb-mcp-link.h: the one endpoint of this process at the broker; how it comes and goes
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-clock.h"
#include "rb-mcp-ask.h"

G_BEGIN_DECLS

/* So long a call waits for the broker to come (back) and to answer. It may have had its effect then. */
#define RB_MCP_CALL_MS 30000

#define RB_TYPE_MCP_LINK (rb_mcp_link_get_type ())
G_DECLARE_FINAL_TYPE (RbMcpLink, rb_mcp_link, RB, MCP_LINK, GObject)

/* Signals:
 *   message (RbClientMessage) -> gboolean: TRUE: the broker may take it as received (see RbClient). FALSE: it may not, unless
 *            rb_mcp_link_acknowledge() says so later; until then it comes again.
 *   phase (utf8 what, utf8 why or NULL): "connected", "reconnecting" */

/* @options: copied. @clock: (nullable) */
RbMcpLink       *rb_mcp_link_new             (const RbClientOptions *options,
                                              RbClock               *clock);
/* Before anything is asked. @name: how people and messages call this session; @kind: of the runtime. */
void             rb_mcp_link_set_identity    (RbMcpLink             *self,
                                              const char            *name,
                                              const char            *kind);
RbClock         *rb_mcp_link_get_clock       (RbMcpLink             *self);
const char      *rb_mcp_link_get_name        (RbMcpLink             *self);
const char      *rb_mcp_link_get_kind        (RbMcpLink             *self);
/* NULL while there is none. */
const char      *rb_mcp_link_get_endpoint_id (RbMcpLink             *self);
/* "starting", "connected", "reconnecting", "away" (the last attempt failed; the next call makes another) */
const char      *rb_mcp_link_get_state       (RbMcpLink             *self);

/* Connects and registers, where that is not done. */
void             rb_mcp_link_open_async      (RbMcpLink             *self,
                                              GAsyncReadyCallback    callback,
                                              gpointer               user_data);
gboolean         rb_mcp_link_open_finish     (RbMcpLink             *self,
                                              GAsyncResult          *result,
                                              GError               **error);

/* Opens first, where that is needed. @ask: (transfer full). Ends by RB_MCP_CALL_MS with RB_ERROR_TIMED_OUT "broker_did_not_answer". */
void             rb_mcp_link_ask_async       (RbMcpLink             *self,
                                              RbMcpAsk              *ask,
                                              GCancellable          *cancellable,
                                              GAsyncReadyCallback    callback,
                                              gpointer               user_data);
/* The answer's JSON; @message: (out) (optional): of a claim, which has no JSON but {} */
GBytes          *rb_mcp_link_ask_finish      (RbMcpLink             *self,
                                              GAsyncResult          *result,
                                              RbClientMessage      **message,
                                              GError               **error);

/* What was pushed and not taken then is taken now. */
void             rb_mcp_link_acknowledge     (RbMcpLink             *self,
                                              RbClientMessage       *message);

/* Unregisters, so that what waits goes elsewhere, and disconnects; nothing takes longer than @patience_ms. Never fails. */
void             rb_mcp_link_close_async     (RbMcpLink             *self,
                                              gint64                 patience_ms,
                                              GAsyncReadyCallback    callback,
                                              gpointer               user_data);
void             rb_mcp_link_close_finish    (RbMcpLink             *self,
                                              GAsyncResult          *result);

G_END_DECLS
