/* rb-check-connector.h: a connector with its network, and the cases of what is sent
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-check-case.h"

G_BEGIN_DECLS

/* Configured, watched, with a large window. */
RbCheckMail *rb_check_link_new     (RbCheckRun *run, RbCheckNetwork *network);
/* Starts it, and waits until it is connected. */
void         rb_check_link_start   (RbCheckMail *mail);
RbCheckMail *rb_check_link_open    (RbCheckRun *run, RbCheckNetwork *network);

void         rb_check_send_one     (RbCheckRun *run, RbCheckNetwork *network);
void         rb_check_send_many    (RbCheckRun *run, RbCheckNetwork *network);
void         rb_check_send_early   (RbCheckRun *run, RbCheckNetwork *network);
void         rb_check_send_errors  (RbCheckRun *run, RbCheckNetwork *network);
void         rb_check_send_refused (RbCheckRun *run, RbCheckNetwork *network);
void         rb_check_send_cancel  (RbCheckRun *run, RbCheckNetwork *network);
void         rb_check_send_silence (RbCheckRun *run, RbCheckNetwork *network);
void         rb_check_send_stop    (RbCheckRun *run, RbCheckNetwork *network);
void         rb_check_send_leaks   (RbCheckRun *run, RbCheckNetwork *network);

G_END_DECLS
