/* rb-wire-requests.h: request bodies as the structs of the core
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-claim.h"
#include "rb-history.h"
#include "rb-json.h"
#include "rb-processing.h"
#include "rb-register.h"
#include "rb-reply.h"
#include "rb-send.h"
#include "rb-settle.h"
#include "rb-staged.h"

G_BEGIN_DECLS

/* Types are checked here (protocol.md IMP-1 and IMP-68): what is missing or of another type fails with RB_ERROR_INVALID
 * "bad_request" and names the field. A field that has a code of its own arrives at the core as absent, which answers with
 * that code. @body is an object; rb_wire_parse_body() makes it. */

/* An empty @text counts as {}, and so does JSON that is neither an object nor null. @max_bytes 0: no limit. */
RbJson   *rb_wire_parse_body        (GBytes *text, gsize max_bytes, GError **error);

/* 6.1, with its checks. */
gboolean  rb_wire_check_initialize  (const RbJson *body, GError **error);
gboolean  rb_wire_read_register     (const RbJson *body, RbRegisterRequest *request, GError **error);
gboolean  rb_wire_read_send         (const RbJson *body, RbSendRequest *request, GError **error);
gboolean  rb_wire_read_processing   (const RbJson *body, RbProcessingRequest *request, GError **error);
gboolean  rb_wire_read_reply        (const RbJson *body, RbReplyRequest *request, GError **error);

/* Routes whose checks come in an order of their own: whatever is of another type arrives as absent. */
void      rb_wire_read_claim        (const RbJson *body, RbClaimRequest *request);
void      rb_wire_read_staged       (const RbJson *body, RbStagedRequest *request);
void      rb_wire_read_settle       (const RbJson *body, RbSettleRequest *request);
/* FALSE only for options of another type. */
gboolean  rb_wire_read_history      (const RbJson *body, RbHistoryRequest *request, GError **error);

/* `plugin_pid` where a wrong one has a code of its own: 0 unless it is a JSON number, whole and above 0. */
gint64    rb_wire_read_plugin_pid   (const RbJson *body);

/* x-plugin-pid (4.2): the first number in @text, 0 when that is not above 0 or @text is NULL. */
gint64    rb_wire_parse_pid_header  (const char *text);

G_END_DECLS
