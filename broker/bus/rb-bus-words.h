/* rb-bus-words.h: what a caller on the bus says: a text, of which type it is, and metadata
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  GBytes *content;          /* JSON string slice */
  char   *content_type;     /* NULL: text */
  GBytes *metadata;         /* JSON object slice */
} RbBusWords;

/* @content_type, @metadata: (nullable). RB_ERROR_TOO_LARGE as for a body over HTTP; RB_ERROR_INVALID: @metadata is no JSON object. */
gboolean rb_bus_words_read  (RbBusWords *self, const char *text, const char *content_type, const char *metadata, GError **error);
void     rb_bus_words_clear (RbBusWords *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RbBusWords, rb_bus_words_clear)

G_END_DECLS
