/* rb-check-network.h: the other side of what the module connects to: a partner program, or a twin of the module
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-check-mail.h"

G_BEGIN_DECLS

/* What a partner program is asked, and answers, is in README.md. */
typedef struct _RbCheckNetwork RbCheckNetwork;

/* The one that the options name; NULL: none. It lives as long as the case. */
RbCheckNetwork *rb_check_network_open        (RbCheckRun      *run);
/* Settings for the module that came from it; borrowed. */
GHashTable     *rb_check_network_get_settings (RbCheckNetwork *self);
/* Words separated by blanks: the first that it cannot; NULL: it can all. */
char           *rb_check_network_dup_missing (RbCheckRun      *run,
                                              RbCheckNetwork  *self,
                                              const char      *words);
/* A partner's answer to a line, without its "ok"; the case fails when it refuses. */
char           *rb_check_network_ask         (RbCheckNetwork  *self,
                                              const char      *format,
                                              ...) G_GNUC_PRINTF (2, 3);

/* Puts a message for @subject on the network. */
void            rb_check_network_deliver     (RbCheckNetwork  *self,
                                              RbCheckSubject  *subject,
                                              const char      *id,
                                              const char      *text);
/* To whom the module may write. */
const char     *rb_check_network_get_address (RbCheckNetwork  *self);
/* How many messages with that content the module has sent. */
guint           rb_check_network_count_sent  (RbCheckNetwork  *self,
                                              const char      *text);

G_END_DECLS
