/* rb-sim-record.h: everything that the simulated upstream was sent, said and objected to, in order
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
  RB_SIM_REQUEST,       /* name "POST /v1/runtime/control-ack" (without the query), text the body */
  RB_SIM_FRAME_IN,      /* name "SEND_MESSAGE", text the frame; name "" when it is no JSON object; "CLOSE", text "4001 reason" */
  RB_SIM_FRAME_OUT,     /* the same for what the gateway said */
  RB_SIM_EVENT_OUT,     /* name "dispatch_undispatched", text the event */
  RB_SIM_VIOLATION,     /* name the rule, text what was wrong: a broker that follows the protocol leaves none */
} RbSimKind;

typedef struct {
  guint      serial;            /* of all entries since the start */
  RbSimKind  kind;
  gint64     at_us;             /* monotonic */
  char      *name;
  char      *text;
  char      *query;             /* (nullable) of a request, without the '?' */
  char      *authorization;     /* (nullable) of a request */
  char      *last_event_id;     /* (nullable) of a request */
  guint      status;            /* of the answer; 0 while there is none */
} RbSimEntry;

typedef struct _RbSimRecord RbSimRecord;

RbSimRecord      *rb_sim_record_new    (void);
void              rb_sim_record_free   (RbSimRecord *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbSimRecord, rb_sim_record_free)

/* The entry is the record's; its other members may be filled by the caller. */
RbSimEntry       *rb_sim_record_add    (RbSimRecord *self,
                                        RbSimKind    kind,
                                        const char  *name,
                                        const char  *text);
/* Once the request with that serial is answered. */
void              rb_sim_record_answer (RbSimRecord *self,
                                        guint        serial,
                                        guint        status);
void              rb_sim_record_object (RbSimRecord *self,
                                        const char  *rule,
                                        const char  *format,
                                        ...) G_GNUC_PRINTF (3, 4);

/* @name may hold '*' for any text, and be NULL for any name; @text (nullable) is looked for anywhere in the entry's text. */
guint             rb_sim_record_count  (RbSimRecord *self,
                                        RbSimKind    kind,
                                        const char  *name,
                                        const char  *text);
/* Of those that match, the one at @index, or from the end when negative (-1: the last); NULL when there is none. Borrowed. */
const RbSimEntry *rb_sim_record_get    (RbSimRecord *self,
                                        RbSimKind    kind,
                                        const char  *name,
                                        const char  *text,
                                        int          index);
/* All that match, oldest first; RbSimEntry, borrowed. */
GPtrArray        *rb_sim_record_list   (RbSimRecord *self,
                                        RbSimKind    kind,
                                        const char  *name,
                                        const char  *text);
/* Names and texts of all of that kind, one a line. */
char             *rb_sim_record_dup    (RbSimRecord *self,
                                        RbSimKind    kind);
void              rb_sim_record_forget (RbSimRecord *self);

G_END_DECLS
