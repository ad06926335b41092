/* rb-control.h: the upstream asks for something: control events, each answered once it is so
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-control-keys.h"
#include "rb-core-private.h"

G_BEGIN_DECLS

/* Source: protocol.md 15.5 to 15.7. */
typedef struct _RbControlRun RbControlRun;

#define RB_CONTROL_RUNS_MAX 2048    /* at work or in line */
#define RB_CONTROL_KEYS_MAX 1024    /* remembered as carried out */

RbControl  *rb_control_new     (void);
void        rb_control_free    (RbControl *self);
void        rb_control_watch   (RbCore *core);
guint       rb_control_get_n_runs (const RbControl *self);
guint       rb_control_get_n_keys (const RbControl *self);
/* Borrowed, for what it forgets. */
void        rb_control_set_bounds (RbControl *self, RbBounds *bounds);
/* What has not begun yet is forgotten, unanswered: the upstream asks again. */
void        rb_control_stop    (RbCore *core);
void        rb_control_load    (RbControl *self, GVariant *row);   /* of RB_TABLE_CONTROL_KEYS */

/* For handlers, which get a run and finish it once. @error: NULL on success; its text is the detail. */
const char *rb_control_run_get_key (const RbControlRun *run);
void        rb_control_finish  (RbCore *core, RbControlRun *run, const GError *error);
/* It is not answered, now or ever: who keeps it tells the upstream what becomes of it. The same event may come again. */
void        rb_control_drop     (RbCore *core, RbControlRun *run);
/* What was dropped is done, and counts as carried out: it may be acknowledged when @changes are durable. */
void        rb_control_remember (RbCore *core, const char *key, RbChanges *changes);
/* They never will be. */
void        rb_control_forget   (RbCore *core, const char *key);
/* What comes next for the same endpoint or row may go on; this one is answered later. */
void        rb_control_release (RbCore *core, gpointer run);

/* Posts RB_UPSTREAM_CONTROL_ACK; a failure is only logged. @detail: (nullable). @is_later: not as the answer to the event itself */
void        rb_control_ack     (RbCore *core, const char *key, const char *status, const char *detail, gboolean is_later);

/* For people: the keys of what was asked, and what became of one: "done", "running", "waiting"; NULL: nothing is known of it. */
void        rb_control_foreach_key (RbCore *core, RbControlKeyFunc func, gpointer user_data);
const char *rb_control_get_state (RbCore *core, const char *key);

G_END_DECLS
