/* rb-log-levels.h: which log lines are wanted, by topic
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A topic is a GLib log domain, such as "rb-core". Pure. */
typedef struct _RbLogLevels RbLogLevels;

/* @level: "debug", "info", "message", "warning" or "error". @topics: (nullable) "rb-core:debug;rb-ipc:warning". Fails with
 * RB_ERROR_INVALID, naming the item. */
RbLogLevels *rb_log_levels_new    (const char *level, const char *topics, GError **error);
void         rb_log_levels_free   (RbLogLevels *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbLogLevels, rb_log_levels_free)

/* @topic: (nullable) no domain counts as no topic of its own. */
gboolean     rb_log_levels_wants  (const RbLogLevels *self, const char *topic, GLogLevelFlags level);
/* "debug", "info", "warn" or "error": protocol.md 3.10 has these four. */
const char  *rb_log_level_to_string (GLogLevelFlags level);

G_END_DECLS
