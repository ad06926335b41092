/* rb-held-why.c: what holds a message, said to a person who wants to do something with it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-held-why.h"

#include "rb-core-private.h"
#include "rb-error.h"

#include <string.h>

/* Which rule it was is in its story: rules change, and what they held stays held. */
static char *
dup_why (const RbHeldRow *row,
         const char      *behind)
{
  const char *reason = row->message->reason;
  const char *sender = rb_envelope_get_from (row->message->envelope);

  if (row->is_leaving)
    return g_strdup ("it was accepted already, and is on its way in");
  if (behind != NULL)
    return g_strdup_printf ("it waits behind '%s' of the same conversation, which is held; accept or refuse that one first", behind);
  if (strcmp (reason, RB_REASON_HELD_QUOTA) == 0)
    return g_strdup_printf ("its sender '%s' is a stranger and has sent as much as strangers may in an hour; accept it first", sender);
  if (strcmp (reason, RB_REASON_HELD_LOOP) == 0)
    return g_strdup ("its conversation goes back and forth with no person in it; accept it first");
  if (strcmp (reason, RB_REASON_HELD_BEHIND) == 0)
    return g_strdup ("it comes in by itself as soon as there is room where it goes");
  return g_strdup_printf ("a rule of the policy holds what '%s' sends; accept it first", sender);
}

gboolean
rb_held_why_check (RbCore      *core,
                   const char  *message_id,
                   GError     **error)
{
  const RbHeldRow *row = rb_held_lookup (core->held, message_id);
  const char *behind;
  g_autofree char *why = NULL;
  GError *held;

  if (row == NULL)
    return TRUE;

  behind = rb_held_is_first (core->held, row) ? NULL : rb_held_get_first (core->held, row->lane)->message->id;
  why = dup_why (row, behind);
  held = rb_error_new (RB_ERROR_BAD_STATE, "message_held", "message '%s' is held: %s", message_id, why);
  rb_error_add_detail (held, "held_reason", g_variant_new_string (row->message->reason));
  if (behind != NULL)
    rb_error_add_detail (held, "held_behind", g_variant_new_string (behind));
  g_propagate_error (error, held);
  return FALSE;
}
