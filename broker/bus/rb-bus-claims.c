/* rb-bus-claims.c: messages that callers on the bus have taken, each for as long as its caller is there
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-claims.h"

#include "rb-error.h"
#include "rb-log.h"

struct _RbBusClaims {
  GQueue    all;       /* of RbBusClaim */
  RbBounds *bounds;
  guint     bound;
};

RbBusClaims *
rb_bus_claims_new (RbBounds *bounds,
                   guint     bound)
{
  RbBusClaims *self = g_new0 (RbBusClaims, 1);

  g_queue_init (&self->all);
  self->bounds = bounds;
  self->bound = bound;
  rb_bounds_set_limit (bounds, bound, RB_BUS_CLAIMS_MAX);
  return self;
}

void
rb_bus_claim_end (RbBusClaim *claim)
{
  RbBusClaims *self = claim->claims;

  if (self != NULL)
    {
      g_queue_unlink (&self->all, &claim->link);
      rb_bounds_set_used (self->bounds, self->bound, self->all.length);
    }
  if (claim->watch_id != 0)
    g_bus_unwatch_name (claim->watch_id);
  if (claim->guest != NULL)
    rb_bus_guest_leave_async (claim->guest, NULL, NULL);
  g_object_unref (claim->connection);
  g_free (claim->sender);
  g_free (claim->id);
  g_free (claim->message_id);
  g_free (claim->source_id);
  g_free (claim);
}

void
rb_bus_claim_rest (RbBusClaim *claim)
{
  claim->is_busy = FALSE;
  if (claim->is_over)
    rb_bus_claim_end (claim);
}

static void
leave (RbBusClaim *claim)
{
  claim->is_over = TRUE;
  if (!claim->is_busy)
    rb_bus_claim_end (claim);
}

void
rb_bus_claims_leave_all (RbBusClaims *self)
{
  for (GList *link = self->all.head, *next; link != NULL; link = next)
    {
      next = link->next;
      leave (link->data);
    }
}

void
rb_bus_claims_free (RbBusClaims *self)
{
  rb_bus_claims_leave_all (self);
  /* What is still at work ends by itself. */
  for (GList *link = self->all.head; link != NULL; link = link->next)
    ((RbBusClaim *) link->data)->claims = NULL;
  g_free (self);
}

static void
on_vanished (GDBusConnection *connection,
             const char      *name,
             gpointer         user_data)
{
  RbBusClaim *claim = user_data;

  rb_log_info ("bus_claim_left", "name", claim->sender, "undispatched_id", claim->message_id, NULL);
  leave (claim);
}

RbBusClaim *
rb_bus_claims_begin (RbBusClaims            *self,
                     GDBusMethodInvocation  *invocation,
                     const char             *message_id,
                     GError                **error)
{
  RbBusClaim *claim;

  if (self->all.length >= RB_BUS_CLAIMS_MAX)
    {
      rb_bounds_reached (self->bounds, self->bound);
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "too_many_claims", "callers on the bus have %u messages already", self->all.length);
      return NULL;
    }

  claim = g_new0 (RbBusClaim, 1);
  claim->claims = self;
  claim->connection = g_object_ref (g_dbus_method_invocation_get_connection (invocation));
  claim->sender = g_strdup (g_dbus_method_invocation_get_sender (invocation));
  claim->message_id = g_strdup (message_id);
  claim->is_busy = TRUE;
  claim->link.data = claim;
  g_queue_push_tail_link (&self->all, &claim->link);
  rb_bounds_set_used (self->bounds, self->bound, self->all.length);
  /* It says so, too, when the caller is gone already. */
  claim->watch_id = g_bus_watch_name_on_connection (claim->connection, claim->sender, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, on_vanished, claim, NULL);
  return claim;
}

static gboolean
is_of_caller (const RbBusClaim      *claim,
              GDBusMethodInvocation *invocation)
{
  return claim->id != NULL && g_strcmp0 (claim->sender, g_dbus_method_invocation_get_sender (invocation)) == 0;
}

RbBusClaim *
rb_bus_claims_take (RbBusClaims            *self,
                    GDBusMethodInvocation  *invocation,
                    const char             *id,
                    GError                **error)
{
  for (GList *link = self->all.head; link != NULL; link = link->next)
    {
      RbBusClaim *claim = link->data;

      if (!is_of_caller (claim, invocation) || !g_str_equal (claim->id, id))
        continue;
      if (claim->is_busy)
        {
          rb_set_error (error, RB_ERROR_BAD_STATE, "claim_busy", "another call is at work with '%s'", id);
          return NULL;
        }
      claim->is_busy = TRUE;
      return claim;
    }
  rb_set_error (error, RB_ERROR_NOT_FOUND, "unknown_claim", "the caller has no claim '%s'", id);
  return NULL;
}

const char *
rb_bus_claims_find (RbBusClaims           *self,
                    GDBusMethodInvocation *invocation,
                    const char            *message_id)
{
  for (GList *link = self->all.head; link != NULL; link = link->next)
    {
      const RbBusClaim *claim = link->data;

      if (is_of_caller (claim, invocation) && g_str_equal (claim->message_id, message_id))
        return claim->id;
    }
  return NULL;
}
