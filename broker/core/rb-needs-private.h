/* rb-needs-private.h: how each kind of what waits for a person adds its rows
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"
#include "rb-needs.h"

G_BEGIN_DECLS

/* A list that is being made: all rows, or the one that is looked for. */
typedef struct _RbNeedList RbNeedList;

/* One row. Borrowed; NULL: not known. */
typedef struct {
  const char *kind;
  const char *subject;       /* unique among those of the kind */
  gint64      since;         /* epoch-ms; 0: not known */
  const char *who;
  const char *what;
  const char *endpoint_id;
  const char *command;
} RbNeed;

/* FALSE: another one is looked for. Then what may be done is added, and the row ended. */
gboolean  rb_need_begin    (RbNeedList *list, const RbNeed *need);
/* Both may be NULL. */
void      rb_need_choice   (RbNeedList *list, const char *action, const char *endpoint_id, const char *name);
/* The endpoints that may have a message. */
void      rb_need_choose_endpoint (RbNeedList *list, const char *hint_endpoint_id);
void      rb_need_end      (RbNeedList *list);

/* Each kind has two functions; the table is in rb-needs.c. */
typedef struct {
  guint (*count) (RbCore *core);
  void  (*add)   (RbCore *core, RbNeedList *list);
} RbNeedSource;

extern const RbNeedSource rb_needs_of_inbox;
extern const RbNeedSource rb_needs_of_held;
extern const RbNeedSource rb_needs_of_dead_letters;
extern const RbNeedSource rb_needs_of_spawns;
extern const RbNeedSource rb_needs_of_link;
extern const RbNeedSource rb_needs_of_store;
extern const RbNeedSource rb_needs_of_troubles;
extern const RbNeedSource rb_needs_of_posts;
extern const RbNeedSource rb_needs_of_fullness;
extern const RbNeedSource rb_needs_of_forgotten;
extern const RbNeedSource rb_needs_of_runtimes;

G_END_DECLS
