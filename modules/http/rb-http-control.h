/* rb-http-control.h: what is to be done with one frame of the control event stream
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Pure. Source: protocol.md 15.4, steps 2 to 4, and IMP-50. */

typedef enum {
  RB_HTTP_CONTROL_UNPARSEABLE,   /* not JSON: it is logged */
  RB_HTTP_CONTROL_IGNORE,        /* nothing that could be acknowledged */
  RB_HTTP_CONTROL_ACK,           /* it is not for the broker: acknowledged at once */
  RB_HTTP_CONTROL_EVENT,         /* the broker acknowledges it when it is done */
} RbHttpControlVerdict;

typedef struct {
  char       *key;        /* idempotency key; of ACK and EVENT */
  const char *status;     /* of ACK: "applied" or "failed" */
  const char *detail;     /* of ACK */
  GVariant   *event;      /* of EVENT: a{sv} of rb-upstream.h */
} RbHttpControl;

RbHttpControlVerdict  rb_http_control_read  (GBytes *data, RbHttpControl *control);
void                  rb_http_control_clear (RbHttpControl *control);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RbHttpControl, rb_http_control_clear)

G_END_DECLS
