/* rb-sim-wire.h: a connection taken from the HTTP server, written byte by byte as a test wants it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* Everything is written in order and without blocking. A wire lives until it is freed; it tells when the other side is gone. */
typedef struct _RbSimWire RbSimWire;

/* Of a client that left it is not open. */
RbSimWire *rb_sim_wire_new       (SoupServerMessage *message);
void       rb_sim_wire_free      (RbSimWire         *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbSimWire, rb_sim_wire_free)

void       rb_sim_wire_write     (RbSimWire         *self,
                                  const void        *bytes,
                                  gsize              size);
void       rb_sim_wire_write_text (RbSimWire        *self,
                                  const char        *text);
/* Once everything is written. @reset: with a TCP reset instead of an orderly end. */
void       rb_sim_wire_end       (RbSimWire         *self,
                                  gboolean           reset);
gboolean   rb_sim_wire_is_open   (RbSimWire         *self);
/* Calls back once, when the other side closes or the end is done. The wire may be freed from there. */
void       rb_sim_wire_watch     (RbSimWire         *self,
                                  void             (*on_gone) (RbSimWire *self,
                                                               gpointer   user_data),
                                  gpointer           user_data);
/* The stream, for somebody else's protocol; the wire is done with it. All that was written must have been (it is: synchronously). */
GIOStream *rb_sim_wire_steal     (RbSimWire         *self);

G_END_DECLS
