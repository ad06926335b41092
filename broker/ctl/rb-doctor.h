/* rb-doctor.h: what `brokerctl doctor` found: checks with a state, what was seen and what to do
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ctl.h"

G_BEGIN_DECLS

typedef enum {
  RB_DOCTOR_OK,
  RB_DOCTOR_WARN,
  RB_DOCTOR_FAIL,
  RB_DOCTOR_SKIPPED,
} RbDoctorState;

typedef struct _RbDoctor RbDoctor;

RbDoctor   *rb_doctor_new         (void);
void        rb_doctor_free        (RbDoctor      *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbDoctor, rb_doctor_free)

/* @check: its name, the same in every language. @advice: (nullable) what to do about it */
void        rb_doctor_add         (RbDoctor      *self,
                                   const char    *check,
                                   RbDoctorState  state,
                                   const char    *advice,
                                   const char    *format,
                                   ...) G_GNUC_PRINTF (5, 6);
/* An array as `runtime-brokerd --examine` prints it; FALSE when it is none. */
gboolean    rb_doctor_add_array   (RbDoctor      *self,
                                   const char    *text);
guint       rb_doctor_count       (RbDoctor      *self,
                                   RbDoctorState  state);
void        rb_doctor_print       (RbDoctor      *self,
                                   RbCtl         *ctl);

/* rb-doctor-session.c: the machine and the session, without a broker. */
void        rb_doctor_look_at_session (RbDoctor  *self,
                                       RbCtl     *ctl);

G_END_DECLS
