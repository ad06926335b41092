/* rb-sim-faults.h: what goes wrong with which request, and how often
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* "Does the work" says that the model changes as if the request had been answered plainly. */
typedef enum {
  RB_SIM_FAULT_STATUS,          /* @status and @body instead of the work */
  RB_SIM_FAULT_DELAY,           /* the plain answer, @delay_ms later */
  RB_SIM_FAULT_HANG,            /* no answer, ever; the connection stays open */
  RB_SIM_FAULT_CLOSE,           /* closes without an answer and without the work */
  RB_SIM_FAULT_RESET,           /* the same with a TCP reset */
  RB_SIM_FAULT_LOST_ANSWER,     /* does the work and closes without an answer */
  RB_SIM_FAULT_HALF_BODY,       /* does the work, sends half of the answer's body and closes */
  RB_SIM_FAULT_STALLED_BODY,    /* does the work, sends the head and half of the body, then nothing; the connection stays open */
  RB_SIM_FAULT_GARBAGE,         /* 200 with bytes that are neither JSON nor UTF-8 */
  RB_SIM_FAULT_HUGE,            /* 200 with an object of 10 MB */
  RB_SIM_FAULT_WRONG_TYPES,     /* does the work; in the answer numbers become strings and everything else a number */
  RB_SIM_FAULT_NOT_HTTP,        /* bytes that are no HTTP, then closes */
} RbSimFaultKind;

typedef struct {
  const char     *request;      /* "POST /v1/runtime/self-claim"; '*' for any text; "GET /gateway" is the WebSocket's upgrade */
  const char     *text;         /* (nullable) only when the body contains it */
  RbSimFaultKind  kind;
  guint           status;       /* of RB_SIM_FAULT_STATUS */
  const char     *body;         /* (nullable) of RB_SIM_FAULT_STATUS */
  const char     *header;       /* (nullable) of RB_SIM_FAULT_STATUS: "Retry-After: 3" */
  guint           delay_ms;     /* before any of them */
  guint           skip;         /* as many are answered plainly first */
  guint           times;        /* then as many get the fault, and it is gone; 0: for ever */
} RbSimFault;

typedef struct _RbSimFaults RbSimFaults;

RbSimFaults      *rb_sim_faults_new   (void);
void              rb_sim_faults_free  (RbSimFaults *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbSimFaults, rb_sim_faults_free)

/* A copy is kept. Of several that match one request the oldest is played. */
void              rb_sim_faults_add   (RbSimFaults      *self,
                                       const RbSimFault *fault);
void              rb_sim_faults_clear (RbSimFaults      *self);
/* The fault to play for this request, counted; NULL: none. To be freed with rb_sim_fault_free(). */
RbSimFault       *rb_sim_faults_take  (RbSimFaults      *self,
                                       const char       *request,
                                       const char       *text);
void              rb_sim_fault_free   (RbSimFault       *fault);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbSimFault, rb_sim_fault_free)

G_END_DECLS
