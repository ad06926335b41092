/* rb-endpoint.h: one registered runtime session
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-channel.h"
#include "rb-endpoint-state.h"
#include "rb-queue.h"
#include "rb-traits.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* Source: protocol.md 7.1. Owned by the registry; fields are read anywhere in the core and changed by the registry and the use
 * cases of rb-register.c alone. */
typedef struct {
  char            *id;
  char            *owner_token;
  char            *nonce;
  char            *agent_id;
  gint64           plugin_pid;
  gint64           pid_start;        /* start time of that process, 0 when unknown */
  RbEndpointState  state;
  gint64           state_since;      /* epoch-ms */
  gint64           grace_deadline;   /* epoch-ms, 0: none */
  gint64           registered_at;    /* epoch-ms */
  guint            n_checkpoints;
  gint64           position;         /* order of registration */
  RbTraits        *traits;
  gboolean         is_durable;       /* the commit of its last registration is done: before that nothing is pushed to it */
  gboolean         is_moved;         /* bound to a new channel whose adapter has not asked for it yet */
  RbChannel       *channel;          /* NULL unless active */
  RbQueue         *queue;
  guint64          grace_timer;
  guint64          heartbeat_timer;
  GTask           *drain;            /* a reattach that waits for the awaited items of the queue; NULL: none */
  guint            drain_total;
  guint            drain_left;
  gpointer         owner;            /* the core, for the timers; borrowed */
  GList            link;             /* in the registry's order */
} RbEndpoint;

RbEndpoint  *rb_endpoint_new      (const char *id, gint64 plugin_pid, RbTraits *traits);   /* takes @traits */
void         rb_endpoint_free     (RbEndpoint *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbEndpoint, rb_endpoint_free)

void         rb_endpoint_record   (const RbEndpoint *self, RbChanges *changes);
/* One step of its ladder, beside those of the messages; the first and the last few are kept. @detail may be NULL. */
void         rb_endpoint_checkpoint (RbEndpoint *self, RbChanges *changes, const char *step, gint64 now, const char *detail);
/* While loading: one of them. */
void         rb_endpoint_load_checkpoint (RbEndpoint *self, GVariant *row);
RbEndpoint  *rb_endpoint_from_row (GVariant *row, GError **error);

G_END_DECLS
