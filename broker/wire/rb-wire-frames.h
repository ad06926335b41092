/* rb-wire-frames.h: what travels on a channel, both ways
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-channel.h"

G_BEGIN_DECLS

/* From the broker: protocol.md 5.4. Content and metadata leave byte for byte as they came. */
GBytes  *rb_wire_frame_push      (const RbPush *push);
GBytes  *rb_wire_frame_presence  (const char *presence, const char *reason);
/* The answer to a request frame, design.md section 6. @body: a JSON text, or NULL. */
GBytes  *rb_wire_frame_response  (const char *id, guint status, GBytes *body);

typedef enum {
  RB_WIRE_FRAME_OTHER,      /* anything that has no meaning: ignored silently (5.5) */
  RB_WIRE_FRAME_PUSH_ACK,
  RB_WIRE_FRAME_REQUEST,
} RbWireFrameKind;

#define RB_WIRE_REQUEST_ID_MAX 128  /* bytes */

typedef struct {
  RbWireFrameKind  kind;
  char            *id;       /* push id of an acknowledgement; id of a request */
  char            *method;   /* of a request; NULL when missing or not a string */
  char            *target;   /* likewise */
  GBytes          *body;     /* of a request: the text of its body, NULL when absent or null */
} RbWireFrame;

/* From an adapter. Fails never: what cannot be understood is RB_WIRE_FRAME_OTHER. */
void     rb_wire_frame_parse     (GBytes *text, RbWireFrame *frame);
void     rb_wire_frame_clear     (RbWireFrame *frame);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RbWireFrame, rb_wire_frame_clear)

G_END_DECLS
