/* rb-gateway-cursor-file.h: the delivery cursor on disk, in the format of existing brokers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-clock.h"

G_BEGIN_DECLS

/* Source: protocol.md 3.8. Pure: */
gint64               rb_gateway_cursor_parse       (const char          *text,
                                                    gsize                length);   /* -1: invalid */
char                *rb_gateway_cursor_format      (gint64               seq,
                                                    gint64               wall_ms);

/* Writes it, off the main thread: one write at a time, the newest value wins. */
typedef struct _RbGatewayCursorFile RbGatewayCursorFile;

/* @seq is on the disk now, or could not be written, which the log says. */
typedef void (*RbGatewayWrittenFunc) (gint64 seq, gpointer user_data);

RbGatewayCursorFile *rb_gateway_cursor_file_new    (const char          *path,
                                                    RbClock             *clock,
                                                    RbGatewayWrittenFunc written,
                                                    gpointer             user_data);
/* Nobody is called any more; a write that is on its way ends by itself. */
void                 rb_gateway_cursor_file_free   (RbGatewayCursorFile *self);
/* 0 when it is absent or invalid. */
gint64               rb_gateway_cursor_file_read   (RbGatewayCursorFile *self);
void                 rb_gateway_cursor_file_store  (RbGatewayCursorFile *self,
                                                    gint64               seq);
/* Writes what is not written; @closed is called once, when nothing is on its way any more, and nothing is written after it. */
typedef void (*RbGatewayClosedFunc) (gpointer user_data);
void                 rb_gateway_cursor_file_close  (RbGatewayCursorFile *self,
                                                    RbGatewayClosedFunc  closed,
                                                    gpointer             user_data);

G_END_DECLS
