/* rb-event.h: one thing that happened, as an emitter carries it outwards
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

typedef enum {
  RB_EVENT_UNDISPATCHED_CHANGED,      /* protocol.md 16.1; subject: undispatched id */
  RB_EVENT_PRESENCE_CHANGED,          /* 16.2; subject: "network" */
  RB_EVENT_INBOUND_ROUTED,            /* 16.4; subject: source message id */
  RB_EVENT_PROCESSING_STATE,          /* 16.5; subject: assignment id */
  RB_EVENT_ENDPOINT_STATE,            /* 7.10 {state, reason, ts}; subject: endpoint id */
} RbEventKind;

#define RB_TYPE_EVENT (rb_event_get_type ())

/* Immutable, reference counted atomically. The payload is the JSON object of section 16, ready to post. */
typedef struct _RbEvent RbEvent;

GType        rb_event_get_type       (void);
RbEvent     *rb_event_new            (RbEventKind kind, const char *subject, GBytes *payload);
RbEvent     *rb_event_ref            (RbEvent *self);
void         rb_event_unref          (RbEvent *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbEvent, rb_event_unref)

RbEventKind  rb_event_get_kind       (const RbEvent *self);
const char  *rb_event_get_subject    (const RbEvent *self);
GBytes      *rb_event_get_payload    (const RbEvent *self);
const char  *rb_event_kind_to_string (RbEventKind kind);

G_END_DECLS
