/* rb-ws-parser.h: WebSocket frames of a client, from bytes to whole messages
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Source: RFC 6455, section 5. Pure: no sockets. A message is bounded as a whole, over all its fragments: libsoup 3.2 bounds
 * single frames only, and closes without saying why (design.md section 6). Memory follows what arrived, never what a header
 * announces. */

typedef enum {
  RB_WS_MORE,       /* all input was used, nothing is complete */
  RB_WS_MESSAGE,    /* text or binary: @payload is the whole message */
  RB_WS_PING,
  RB_WS_PONG,
  RB_WS_CLOSE,      /* code and reason in @close_code, @payload */
  RB_WS_INVALID,    /* @close_code says why; the parser takes nothing more */
} RbWsEvent;

#define RB_WS_NORMAL 1000
#define RB_WS_GOING_AWAY 1001
#define RB_WS_PROTOCOL_ERROR 1002
#define RB_WS_NO_STATUS 1005
#define RB_WS_ABNORMAL 1006
#define RB_WS_BAD_DATA 1007
#define RB_WS_TOO_BIG 1009
#define RB_WS_TRY_AGAIN_LATER 1013

/* Bytes that several parsers may hold together. */
typedef struct {
  gsize used;
  gsize max;
} RbWsBudget;

typedef struct _RbWsParser RbWsParser;

/* @budget: (nullable): borrowed; messages that are not whole yet count against it, and one that passes it is invalid */
RbWsParser *rb_ws_parser_new   (gsize message_max, RbWsBudget *budget);
void        rb_ws_parser_free  (RbWsParser *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbWsParser, rb_ws_parser_free)

/* Uses up to @length bytes, says how many in @used, and stops at the first event. @data is unmasked in place. @payload: (out)
 * (transfer full) (nullable): of a message, a ping, a pong; of a close the reason. */
RbWsEvent   rb_ws_parser_feed  (RbWsParser *self, guint8 *data, gsize length, gsize *used, GBytes **payload, guint *close_code);

/* Header of an unmasked, unfragmented frame of a server; returns its length, at most 10. @opcode: 1 text, 8 close, 9 ping, 10 pong */
guint       rb_ws_frame_header (guint8 opcode, gsize length, guint8 header[10]);
/* Codes that may travel in a close frame. */
gboolean    rb_ws_code_is_valid (guint code);

G_END_DECLS
