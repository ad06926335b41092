/* rb-restore.h: assignments that were not accepted go back to the inbox; others end
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

/* Starts the acceptance timer for what is left of the assignment's deadline. */
void  rb_restore_arm      (RbCore *core, RbAssignment *assignment);

/* Not accepted in time or at all: the message is in the inbox again, with the reason it had. Frees @assignment. Source: protocol.md
 * 11.4, IMP-32, IMP-61. @reason_code: "adapter_acceptance_timeout", "ipc_push_not_received", "endpoint_lost", "broker_shutdown". */
void  rb_restore_one      (RbCore *core, RbAssignment *assignment, const char *reason_code);

/* The upstream agreed to an assignment that came to nothing here: it hears so. Without an authority nobody knew of it. */
void  rb_restore_tell_lost (RbCore *core, const RbAssignment *assignment, const char *reason_code);

/* As a part of larger changes: puts back or ends, takes it out of its queue and of the table, frees it. What came only with a claim, and was
 * staged or finds no room, ends: the upstream holds it. */
void  rb_restore_put_back (RbCore *core, RbAssignment *assignment, const char *why, RbChanges *changes);
void  rb_restore_end      (RbCore *core, RbAssignment *assignment, const char *how, RbChanges *changes);

/* Who waits for its receipt is answered. @error is taken. */
void  rb_restore_fail_dispatchers (RbAssignment *assignment, GError *error);

G_END_DECLS
