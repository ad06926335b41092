/* rb-explain-print.h: the story of a thing as a page for a terminal
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ctl.h"

G_BEGIN_DECLS

/* All of it; returns how many steps there are, and so does the next. */
guint  rb_explain_print       (RbCtl *ctl, const RbJson *explained);
/* The steps from number @from on. With --json each is a line of JSON. */
guint  rb_explain_print_steps (RbCtl *ctl, const RbJson *explained, guint from);

G_END_DECLS
