/* rb-backoff.h: delays that double up to a cap
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  gint64 initial_ms;   /* above 0 */
  gint64 max_ms;       /* at least initial_ms */
  gint64 next_ms;      /* 0: not started */
} RbBackoff;

void    rb_backoff_init  (RbBackoff *self, gint64 initial_ms, gint64 max_ms);
gint64  rb_backoff_next  (RbBackoff *self);                  /* initial, 2 x initial, ... max */
/* min(b x factor, max), factor 1.0 to 1.3 (protocol.md 13.9); @random in [0, 1) */
gint64  rb_backoff_next_jittered (RbBackoff *self, double random);
void    rb_backoff_reset (RbBackoff *self);

G_END_DECLS
