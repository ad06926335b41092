/* rb-trace.h: W3C trace context as the broker reads and repairs it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Source: protocol.md 18.1 and 18.2. */

typedef struct {
  char trace_id[33];
  char span_id[17];
  char flags[3];
} RbTrace;

typedef enum { RB_TRACE_PRESENT, RB_TRACE_MISSING, RB_TRACE_INVALID } RbTraceVerdict;

/* @random: 24 bytes that become ids when @text gives none. */
RbTraceVerdict  rb_trace_ensure    (const char *text, const guint8 random[24], RbTrace *trace);
gboolean        rb_trace_parse     (const char *text, RbTrace *trace);     /* text may be NULL */
char           *rb_trace_to_string (const RbTrace *trace);                 /* version 00 */

G_END_DECLS
