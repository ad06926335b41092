/* rb-bus-claims.h: messages that callers on the bus have taken, each for as long as its caller is there
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "rb-bounds.h"
#include "rb-bus-guest.h"

G_BEGIN_DECLS

/* A claim is an assignment of a guest that nobody has accepted yet, so that it returns to the inbox when the guest leaves; and the guest leaves when
 * the caller's name does, when there is no bus any more, and when we stop. It has no acceptance deadline: its caller is watched instead. */

/* How many there may be, of all callers together. */
#define RB_BUS_CLAIMS_MAX 64

typedef struct _RbBusClaims RbBusClaims;

typedef struct {
  RbBusClaims     *claims;        /* NULL: there is no table any more */
  GDBusConnection *connection;
  char            *sender;        /* the caller's unique name */
  guint            watch_id;
  RbBusGuest      *guest;         /* NULL: it does not have it yet, or not any more */
  char            *id;            /* the assignment's; NULL: likewise */
  char            *message_id;
  char            *source_id;
  gboolean         is_accepted;   /* an answer was begun: it cannot return to the inbox any more */
  gboolean         is_busy;       /* a call is at work with it, which looks at is_over when it is done */
  gboolean         is_over;       /* nobody is there to have it */
  GList            link;
} RbBusClaim;

/* @bounds: borrowed; its row @bound counts. */
RbBusClaims *rb_bus_claims_new       (RbBounds *bounds, guint bound);
void         rb_bus_claims_free      (RbBusClaims *self);
/* All return to the inbox; what is at work is ended first. */
void         rb_bus_claims_leave_all (RbBusClaims *self);

/* One for whoever called, busy, with nothing in it. NULL: RB_ERROR_UNAVAILABLE, `too_many_claims`. */
RbBusClaim  *rb_bus_claims_begin     (RbBusClaims *self, GDBusMethodInvocation *invocation, const char *message_id, GError **error);
/* A claim of whoever called, busy from now on: RB_ERROR_NOT_FOUND, `unknown_claim`; RB_ERROR_BAD_STATE, `claim_busy`. */
RbBusClaim  *rb_bus_claims_take      (RbBusClaims *self, GDBusMethodInvocation *invocation, const char *id, GError **error);
/* The id of the claim of that message that whoever called has; NULL: none. */
const char  *rb_bus_claims_find      (RbBusClaims *self, GDBusMethodInvocation *invocation, const char *message_id);

/* The call is done, and the claim stands, if its caller does. */
void         rb_bus_claim_rest       (RbBusClaim *claim);
/* It is done with: its guest leaves, if it has one. */
void         rb_bus_claim_end        (RbBusClaim *claim);

G_END_DECLS
