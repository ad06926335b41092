/* rb-sim-events.h: the control event stream (SSE), and the ways to cut it into pieces
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-sim-record.h"
#include "rb-sim-wire.h"

G_BEGIN_DECLS

typedef struct {
  const char *line_end;         /* "\n" (NULL), "\r" or "\r\n" */
  guint       piece_bytes;      /* each frame goes out in pieces of so many bytes, each one a chunk of HTTP; 0: whole */
  gboolean    no_ids;           /* frames carry no id */
  guint       retry_ms;         /* a "retry:" line in each frame; 0: none */
  gboolean    comments;         /* a comment before each frame */
  gboolean    split_data;       /* the data in several "data:" lines, cut where JSON allows a line end */
} RbSimFraming;

typedef struct _RbSimEvents RbSimEvents;

RbSimEvents *rb_sim_events_new         (RbSimRecord        *record);
void         rb_sim_events_free        (RbSimEvents        *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbSimEvents, rb_sim_events_free)
void         rb_sim_events_reset       (RbSimEvents        *self);

/* A subscription. Replays what came after @last_event_id, else what no subscriber ever got. */
void         rb_sim_events_subscribe   (RbSimEvents        *self,
                                        RbSimWire          *wire,
                                        const char         *last_event_id);
void         rb_sim_events_set_framing (RbSimEvents        *self,
                                        const RbSimFraming *framing);
/* Any text as the data of the next frame: events, malformed ones, what is no JSON at all. Kept while nobody listens. Its id. */
guint        rb_sim_events_send        (RbSimEvents        *self,
                                        const char         *data);
/* Once more, under its old id. */
void         rb_sim_events_send_again  (RbSimEvents        *self,
                                        guint               id);
/* Bytes as they are, to those who listen now; each call is one chunk of HTTP, and so at least one read. */
void         rb_sim_events_send_raw    (RbSimEvents        *self,
                                        const char         *bytes,
                                        gssize              size);
/* One frame with so much data that no limit takes it. */
void         rb_sim_events_send_huge   (RbSimEvents        *self,
                                        gsize               size);
/* The next frame is sent up to the middle of its data, then the stream is cut. */
void         rb_sim_events_cut_next    (RbSimEvents        *self);
/* Ends all subscriptions: in an orderly way, or as if the network failed. */
void         rb_sim_events_end         (RbSimEvents        *self,
                                        gboolean            orderly);
guint        rb_sim_events_count       (RbSimEvents        *self);

G_END_DECLS
