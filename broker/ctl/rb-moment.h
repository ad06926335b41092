/* rb-moment.h: a moment as a person writes it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* "2026-11-26", "2026-11-26 12:00", "2026-11-26T12:00:05" (local time), "2026-11-26T11:00:05Z", "12:00" (today), or how long ago: "90 s",
 * "15min", "2h", "3 d", "1w". RB_ERROR_INVALID "bad_time". Returns an iso-ms text. */
char *rb_moment_to_iso (const char *text, gint64 now_ms, GError **error);

G_END_DECLS
