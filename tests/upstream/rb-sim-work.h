/* rb-sim-work.h: what waits upstream, who may claim it, and the assignments that were made of it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-sim-endpoints.h"
#include "rb-sim-mailbox.h"
#include "rb-sim-record.h"
#include "rb-sim-states.h"

G_BEGIN_DECLS

typedef struct {
  char       *id;               /* undispatched id */
  JsonObject *event;            /* the `add` as it was posted */
  char       *policy;           /* (nullable) overrides the computed claim_policy */
  char       *assignment_id;    /* (nullable) the assignment that holds it */
  gboolean    is_done;          /* answered, settled, expired or removed */
} RbSimRow;

typedef struct _RbSimWork RbSimWork;

RbSimWork       *rb_sim_work_new               (RbSimRecord    *record,
                                                RbSimEndpoints *endpoints,
                                                RbSimMailbox   *mailbox);
void             rb_sim_work_free              (RbSimWork      *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbSimWork, rb_sim_work_free)
void             rb_sim_work_reset             (RbSimWork      *self);
void             rb_sim_work_set_legacy        (RbSimWork      *self,
                                                gboolean        is_legacy);

/* What the broker posts */
void             rb_sim_work_undispatched      (RbSimWork      *self,
                                                JsonObject     *event,
                                                RbSimVerdict   *verdict);
void             rb_sim_work_candidates        (RbSimWork      *self,
                                                JsonObject     *request,
                                                RbSimVerdict   *verdict);
void             rb_sim_work_claim             (RbSimWork      *self,
                                                JsonObject     *request,
                                                RbSimVerdict   *verdict);
void             rb_sim_work_release           (RbSimWork      *self,
                                                JsonObject     *request,
                                                RbSimVerdict   *verdict);
void             rb_sim_work_settle            (RbSimWork      *self,
                                                JsonObject     *request,
                                                RbSimVerdict   *verdict);
void             rb_sim_work_processing        (RbSimWork      *self,
                                                JsonObject     *event,
                                                RbSimVerdict   *verdict);

/* The registered endpoint that @member of @request names and whose nonce it carries; NULL when @verdict says why not. */
RbSimEndpoint   *rb_sim_work_find_claimer      (RbSimWork      *self,
                                                JsonObject     *request,
                                                const char     *member,
                                                RbSimVerdict   *verdict);

/* What a test or a person does */

/* As if the broker had posted an `add`: a row that only the upstream knows of. */
RbSimRow        *rb_sim_work_add_row           (RbSimWork      *self,
                                                const char     *id,
                                                const char     *from,
                                                const char     *content,
                                                const char     *endpoint_hint);
RbSimRow        *rb_sim_work_lookup_row        (RbSimWork      *self,
                                                const char     *id);
/* NULL: the computed one again. */
void             rb_sim_work_set_policy        (RbSimWork      *self,
                                                const char     *id,
                                                const char     *policy);
/* Assigns the row to the endpoint as the dispatch of an owner would (an assignment that held it is closed), and returns the control
 * event; NULL when there is no such row or endpoint. The caller sends it (rb_sim_dispatch() does both). */
char            *rb_sim_work_assign            (RbSimWork      *self,
                                                const char     *id,
                                                const char     *endpoint_id);
/* The control ack of an assignment: a failed one makes the row free again. */
void             rb_sim_work_acked             (RbSimWork      *self,
                                                const char     *assignment_id,
                                                const char     *status);
/* By its own id or, when none has it, the latest of that row; NULL. */
RbSimAssignment *rb_sim_work_lookup            (RbSimWork      *self,
                                                const char     *id);
guint            rb_sim_work_count_waiting     (RbSimWork      *self);
JsonObject      *rb_sim_work_to_json           (RbSimWork      *self);

G_END_DECLS
