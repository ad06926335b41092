/* rb-orders.h: control events, as tests write them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-worker.h"

G_BEGIN_DECLS

/* dispatch_undispatched. NULL leaves a member out; rb_order_default() has all of a good one. */
typedef struct {
  const char *key;
  const char *undispatched_id;
  const char *source_message_id;
  const char *token;
  const char *target_endpoint_id;   /* the legacy member */
  const char *target;               /* target_ref, an a{sv} in the text format of GVariant */
  gint64      emitted_at;
} RbOrder;

/* @worker's own target. */
RbOrder     rb_order_default  (RbWorker *worker, const char *key, const char *message_id);
void        rb_order_send     (RbCoreFixture *fixture, const RbOrder *order);
/* Any other type; @members: "" or ", 'name': <'value'>" ... */
void        rb_control_send   (RbCoreFixture *fixture, const char *type, const char *key, const char *members);

/* The message arrives and waits in the inbox. */
void        rb_order_arrive   (RbCoreFixture *fixture, gint64 seq, const char *id);

/* The newest acknowledgement, "key status detail", and that there are @n. */
#define rb_assert_acked(fixture, n, text)                                                                      \
  G_STMT_START {                                                                                               \
    g_assert_cmpuint ((fixture)->upstream->acks->len, ==, (n));                                                \
    g_assert_cmpstr (g_ptr_array_index ((fixture)->upstream->acks, (n) - 1), ==, (text));                      \
  } G_STMT_END

/* How full the inbox is: rows, and slots of rows that were taken. */
gint64      rb_order_count_slots (RbCoreFixture *fixture);

G_END_DECLS
