/* rb-time.h: wall clock times as the wires write them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char     *rb_time_to_iso   (gint64      epoch_ms);              /* 2026-01-02T03:04:05.678Z */
gboolean  rb_time_from_iso (const char *text, gint64 *epoch_ms);

G_END_DECLS
