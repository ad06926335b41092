/* rb-sim-script.h: what is to go wrong on the gateway, and how often
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Where a connection attempt ends. Before the upgrade: add a fault for "GET /gateway" (rb-sim-faults.h). */
typedef enum {
  RB_SIM_AFTER_UPGRADE,         /* the WebSocket is open, nothing was said */
  RB_SIM_ON_REGISTER,           /* REGISTER came, and is not answered */
  RB_SIM_AFTER_ACK,             /* REGISTER_ACK ok was said */
} RbSimPoint;

typedef enum {
  RB_SIM_END_CLOSE,             /* a close frame with code and reason */
  RB_SIM_END_DROP,              /* the connection ends without a close frame */
  RB_SIM_END_SILENCE,           /* stays open; nothing is read, answered or pinged back any more */
} RbSimEnd;

typedef enum {
  RB_SIM_SEND_DELIVERED,        /* the plain answer */
  RB_SIM_SEND_STORED,
  RB_SIM_SEND_NO_STATUS,        /* SEND_ACK without a status */
  RB_SIM_SEND_NEVER,            /* takes it, and never says so */
  RB_SIM_SEND_LATE,             /* delivered, @delay_ms later */
  RB_SIM_SEND_ERROR,            /* ERROR with the id, @code and @message */
  RB_SIM_SEND_ERROR_NO_ID,      /* ERROR without an id */
  RB_SIM_SEND_CLOSE,            /* takes it and closes with 1001 instead of answering */
  RB_SIM_SEND_DROP,             /* takes it and drops the connection */
} RbSimSend;

typedef struct {
  RbSimSend   how;
  const char *text;             /* (nullable) only for frames that contain it */
  const char *code;             /* of the errors; NULL: "TARGET_NOT_FOUND" */
  const char *message;          /* of the errors; NULL: "no such agent" */
  guint       delay_ms;
  guint       times;            /* 0: for ever */
} RbSimSendAnswer;

typedef struct {
  RbSimPoint  point;
  RbSimEnd    end;
  guint16     code;
  char       *reason;           /* (nullable) */
  guint       times;
} RbSimEnding;

typedef struct _RbSimScript RbSimScript;

RbSimScript     *rb_sim_script_new            (void);
void             rb_sim_script_free           (RbSimScript           *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbSimScript, rb_sim_script_free)
void             rb_sim_script_clear          (RbSimScript           *self);

/* Each is played @times, and for ever when 0; of several that fit, the oldest. */
void             rb_sim_script_add_refusal    (RbSimScript           *self,
                                               const char            *reason,
                                               guint                  times);
void             rb_sim_script_add_ending     (RbSimScript           *self,
                                               const RbSimEnding     *ending);
void             rb_sim_script_add_answer     (RbSimScript           *self,
                                               const RbSimSendAnswer *answer);
/* What is to be played now, counted; NULL: the plain thing. A copy. */
char            *rb_sim_script_take_refusal   (RbSimScript           *self);
RbSimEnding     *rb_sim_script_take_ending    (RbSimScript           *self,
                                               RbSimPoint             point);
RbSimSendAnswer *rb_sim_script_take_answer    (RbSimScript           *self,
                                               const char            *text);
void             rb_sim_ending_free           (RbSimEnding           *ending);
void             rb_sim_send_answer_free      (RbSimSendAnswer       *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbSimEnding, rb_sim_ending_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbSimSendAnswer, rb_sim_send_answer_free)

G_END_DECLS
