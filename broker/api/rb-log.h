/* rb-log.h: structured log lines: a fixed event name and named fields
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The event is the fixed name of protocol.md Appendix B; context travels in fields, never in the sentence.
 * Fields are pairs (name, printf-free string value), NULL-terminated; a NULL value is left out. Never a token, never
 * a message's content.
 *
 *   rb_log_info ("endpoint_registered", "endpoint_id", id, "kind", kind, NULL);
 */
void rb_log_event (const char     *domain,
                   GLogLevelFlags  level,
                   const char     *event,
                   ...) G_GNUC_NULL_TERMINATED;

#define rb_log_debug(...)   rb_log_event (G_LOG_DOMAIN, G_LOG_LEVEL_DEBUG, __VA_ARGS__)
#define rb_log_info(...)    rb_log_event (G_LOG_DOMAIN, G_LOG_LEVEL_INFO, __VA_ARGS__)
#define rb_log_message(...) rb_log_event (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, __VA_ARGS__)
#define rb_log_warning(...) rb_log_event (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, __VA_ARGS__)
#define rb_log_error(...)   rb_log_event (G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, __VA_ARGS__)

/* Fields reach the GLib log writer as "RB_<NAME>" plus "RB_EVENT". */

G_END_DECLS
