/* rb-raw-client.h: a client that says exactly the bytes it is given
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* It lives in the same main loop as the server, so all calls turn the loop and none of them blocks it. */

typedef struct _RbRaw RbRaw;

RbRaw     *rb_raw_connect        (const char *url);
RbRaw     *rb_raw_connect_unix   (const char *path);
void       rb_raw_free           (RbRaw *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbRaw, rb_raw_free)

/* FALSE when the server has closed. Turns the loop until all is written. */
gboolean   rb_raw_write          (RbRaw *self, const void *data, gssize length);
gboolean   rb_raw_printf         (RbRaw *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* A whole response: up to its Content-Length, or to the end of the connection without one. NULL when nothing came. */
char      *rb_raw_read_response  (RbRaw *self);
/* For answers to HEAD: their Content-Length counts what is not sent. */
void       rb_raw_set_headers_only (RbRaw *self);
/* Reads what is there now. */
void       rb_raw_poll           (RbRaw *self);
gboolean   rb_raw_is_closed      (RbRaw *self);
void       rb_raw_wait_closed    (RbRaw *self);
void       rb_raw_close          (RbRaw *self);
void       rb_raw_set_buffers    (RbRaw *self, int size);

/* WebSocket, after rb_raw_upgrade(). */
/* @headers: more lines, each with CR LF, or NULL. Returns the status line and headers. */
char      *rb_raw_upgrade        (RbRaw *self, const char *token, const char *pid, const char *headers);
gboolean   rb_raw_ws_send        (RbRaw *self, guint8 first_byte, const void *payload, gsize length);
gboolean   rb_raw_ws_send_text   (RbRaw *self, const char *text);
/* The next frame, or NULL when the connection closed first; @opcode without the final bit. */
char      *rb_raw_ws_read        (RbRaw *self, guint8 *opcode, gsize *length);
/* The next text frame, skipping pings. */
char      *rb_raw_ws_read_text   (RbRaw *self);

G_END_DECLS
