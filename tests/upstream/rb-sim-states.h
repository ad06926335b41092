/* rb-sim-states.h: the processing states of assignments, checked as strictly as the protocol allows
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "rb-sim-record.h"

G_BEGIN_DECLS

typedef struct {
  char       *id;
  char       *token;            /* (nullable) broker_projection_token; none from a legacy upstream */
  char       *row_id;
  char       *source_message_id;
  char       *endpoint_id;
  JsonObject *target;
  gint64      assigned_at_ms;
  gboolean    is_staged;
  gboolean    is_accepted;
  gint64      sequence;         /* the highest */
  gboolean    is_closed;        /* answered, failed, expired, lost or released */
  GPtrArray  *states;           /* of char *, as reported, in order */
} RbSimAssignment;

/* A verdict of the upstream: status 200 or 204, or a refusal with its code and message. */
typedef struct {
  guint       status;
  const char *code;             /* static */
  char       *message;
  const char *category;         /* static, nullable: assignment_failure_category */
  JsonObject *body;             /* of a 200 */
} RbSimVerdict;
void rb_sim_verdict_clear  (RbSimVerdict *verdict);
void rb_sim_verdict_refuse (RbSimVerdict *verdict,
                            guint         status,
                            const char   *code,
                            const char   *format,
                            ...) G_GNUC_PRINTF (4, 5);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RbSimVerdict, rb_sim_verdict_clear)

typedef struct _RbSimStates RbSimStates;

RbSimStates     *rb_sim_states_new      (RbSimRecord     *record);
void             rb_sim_states_free     (RbSimStates     *self);
void             rb_sim_states_reset    (RbSimStates     *self);

/* TRUE when @event (16.5) is a new state of @assignment (nullable: unknown): it is noted there, and its effects are due. Else
 * @verdict says why not: a repetition is accepted without effect. */
gboolean         rb_sim_states_accept   (RbSimStates     *self,
                                         RbSimAssignment *assignment,
                                         JsonObject      *event,
                                         RbSimVerdict    *verdict);

RbSimAssignment *rb_sim_assignment_new  (const char      *id,
                                         const char      *row_id,
                                         const char      *source_message_id,
                                         const char      *endpoint_id,
                                         JsonObject      *target);
void             rb_sim_assignment_free (RbSimAssignment *assignment);

G_END_DECLS
