/* rb-envelope.h: one message, immutable, with content and metadata as the slices they came as
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define RB_TYPE_ENVELOPE (rb_envelope_get_type ())

/* Reference counted atomically: an envelope may be handed to another thread. */
typedef struct _RbEnvelope RbEnvelope;

GType        rb_envelope_get_type         (void);

/* @id: (nullable) message id
 * @from: (nullable) sender address; NULL on what we send
 * @to: (nullable) recipient address; NULL on what we receive
 * @content: a JSON string with its quotes (a slice that passed rb_json_parse())
 * @content_type: (nullable) NULL means "text"
 * @metadata: (nullable) a JSON object's text; NULL means {} */
RbEnvelope  *rb_envelope_new              (const char  *id,
                                           const char  *from,
                                           const char  *to,
                                           GBytes      *content,
                                           const char  *content_type,
                                           GBytes      *metadata);
RbEnvelope  *rb_envelope_ref              (RbEnvelope  *self);
void         rb_envelope_unref            (RbEnvelope  *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbEnvelope, rb_envelope_unref)

/* A copy that shares the slices. */
RbEnvelope  *rb_envelope_with_metadata    (RbEnvelope  *self, GBytes *metadata);
RbEnvelope  *rb_envelope_with_id          (RbEnvelope  *self, const char *id);

const char  *rb_envelope_get_id           (const RbEnvelope *self);
const char  *rb_envelope_get_from         (const RbEnvelope *self);
const char  *rb_envelope_get_to           (const RbEnvelope *self);
GBytes      *rb_envelope_get_content      (const RbEnvelope *self);
const char  *rb_envelope_get_content_type (const RbEnvelope *self);
GBytes      *rb_envelope_get_metadata     (const RbEnvelope *self);
gsize        rb_envelope_get_size         (const RbEnvelope *self);  /* bytes, for windows and bounds */

G_END_DECLS
