/* rb-explain-parts.h: what the stories of different things have in common
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

/* One step of a ladder, read from its row. Texts are the row's. */
typedef struct {
  const char *step;
  const char *endpoint_id;
  const char *detail;
  const char *rule;
  gint64      at;
} RbStep;

void      rb_step_read          (GVariant *row, RbStep *step);

/* A ladder's rows as aa{sv}, floating. */
GVariant *rb_steps_view         (GPtrArray *steps);

/* What is being told of one thing. */
typedef struct {
  RbCore          *core;
  GVariantDict     dict;
  GVariantBuilder  timers;
  gint64           failed_at;     /* of the last error so far; 0: none */
} RbStory;

void      rb_story_begin        (RbStory *self, RbCore *core, const char *kind, const char *id);
GVariant *rb_story_end          (RbStory *self);     /* floating a{sv} */

void      rb_story_put_ladder   (RbStory *self, GPtrArray *steps);                  /* of rows */
/* By which rule it came where it is: the last step that has one. */
void      rb_story_put_rule     (RbStory *self, GPtrArray *steps);
void      rb_story_put_holder   (RbStory *self, const char *endpoint_id);
void      rb_story_put_next     (RbStory *self, const char *text, gint64 at);       /* 0: nobody knows when */
/* @at: epoch-ms. The first timer is what happens next, unless that was said. */
void      rb_story_add_timer    (RbStory *self, const char *what, gint64 at, const char *then);
/* Likewise, one of the clock's that may not run: then nothing is said. */
void      rb_story_add_clock    (RbStory *self, const char *what, guint64 timer, const char *then);
/* The latest of those that are said stays. @code may be NULL. */
void      rb_story_put_error    (RbStory *self, const char *text, const char *code, gint64 at, guint count);
/* The last thing that went wrong on the ladder. */
void      rb_story_put_ladder_error (RbStory *self, GPtrArray *steps);
void      rb_story_put_ended    (RbStory *self, const char *how, const char *why, gint64 at);

/* What the word for how a message or an endpoint ended means; NULL: it speaks for itself. */
const char *rb_outcome_describe (const char *outcome);

G_END_DECLS
