/* rb-private-broker.h: a broker of our own in a directory of its own, to be killed and started again
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ctl.h"

G_BEGIN_DECLS

typedef struct _RbPrivateBroker RbPrivateBroker;

/* The installed program, profile local, with nothing of the person's: no settings, no session bus, no credentials. It does not outlive us.
 * Not started yet. */
RbPrivateBroker *rb_private_broker_new       (RbCtl            *ctl,
                                              GError          **error);
/* Ends it; the directory goes, too, unless it is to be kept. */
void             rb_private_broker_free      (RbPrivateBroker  *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbPrivateBroker, rb_private_broker_free)

/* @assignments: NULL-terminated "GROUP.KEY=VALUE" */
gboolean         rb_private_broker_start     (RbPrivateBroker  *self,
                                              const char *const *assignments,
                                              GError          **error);
/* SIGKILL; it is dead when this returns. */
void             rb_private_broker_kill      (RbPrivateBroker  *self);
/* Only sends the signal, from a callback. */
void             rb_private_broker_strike    (RbPrivateBroker  *self);
const char      *rb_private_broker_get_data_dir (RbPrivateBroker *self);
/* For people, when something was wrong. Returns where it is. */
const char      *rb_private_broker_keep      (RbPrivateBroker  *self);

G_END_DECLS
