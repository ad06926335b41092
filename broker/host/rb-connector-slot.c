/* rb-connector-slot.c: the connector that everybody else knows, whichever module is behind it
 *
 * Sequence numbers belong to the module that gave them. The slot counts what is undecided, so that a module goes only when the numbers
 * it gave have all come back: none of them can be taken for one of its successor's.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-connector-slot.h"

#include "rb-error.h"
#include "rb-log.h"
#include "rb-module.h"
#include "rb-network.h"
#include "rb-sent.h"

#define WAITING_MAX 1024    /* sends that wait while modules are exchanged */

enum { BOUND_WAITING };

static const RbBoundInfo bounds[] = {
  [BOUND_WAITING] = { "sends_during_swap", "messages", RB_BOUND_PUSHES_BACK, "further ones are refused until the other connector runs" },
};

/* A send that waits for the slot to open; its task is in @waiting, or was passed on. */
typedef struct {
  GTask      *task;
  RbEnvelope *envelope;
  char       *address;   /* (nullable) that we had when it was sent: it may be for that network alone */
} Waiting;

struct _RbConnectorSlot {
  GObject parent_instance;

  RbConnector          *connector;     /* (nullable) behind it */
  RbBounds             *bounds;
  GHashTable           *undecided;     /* gint64 to guint: how often @connector has delivered it */
  guint                 n_undecided;
  guint                 n_sends;       /* @connector was asked and has not answered */
  GQueue                waiting;       /* of Waiting */
  guint                 messages;      /* the window as it is wanted */
  gsize                 bytes;
  gboolean              has_window;    /* it was wanted */
  gboolean              is_closed;
  char                 *left;          /* (nullable) the address when it was closed */
  gboolean              is_given_up;   /* nothing waits here any more until it opens */
  gboolean              is_connected;  /* as @connector says */
  gboolean              was_told;      /* as we have said */
  gboolean              is_on_trial;   /* it came in the place of another one, and was never connected */
  char                 *reason;        /* (nullable) why there is no link; said while closed */
  RbConnectorSlotQuiet  quiet;         /* (nullable) */
  gpointer              quiet_data;
  RbConnectorSlotLinked linked;        /* (nullable) */
  gpointer              linked_data;
};

static void connector_iface_init (RbConnectorInterface *iface);
static void module_iface_init    (RbModuleInterface *iface);

/* Nobody configures, starts or stops it: that is the guards' business. */
G_DEFINE_FINAL_TYPE_WITH_CODE (RbConnectorSlot, rb_connector_slot, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_CONNECTOR, connector_iface_init))

static void
waiting_free (Waiting *waiting)
{
  g_object_unref (waiting->task);
  rb_envelope_unref (waiting->envelope);
  g_free (waiting->address);
  g_free (waiting);
}

static void
tell_if_quiet (RbConnectorSlot *self)
{
  RbConnectorSlotQuiet quiet = self->quiet;

  if (quiet == NULL || self->n_undecided > 0 || self->n_sends > 0)
    return;
  self->quiet = NULL;
  quiet (self->quiet_data);
}

static void
note_delivered (RbConnectorSlot *self,
                gint64           seq)
{
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->undecided, &seq));

  g_hash_table_replace (self->undecided, g_memdup2 (&seq, sizeof seq), GUINT_TO_POINTER (n + 1));
  self->n_undecided++;
}

static void
note_decided (RbConnectorSlot *self,
              gint64           seq)
{
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->undecided, &seq));

  if (n == 0)
    return;
  if (n > 1)
    g_hash_table_replace (self->undecided, g_memdup2 (&seq, sizeof seq), GUINT_TO_POINTER (n - 1));
  else
    g_hash_table_remove (self->undecided, &seq);
  self->n_undecided--;
}

static void
set_window (RbConnector *connector,
            guint        messages,
            gsize        n_bytes)
{
  RbConnectorSlot *self = RB_CONNECTOR_SLOT (connector);

  self->messages = messages;
  self->bytes = n_bytes;
  self->has_window = TRUE;
  if (self->connector != NULL && !self->is_closed)
    rb_connector_set_window (self->connector, messages, n_bytes);
}

static void
accept_seq (RbConnector *connector,
            gint64       seq)
{
  RbConnectorSlot *self = RB_CONNECTOR_SLOT (connector);

  note_decided (self, seq);
  if (self->connector != NULL)
    rb_connector_accept (self->connector, seq);
  tell_if_quiet (self);
}

static void
release_seq (RbConnector *connector,
             gint64       seq)
{
  RbConnectorSlot *self = RB_CONNECTOR_SLOT (connector);

  note_decided (self, seq);
  if (self->connector != NULL)
    rb_connector_release (self->connector, seq);
  tell_if_quiet (self);
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(RbConnectorSlot) self = g_object_ref (g_task_get_source_object (task));
  g_autofree char *message_id = NULL;
  RbSendStatus status = RB_SEND_STORED;
  GError *error = NULL;

  /* A call of one that was given up is answered by its guard before the next one is put here. */
  if (source == (GObject *) self->connector)
    self->n_sends--;
  if (rb_connector_send_finish (RB_CONNECTOR (source), result, &message_id, &status, &error))
    rb_sent_return (task, g_steal_pointer (&message_id), status);
  else
    g_task_return_error (task, error);
  tell_if_quiet (self);
}

static void
pass_on (RbConnectorSlot *self,
         RbEnvelope      *envelope,
         GTask           *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);

  self->n_sends++;
  rb_connector_send_async (self->connector, envelope, cancellable, on_sent, task);
}

static const char *
get_address (RbConnector *connector)
{
  RbConnectorSlot *self = RB_CONNECTOR_SLOT (connector);

  return self->connector != NULL ? rb_connector_get_address (self->connector) : NULL;
}

static void
wait_here (RbConnectorSlot *self,
           RbEnvelope      *envelope,
           GTask           *task)
{
  const char *address = get_address (RB_CONNECTOR (self));
  Waiting *waiting = g_new (Waiting, 1);

  waiting->task = task;
  waiting->envelope = rb_envelope_ref (envelope);
  waiting->address = g_strdup (address != NULL ? address : self->left);
  g_queue_push_tail (&self->waiting, waiting);
  rb_bounds_set_used (self->bounds, BOUND_WAITING, g_queue_get_length (&self->waiting));
}

static void
refuse (RbConnectorSlot *self,
        GTask           *task)
{
  g_autoptr(GTask) owned = task;

  if (g_queue_get_length (&self->waiting) >= WAITING_MAX)
    rb_bounds_reached (self->bounds, BOUND_WAITING);
  g_task_return_error (owned, rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "The connector is being exchanged"));
}

static void
send_async (RbConnector         *connector,
            RbEnvelope          *envelope,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  RbConnectorSlot *self = RB_CONNECTOR_SLOT (connector);
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, send_async);
  /* What became of it is worth more than that its caller gave up. */
  g_task_set_check_cancellable (task, FALSE);
  if (self->connector == NULL || self->is_given_up || (self->is_closed && g_queue_get_length (&self->waiting) >= WAITING_MAX))
    refuse (self, task);
  else if (self->is_closed)
    wait_here (self, envelope, task);
  else
    pass_on (self, envelope, task);
}

static void
module_iface_init (RbModuleInterface *iface)
{
}

static void
connector_iface_init (RbConnectorInterface *iface)
{
  iface->set_window = set_window;
  iface->accept = accept_seq;
  iface->release = release_seq;
  iface->send_async = send_async;
  iface->send_finish = rb_sent_finish;
  iface->get_address = get_address;
}

/* Its window is shut while we are closed: what comes all the same before it is stopped counts, for it will be decided on. What has no
 * sequence does not come again, and is passed on whenever it comes. */
static void
on_delivery (RbConnector     *connector,
             gint64           seq,
             RbEnvelope      *envelope,
             RbConnectorSlot *self)
{
  if (self->is_closed && self->quiet == NULL && seq != RB_CONNECTOR_NO_SEQ)
    {
      rb_log_info ("connector_delivery_left", "hint", "it came while the connector was exchanged, and comes again", NULL);
      return;
    }
  if (seq != RB_CONNECTOR_NO_SEQ)
    note_delivered (self, seq);
  rb_connector_emit_delivery (RB_CONNECTOR (self), seq, envelope);
}

static void
tell_link (RbConnectorSlot *self)
{
  g_autofree char *reason = g_steal_pointer (&self->reason);

  if (self->is_connected)
    {
      self->was_told = TRUE;
      rb_connector_emit_connected (RB_CONNECTOR (self));
    }
  else if (reason != NULL)
    {
      self->was_told = FALSE;
      rb_connector_emit_disconnected (RB_CONNECTOR (self), reason);
    }
}

static void
tell_waiting (RbConnectorSlot *self,
              RbSlotLink       link,
              const char      *reason)
{
  RbConnectorSlotLinked linked = self->linked;

  self->linked = NULL;
  if (linked != NULL)
    linked (link, reason, self->linked_data);
}

static void
on_connected (RbConnector     *connector,
              RbConnectorSlot *self)
{
  self->is_connected = TRUE;
  self->is_on_trial = FALSE;
  if (!self->is_closed)
    tell_link (self);
  tell_waiting (self, RB_SLOT_CONNECTED, NULL);
}

static void
on_disconnected (RbConnector     *connector,
                 const char      *reason,
                 RbConnectorSlot *self)
{
  self->is_connected = FALSE;
  g_free (self->reason);
  self->reason = g_strdup (reason);
  if (!self->is_closed)
    tell_link (self);
  tell_waiting (self, RB_SLOT_UNCONNECTED, reason);
}

static void
on_superseded (RbConnector     *connector,
               RbConnectorSlot *self)
{
  rb_connector_emit_superseded (RB_CONNECTOR (self));
}

/* That ends a broker that starts. One that runs and only tries another connector is told that there is no link, and why. */
static void
on_incompatible (RbConnector     *connector,
                 const char      *reason,
                 RbConnectorSlot *self)
{
  if (self->linked != NULL)
    tell_waiting (self, RB_SLOT_INCOMPATIBLE, reason);
  else if (self->is_on_trial)
    on_disconnected (connector, reason, self);
  else
    rb_connector_emit_incompatible (RB_CONNECTOR (self), reason);
}

static void
drop_connector (RbConnectorSlot *self)
{
  if (self->connector != NULL)
    g_signal_handlers_disconnect_by_data (self->connector, self);
  g_clear_object (&self->connector);
}

static void
rb_connector_slot_dispose (GObject *object)
{
  RbConnectorSlot *self = RB_CONNECTOR_SLOT (object);

  drop_connector (self);
  rb_connector_slot_give_up (self, "The connector is gone");
  G_OBJECT_CLASS (rb_connector_slot_parent_class)->dispose (object);
}

static void
rb_connector_slot_finalize (GObject *object)
{
  RbConnectorSlot *self = RB_CONNECTOR_SLOT (object);

  g_hash_table_unref (self->undecided);
  rb_bounds_unref (self->bounds);
  g_free (self->reason);
  g_free (self->left);
  G_OBJECT_CLASS (rb_connector_slot_parent_class)->finalize (object);
}

static void
rb_connector_slot_class_init (RbConnectorSlotClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rb_connector_slot_dispose;
  object_class->finalize = rb_connector_slot_finalize;
}

static void
rb_connector_slot_init (RbConnectorSlot *self)
{
  self->undecided = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_queue_init (&self->waiting);
}

RbConnectorSlot *
rb_connector_slot_new (RbClock *clock)
{
  RbConnectorSlot *self = g_object_new (RB_TYPE_CONNECTOR_SLOT, NULL);

  self->bounds = rb_bounds_new (bounds, G_N_ELEMENTS (bounds), clock);
  rb_bounds_set_limit (self->bounds, BOUND_WAITING, WAITING_MAX);
  return self;
}

void
rb_connector_slot_put (RbConnectorSlot *self,
                       RbConnector     *connector)
{
  g_return_if_fail (RB_IS_CONNECTOR_SLOT (self));

  self->is_on_trial = self->connector != NULL;
  drop_connector (self);
  g_hash_table_remove_all (self->undecided);
  self->n_undecided = 0;
  self->n_sends = 0;
  self->is_connected = FALSE;
  g_clear_pointer (&self->reason, g_free);
  if (connector == NULL)
    return;

  self->connector = g_object_ref (connector);
  g_signal_connect (connector, "delivery", G_CALLBACK (on_delivery), self);
  g_signal_connect (connector, "connected", G_CALLBACK (on_connected), self);
  g_signal_connect (connector, "disconnected", G_CALLBACK (on_disconnected), self);
  g_signal_connect (connector, "superseded", G_CALLBACK (on_superseded), self);
  g_signal_connect (connector, "incompatible", G_CALLBACK (on_incompatible), self);
  if (self->is_closed)
    rb_connector_set_window (connector, 0, 0);
  else if (self->has_window)
    rb_connector_set_window (connector, self->messages, self->bytes);
}

void
rb_connector_slot_close (RbConnectorSlot      *self,
                         RbConnectorSlotQuiet  quiet,
                         gpointer              user_data)
{
  const char *address;

  g_return_if_fail (RB_IS_CONNECTOR_SLOT (self));

  address = get_address (RB_CONNECTOR (self));
  if (address != NULL)
    {
      g_free (self->left);
      self->left = g_strdup (address);
    }
  self->is_closed = TRUE;
  self->quiet = quiet;
  self->quiet_data = user_data;
  if (self->connector != NULL)
    rb_connector_set_window (self->connector, 0, 0);
  tell_if_quiet (self);
}

void
rb_connector_slot_await_link (RbConnectorSlot       *self,
                              RbConnectorSlotLinked  linked,
                              gpointer               user_data)
{
  g_return_if_fail (RB_IS_CONNECTOR_SLOT (self));

  self->linked = linked;
  self->linked_data = user_data;
  if (self->is_connected)
    tell_waiting (self, RB_SLOT_CONNECTED, NULL);
}

void
rb_connector_slot_forget (RbConnectorSlot *self)
{
  g_return_if_fail (RB_IS_CONNECTOR_SLOT (self));

  self->linked = NULL;
  self->quiet = NULL;
}

gboolean
rb_connector_slot_has_link (RbConnectorSlot *self)
{
  g_return_val_if_fail (RB_IS_CONNECTOR_SLOT (self), FALSE);
  return self->is_connected;
}

/* An answer was found to be of the network that we were in when it came here, and of no other. */
static void
send_late (RbConnectorSlot *self,
           const Waiting   *waiting)
{
  const char *address = get_address (RB_CONNECTOR (self));

  if (rb_network_is_same (waiting->address, address))
    pass_on (self, waiting->envelope, g_object_ref (waiting->task));
  else
    g_task_return_error (waiting->task, rb_error_new (RB_ERROR_UNAVAILABLE, "other_network",
                                                      "The connector that runs now leads to another network (we are '%s' there, and "
                                                      "were '%s')", address, waiting->address));
}

static void
send_waiting (RbConnectorSlot *self)
{
  while (!self->is_closed && !g_queue_is_empty (&self->waiting))
    {
      Waiting *waiting = g_queue_pop_head (&self->waiting);

      send_late (self, waiting);
      waiting_free (waiting);
    }
  rb_bounds_set_used (self->bounds, BOUND_WAITING, g_queue_get_length (&self->waiting));
}

void
rb_connector_slot_open (RbConnectorSlot *self)
{
  g_return_if_fail (RB_IS_CONNECTOR_SLOT (self));
  g_return_if_fail (self->connector != NULL);

  self->is_closed = FALSE;
  self->is_given_up = FALSE;
  g_clear_pointer (&self->left, g_free);
  rb_connector_slot_forget (self);
  if (self->is_connected != self->was_told || self->reason != NULL)
    tell_link (self);
  if (self->has_window)
    rb_connector_set_window (self->connector, self->messages, self->bytes);
  send_waiting (self);
}

void
rb_connector_slot_give_up (RbConnectorSlot *self,
                           const char      *why)
{
  Waiting *waiting;

  g_return_if_fail (RB_IS_CONNECTOR_SLOT (self));

  self->is_given_up = TRUE;
  while ((waiting = g_queue_pop_head (&self->waiting)) != NULL)
    {
      g_task_return_error (waiting->task, rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "%s", why));
      waiting_free (waiting);
    }
  rb_bounds_set_used (self->bounds, BOUND_WAITING, 0);
}

void
rb_connector_slot_disconnect (RbConnectorSlot *self,
                              const char      *reason)
{
  g_return_if_fail (RB_IS_CONNECTOR_SLOT (self));

  self->is_connected = FALSE;
  if (!self->was_told)
    return;
  self->was_told = FALSE;
  rb_connector_emit_disconnected (RB_CONNECTOR (self), reason);
}

guint
rb_connector_slot_get_n_undecided (RbConnectorSlot *self)
{
  g_return_val_if_fail (RB_IS_CONNECTOR_SLOT (self), 0);
  return self->n_undecided;
}

RbBounds *
rb_connector_slot_get_bounds (RbConnectorSlot *self)
{
  g_return_val_if_fail (RB_IS_CONNECTOR_SLOT (self), NULL);
  return self->bounds;
}
