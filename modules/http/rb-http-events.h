/* rb-http-events.h: the control event stream, kept open
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-http-bounds.h"
#include "rb-http-client.h"

G_BEGIN_DECLS

/* Source: protocol.md 15.1 to 15.3. */
#define RB_TYPE_HTTP_EVENTS (rb_http_events_get_type ())
G_DECLARE_FINAL_TYPE (RbHttpEvents, rb_http_events, RB, HTTP_EVENTS, GObject)

#define RB_HTTP_MAX_FRAME (4 * 1024 * 1024)

/* @data: of one frame. May stop the stream. */
typedef void (*RbHttpFrameFunc) (GBytes *data, gpointer user_data);

/* @settings is borrowed. */
RbHttpEvents *rb_http_events_new     (RbHttpClient *client, const RbHttpSettings *settings, RbClock *clock, RbHttpFrameFunc on_frame,
                                      gpointer user_data);
/* @bounds: numbered by RbHttpBound; NULL: nobody counts */
void          rb_http_events_set_bounds (RbHttpEvents *self, RbBounds *bounds);
void          rb_http_events_start   (RbHttpEvents *self, const char *node_id);
/* For good: nothing is called any more. */
void          rb_http_events_stop    (RbHttpEvents *self);
gboolean      rb_http_events_is_open (RbHttpEvents *self);

G_END_DECLS
