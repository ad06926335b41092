/* rb-explain-private.h: the stories of the different things
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-explain-find.h"
#include "rb-explain-parts.h"

G_BEGIN_DECLS

/* What the disk says of a thing. */
typedef struct {
  RbThing   *thing;
  GVariant  *place;      /* row of RB_TABLE_PLACES of the message; NULL: none */
  GVariant  *archived;   /* its last row of RB_TABLE_ARCHIVE, likewise */
  GPtrArray *steps;      /* rows of RB_TABLE_CHECKPOINTS of the message or the endpoint */
} RbExplained;

/* Floating a{sv}. */
GVariant *rb_explain_message    (RbCore *core, const RbExplained *self);
GVariant *rb_explain_assignment (RbCore *core, const RbExplained *self);
GVariant *rb_explain_reply      (RbCore *core, const RbExplained *self);
GVariant *rb_explain_endpoint   (RbCore *core, const RbExplained *self);
GVariant *rb_explain_event      (RbCore *core, const RbExplained *self);
GVariant *rb_explain_spawn      (RbCore *core, const RbExplained *self);
GVariant *rb_explain_control    (RbCore *core, const RbExplained *self);

/* Where a live message is, and what happens to it next. */
void      rb_explain_put_live   (RbStory *story, RbMessage *message);
/* Why it waits in the queue of @endpoint. */
const char *rb_explain_why_queued (const RbEndpoint *endpoint, const RbItem *item);

G_END_DECLS
