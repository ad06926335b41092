/* rb-check-request.h: what emitters and upstreams promise alike: of one request, whatever becomes of it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-check-case.h"

G_BEGIN_DECLS

RbCheckSubject *rb_check_request_subject  (RbCheckRun *run, RbCheckNetwork *network);    /* configured */
RbCheckSubject *rb_check_request_started  (RbCheckRun *run, RbCheckNetwork *network);
/* An event that is emitted, or a call of an upstream. */
RbCheckAnswer  *rb_check_emit             (RbCheckSubject *subject, RbEventKind kind, const char *subject_id, const char *payload,
                                           GCancellable *cancellable);
RbCheckAnswer  *rb_check_call             (RbCheckSubject *subject, RbUpstreamCall call, GVariant *arguments, GCancellable *cancellable);
/* Answered, by the contract, with a code that the contract names. */
void            rb_check_request_answered (RbCheckAnswer *answer);

/* The cases. */
void            rb_check_request_early    (RbCheckRun *run, RbCheckNetwork *network);
void            rb_check_request_cancel   (RbCheckRun *run, RbCheckNetwork *network);
void            rb_check_request_silence  (RbCheckRun *run, RbCheckNetwork *network);
void            rb_check_request_stop     (RbCheckRun *run, RbCheckNetwork *network);
void            rb_check_request_refused  (RbCheckRun *run, RbCheckNetwork *network);
void            rb_check_request_failing  (RbCheckRun *run, RbCheckNetwork *network);
void            rb_check_request_many     (RbCheckRun *run, RbCheckNetwork *network);
void            rb_check_request_blocking (RbCheckRun *run, RbCheckNetwork *network);

G_END_DECLS
