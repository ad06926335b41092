/* rb-json-writer.h: builds JSON text that may carry slices as they came
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* json-glib cannot embed ready text, and frames are made of ready text. @name is NULL for an array's items and for
 * the root. A member whose string, slice or strv is NULL is left out ("never send null", protocol.md 1.2). */

typedef struct _RbJsonWriter RbJsonWriter;

RbJsonWriter *rb_json_writer_new          (void);
void          rb_json_writer_free         (RbJsonWriter *self);
GBytes       *rb_json_writer_end          (RbJsonWriter *self);   /* frees @self */
char         *rb_json_writer_end_text     (RbJsonWriter *self);   /* frees @self */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbJsonWriter, rb_json_writer_free)

void          rb_json_writer_begin_object (RbJsonWriter *self, const char *name);
void          rb_json_writer_end_object   (RbJsonWriter *self);
void          rb_json_writer_begin_array  (RbJsonWriter *self, const char *name);
void          rb_json_writer_end_array    (RbJsonWriter *self);
void          rb_json_writer_string       (RbJsonWriter *self, const char *name, const char *value);
void          rb_json_writer_int          (RbJsonWriter *self, const char *name, gint64 value);
void          rb_json_writer_double       (RbJsonWriter *self, const char *name, double value);
void          rb_json_writer_boolean      (RbJsonWriter *self, const char *name, gboolean value);
void          rb_json_writer_null         (RbJsonWriter *self, const char *name);
void          rb_json_writer_slice        (RbJsonWriter *self, const char *name, GBytes *json);
void          rb_json_writer_strv         (RbJsonWriter *self, const char *name, const char *const *value);
/* b, n, q, i, u, x, t, d, s, as, a{sv}, av; any other type is our bug. */
void          rb_json_writer_variant      (RbJsonWriter *self, const char *name, GVariant *value);
/* @epoch_ms as iso-ms (protocol.md 1.2) */
void          rb_json_writer_iso          (RbJsonWriter *self, const char *name, gint64 epoch_ms);

G_END_DECLS
