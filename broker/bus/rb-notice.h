/* rb-notice.h: what one notification says, and what may be clicked on it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Beside the words of rb-needs.h. */
#define RB_NOTICE_DO_SHOW "show"
/* What a click on the text does, by the rules of notification services. */
#define RB_NOTICE_DEFAULT "default"
/* The slot of what we answer to a click. */
#define RB_NOTICE_ANSWER "answer"

typedef struct {
  char *name;              /* what the service says when it is clicked: all of it, so that no two are alike */
  char *label;
  char *action;
  char *need_id;           /* NULL: it is about all */
  char *endpoint_id;       /* NULL: about none */
} RbNoticeAction;

/* Texts are UTF-8 without control characters, of bounded length, and no markup. */
typedef struct {
  char      *slot;
  char      *summary;        /* our own words: no stranger writes there */
  char      *body;
  GPtrArray *actions;        /* of RbNoticeAction */
  gboolean   is_urgent;
  gboolean   is_passing;     /* goes by itself */
  gboolean   is_quiet;       /* shown in place of an older one that said nearly the same */
} RbNotice;

void      rb_notice_free       (RbNotice *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbNotice, rb_notice_free)

/* @row: of rb_view_needs(). @hides: who wrote, and what, is not said. */
RbNotice *rb_notice_of_need    (GVariant *row, gboolean hides);
RbNotice *rb_notice_of_all     (guint n, gboolean is_news);
/* All that can be said of it; NULL: of everything that waits, @rows. */
RbNotice *rb_notice_of_details (GVariant *row, gboolean hides);
RbNotice *rb_notice_of_list    (GVariant *rows, gboolean hides);
/* @reason: (nullable): in the core's words */
RbNotice *rb_notice_of_gone    (void);
RbNotice *rb_notice_of_failure (const char *reason);

/* How long a thing of that kind waits before it is worth a notification. */
gint64    rb_notice_get_delay  (const char *kind);

/* The body as a service wants it that reads markup. */
char     *rb_notice_dup_markup (const RbNotice *self);
/* (nullable): NULL when it offers no such action */
const RbNoticeAction *rb_notice_find_action (const RbNotice *self, const char *name);

G_END_DECLS
