/* rb-wire-parts.h: what frames and answers have in common
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-assignment-context.h"
#include "rb-envelope.h"
#include "rb-json-writer.h"

G_BEGIN_DECLS

/* protocol.md 11.3, as an object. */
void  rb_wire_write_assignment  (RbJsonWriter *writer, const char *name, const RbAssignmentContext *assignment);
/* The members from, content, contentType; and metadata. Content and metadata leave byte for byte as they came. */
void  rb_wire_write_content     (RbJsonWriter *writer, const RbEnvelope *envelope);
void  rb_wire_write_envelope    (RbJsonWriter *writer, const RbEnvelope *envelope);

G_END_DECLS
