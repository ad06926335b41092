/* rb-target.h: target_ref: the runtime work target of an assignment
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-json.h"
#include "rb-json-writer.h"

G_BEGIN_DECLS

/* Source: protocol.md 11.2. */

typedef enum {
  RB_TARGET_RESIDENT_ENDPOINT,      /* "resident_endpoint", no session id */
  RB_TARGET_ADAPTER_MANAGED_TURN,   /* "adapter_managed_turn", with a session id */
} RbTargetMode;

typedef struct {
  char         *endpoint_id;
  RbTargetMode  mode;
  char         *session_id;         /* NULL iff resident */
} RbTarget;

RbTarget    *rb_target_new            (const char *endpoint_id, RbTargetMode mode, const char *session_id);
RbTarget    *rb_target_copy           (const RbTarget *self);
void         rb_target_free           (RbTarget *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbTarget, rb_target_free)

gboolean     rb_target_equal          (const RbTarget *a, const RbTarget *b);
/* Anything that is not exactly one of the two variants fails with RB_ERROR_INVALID "invalid_target_ref". */
RbTarget    *rb_target_from_json      (const RbJson *object, GError **error);
RbTarget    *rb_target_from_variant   (GVariant *dictionary, GError **error);   /* likewise, of a{sv}; NULL is invalid */
GVariant    *rb_target_to_variant     (const RbTarget *self);                   /* (floating) a{sv} */
void         rb_target_write          (const RbTarget *self, RbJsonWriter *writer, const char *name);

const char  *rb_target_mode_to_string (RbTargetMode mode);
gboolean     rb_target_mode_from_string (const char *text, RbTargetMode *mode);   /* text may be NULL */

G_END_DECLS
