/* rb-connector-slot.h: the connector that everybody else knows, whichever module is behind it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"
#include "rb-connector.h"

G_BEGIN_DECLS

#define RB_TYPE_CONNECTOR_SLOT (rb_connector_slot_get_type ())
G_DECLARE_FINAL_TYPE (RbConnectorSlot, rb_connector_slot, RB, CONNECTOR_SLOT, GObject)

/* Once, when nothing is under way any more after rb_connector_slot_close(). It may be called at once. */
typedef void (*RbConnectorSlotQuiet) (gpointer user_data);

/* Once: how it is with the link of what is behind it now. */
typedef enum {
  RB_SLOT_CONNECTED,
  RB_SLOT_UNCONNECTED,     /* not now; it keeps trying */
  RB_SLOT_INCOMPATIBLE,    /* and never will be */
} RbSlotLink;
typedef void (*RbConnectorSlotLinked) (RbSlotLink link, const char *reason, gpointer user_data);

RbConnectorSlot *rb_connector_slot_new           (RbClock              *clock);
/* What is behind it from now on: nothing of the one before is heard any more, nor of this one if the slot is closed, until it opens.
 * @connector: (nullable) */
void             rb_connector_slot_put           (RbConnectorSlot      *self,
                                                  RbConnector          *connector);
/* Nothing new is delivered, and what is sent waits here. */
void             rb_connector_slot_close         (RbConnectorSlot      *self,
                                                  RbConnectorSlotQuiet  quiet,
                                                  gpointer              user_data);
/* While it is closed. May call @linked at once. */
void             rb_connector_slot_await_link    (RbConnectorSlot      *self,
                                                  RbConnectorSlotLinked linked,
                                                  gpointer              user_data);
/* Nobody waits for that, or for quiet, any more. */
void             rb_connector_slot_forget        (RbConnectorSlot      *self);
gboolean         rb_connector_slot_has_link      (RbConnectorSlot      *self);
/* The window is what it was wanted to be meanwhile, what waited is sent, whether there is a link is told. */
void             rb_connector_slot_open          (RbConnectorSlot      *self);
/* What waits here was not sent, and is not any more. */
void             rb_connector_slot_give_up       (RbConnectorSlot      *self,
                                                  const char           *why);
/* Says that the link is gone, if there was one. */
void             rb_connector_slot_disconnect    (RbConnectorSlot      *self,
                                                  const char           *reason);
/* Of what the module behind it has delivered: neither accepted nor released. */
guint            rb_connector_slot_get_n_undecided (RbConnectorSlot    *self);
RbBounds        *rb_connector_slot_get_bounds    (RbConnectorSlot      *self);

G_END_DECLS
