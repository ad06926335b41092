/* rb-fake-broker.h: a broker that says what a test tells it to
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "rb-client-options.h"

G_BEGIN_DECLS

typedef struct _RbFakeBroker RbFakeBroker;

/* Files of account "default" under @data_dir; listens and writes its discovery file. */
RbFakeBroker *rb_fake_broker_new           (const char *data_dir);
void          rb_fake_broker_free          (RbFakeBroker *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbFakeBroker, rb_fake_broker_free)

/* As after kill -9 and a restart. Requests and answers are kept. */
void          rb_fake_broker_stop          (RbFakeBroker *self);
void          rb_fake_broker_start         (RbFakeBroker *self);

/* No status: the connection is dropped, or held, without an answer. */
enum { RB_FAKE_DROP = 0, RB_FAKE_HOLD = 1 };

/* The next request "METHOD path", or "METHOD path?query" (which counts first), gets this; without, a plain success. */
void          rb_fake_broker_answer        (RbFakeBroker *self,
                                            const char   *request,
                                            guint         status,
                                            const char   *body);
/* Requests over the channel, from the next one on; how many came there. */
void          rb_fake_broker_set_streaming (RbFakeBroker *self,
                                            gboolean      is_streaming);
guint         rb_fake_broker_get_n_streamed (RbFakeBroker *self);

/* How many requests "METHOD path" came, and the body of the last (borrowed, NULL when none). */
guint         rb_fake_broker_count         (RbFakeBroker *self,
                                            const char   *request);
const char   *rb_fake_broker_get_body      (RbFakeBroker *self,
                                            const char   *request);
/* All of them, separated by spaces, except /health and initialize. */
char         *rb_fake_broker_dup_requests  (RbFakeBroker *self);
void          rb_fake_broker_forget        (RbFakeBroker *self);

gboolean      rb_fake_broker_has_channel   (RbFakeBroker *self);
void          rb_fake_broker_push          (RbFakeBroker *self,
                                            const char   *frame);
/* On each channel that opens from now on, at once. */
void          rb_fake_broker_push_first    (RbFakeBroker *self,
                                            const char   *frame);
void          rb_fake_broker_drop_channel  (RbFakeBroker *self);
/* Says goodbye to it. */
void          rb_fake_broker_close_channel (RbFakeBroker *self,
                                            gushort       code,
                                            const char   *reason);
/* Frames that came on channels, oldest first, separated by newlines. */
const char   *rb_fake_broker_get_frames    (RbFakeBroker *self);
const char   *rb_fake_broker_get_discovery (RbFakeBroker *self);

G_END_DECLS
