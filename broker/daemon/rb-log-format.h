/* rb-log-format.h: one log record as a JSON line and as a line for people
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Pure. @secrets: (nullable), NULL-terminated: what must not appear; "[secret]" stands there instead. */

/* The topic of a record: its GLib domain, NULL without one. Borrowed from @fields. */
const char *rb_log_format_get_topic (const GLogField *fields, gsize n_fields);
/* {"ts":...,"level":...,"pid":...,"msg":...,"topic":..., fields}, with a line feed. Source: protocol.md 3.10. */
char       *rb_log_format_json      (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gint64 epoch_ms, gint64 pid,
                                     const char *const *secrets);
/* "warn: rb-ipc: text", with a line feed; control characters are shown as '?'. */
char       *rb_log_format_text      (GLogLevelFlags level, const GLogField *fields, gsize n_fields, const char *const *secrets);
/* (transfer full): @text without the secrets. */
char       *rb_log_format_scrub     (const char *text, const char *const *secrets);

G_END_DECLS
