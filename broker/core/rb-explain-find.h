/* rb-explain-find.h: what a person may mean with an id, or its beginning
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

typedef enum {
  RB_THING_MESSAGE,
  RB_THING_ASSIGNMENT,
  RB_THING_REPLY,
  RB_THING_ENDPOINT,
  RB_THING_EVENT,        /* of the outbox, dead ones included */
  RB_THING_SPAWN,
  RB_THING_CONTROL,
} RbThingKind;

/* What was found: @subject is the message of an assignment or a reply, by the id we know it by, else the id. */
typedef struct {
  RbThingKind  kind;
  char        *id;
  char        *subject;
  char        *assignment_id;   /* of a reply whose record is here; else NULL */
  gboolean     is_guess;    /* @subject is what the network calls it: its steps, if there are any, know better */
} RbThing;

void         rb_thing_free       (RbThing *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbThing, rb_thing_free)
const char  *rb_thing_kind_to_string (RbThingKind kind);

#define RB_FIND_ID_MAX 512        /* bytes */

/* Looks in memory and, when nothing there has exactly that id, or is not sure whose it is, on the disk; what is no beginning of an id may be the
 * name of an endpoint, also of one that is closed. Fails with RB_ERROR_INVALID "bad_id",
 * RB_ERROR_NOT_FOUND "not_found", RB_ERROR_BAD_STATE "ambiguous", whose text lists what begins so. */
void         rb_find_async       (RbCore *core, const char *text, GAsyncReadyCallback callback, gpointer user_data);
RbThing     *rb_find_finish      (RbCore *core, GAsyncResult *result, GError **error);

G_END_DECLS
