/* rb-attach-print.h: shows messages to a person and takes the answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-attach.h"
#include "rb-ctl.h"

G_BEGIN_DECLS

#define RB_TYPE_ATTACH_PRINT (rb_attach_print_get_type ())
G_DECLARE_FINAL_TYPE (RbAttachPrint, rb_attach_print, RB, ATTACH_PRINT, GObject)

/* Open messages have numbers. A line answers the oldest; "/reply N TEXT" answers number N, "/fail N [REASON]" refuses it, "/done N"
 * drops it without an answer, "/list" lists, "/quit" ends.
 *
 * Signals: shown (): one more message is open. idle (gboolean well): the last open message was ended, and the broker took that. lost (): one
 * is somebody else's after all. quit (gboolean asked): the person said so, or the input ended. */
RbAttachPrint *rb_attach_print_new      (RbAttach       *attach,
                                         RbCtl          *ctl);
/* @text: (nullable): what is said to each message. */
void           rb_attach_print_set_reply (RbAttachPrint *self,
                                          const char    *text);
/* Reads lines from @input until its end. */
void           rb_attach_print_read     (RbAttachPrint  *self,
                                         GInputStream   *input);
/* One line, as if it had been typed. */
void           rb_attach_print_take_line (RbAttachPrint *self,
                                          const char    *line);
guint          rb_attach_print_get_n_open (RbAttachPrint *self);
/* Ends every open message: back to the inbox where nobody else knows of it yet. */
void           rb_attach_print_drop     (RbAttachPrint  *self);

G_END_DECLS
