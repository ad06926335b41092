/* rb-host-swap.c: one connector makes way for another while the broker runs
 *
 * The new one is loaded and configured first, and so is another instance of the old one, so that there is a way back; what cannot be
 * loaded or configured costs nobody anything. Then the slot closes, what is under way comes to its end, and only then the old one is
 * stopped: its successor never hears of a sequence number that is not its own. What is sent meanwhile waits in the slot. The table in
 * rb-swap-state.c says what follows from what.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-host-private.h"
#include "rb-swap-state.h"

#include "rb-backoff.h"

#define DRAIN_MS 3000        /* what is undecided by then keeps the old connector */
#define LINK_MS 2000         /* for the link of the new one, if the old one had one */
#define LIFE_MS 5000         /* a start or a stop that somebody waits for, at most; the deadline of calls if that is shorter */
#define RETRY_MS 1000        /* the old one is tried again, when it does not start either */
#define RETRY_MAX_MS 30000

struct _RbHostSwap {
  RbHost      *host;          /* owns us */
  RbSwapState  state;
  GTask       *task;          /* (nullable) who asked, until told */
  RbHostEntry *next;          /* (nullable) until it is put */
  RbHostEntry *spare;         /* (nullable) of the old one, likewise */
  char        *from;          /* names of modules */
  char        *to;
  char        *old_name;      /* as the old one was asked for, and what with, for further instances */
  GHashTable  *old_values;
  gboolean     old_required;
  RbGuard     *awaited;       /* (nullable) is starting or stopping, for us; borrowed, compared only */
  gboolean     is_stopping;   /* @awaited */
  gboolean     delays_stop;   /* the host stops when @awaited has */
  gboolean     had_link;      /* the old one */
  gboolean     is_exchanged;  /* another instance is in the slot, and nobody was told yet */
  gint64       began_us;
  gint64       closed_us;     /* 0: not closed yet */
  gint64       closed_ms;     /* how long it was */
  guint64      timer;
  RbSwapEvent  due;           /* when it ends */
  char        *trouble;       /* (nullable) why the old one did not stop as it should */
  char        *why;           /* (nullable) why the new one did not start */
  char        *why_back;      /* (nullable) why the old one did not start again */
  RbBackoff    backoff;
};

static void step (RbHostSwap *self, RbSwapEvent event);

static void
clear_entry (RbHostEntry **entry)
{
  if (*entry != NULL)
    rb_host_entry_free (*entry);
  *entry = NULL;
}

/* By now the slot calls it no more: it was opened, or nothing was asked of it. Another one's callbacks may be there. */
static void
swap_free (RbHostSwap *self)
{
  rb_clock_clear (self->host->environment.clock, &self->timer);
  g_clear_object (&self->task);
  clear_entry (&self->next);
  clear_entry (&self->spare);
  g_free (self->from);
  g_free (self->to);
  g_free (self->old_name);
  g_clear_pointer (&self->old_values, g_hash_table_unref);
  g_free (self->trouble);
  g_free (self->why);
  g_free (self->why_back);
  g_free (self);
}

void
rb_host_drop_swap (RbHost *self)
{
  if (self->swap == NULL)
    return;
  rb_connector_slot_forget (self->slot);
  g_clear_pointer (&self->swap, swap_free);
}

static gint64
get_life_ms (RbHost *host)
{
  return MIN (LIFE_MS, host->call_timeout_ms);
}

static gint64
since_ms (RbHostSwap *self,
          gint64      then_us)
{
  return (rb_clock_get_monotonic_us (self->host->environment.clock) - then_us) / 1000;
}

/* What a module answered that is not waited for any more is nobody's business: the start, too, that ends because the same one is stopped. */
static RbHostSwap *
get_waiting (RbHost   *host,
             GObject  *source,
             gboolean  has_stopped)
{
  RbHostSwap *self = host->swap;

  if (self == NULL || (GObject *) self->awaited != source || self->is_stopping != has_stopped)
    return NULL;
  self->awaited = NULL;
  self->is_stopping = FALSE;
  return self;
}

static void
on_module_stopped (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr(RbHost) host = user_data;
  RbHostSwap *self = get_waiting (host, source, TRUE);
  const char *name = rb_guard_get_info (RB_GUARD (source))->name;
  g_autoptr(GError) error = NULL;

  if (rb_module_stop_finish (RB_MODULE (source), result, &error))
    rb_log_info ("module_stopped", "module", name, NULL);
  else
    rb_log_warning ("module_stop_failed", "module", name, "reason", error->message, NULL);
  if (self == NULL)
    return;

  if (error != NULL && self->state == RB_SWAP_STOPPING)
    self->trouble = g_strdup (error->message);
  if (!self->delays_stop)
    {
      step (self, RB_SWAP_STOPPED);
      return;
    }
  step (self, RB_SWAP_ABORT);
  rb_host_stop_rest (host);
}

static void
stop_module (RbHostSwap *self)
{
  RbGuard *guard = rb_host_get_connector_entry (self->host)->guard;

  rb_guard_hurry (guard, get_life_ms (self->host));
  self->awaited = guard;
  self->is_stopping = TRUE;
  rb_module_stop_async (RB_MODULE (guard), NULL, on_module_stopped, g_object_ref (self->host));
}

static void
on_module_started (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr(RbHost) host = user_data;
  RbHostSwap *self = get_waiting (host, source, FALSE);
  const char *name = rb_guard_get_info (RB_GUARD (source))->name;
  g_autoptr(GError) error = NULL;
  char **why;

  if (rb_module_start_finish (RB_MODULE (source), result, &error))
    rb_log_info ("module_started", "module", name, NULL);
  else
    rb_log_warning ("module_start_failed", "module", name, "reason", error->message, NULL);
  if (self == NULL)
    return;

  if (error != NULL)
    {
      why = self->state == RB_SWAP_STARTING ? &self->why : &self->why_back;
      g_free (*why);
      *why = g_strdup (error->message);
    }
  step (self, error == NULL ? RB_SWAP_STARTED : RB_SWAP_FAILED);
  rb_host_changed (host);
}

static void
start_module (RbHostSwap   *self,
              RbHostEntry **entry)
{
  RbGuard *guard = (*entry)->guard;

  rb_host_put_connector (self->host, g_steal_pointer (entry));
  self->is_exchanged = TRUE;
  self->awaited = guard;
  rb_module_start_async (RB_MODULE (guard), NULL, on_module_started, g_object_ref (self->host));
  rb_host_changed (self->host);
}

static void
on_due (gpointer user_data)
{
  RbHostSwap *self = user_data;

  self->timer = 0;
  step (self, self->due == RB_SWAP_SLOW && rb_connector_slot_get_n_undecided (self->host->slot) > 0 ? RB_SWAP_STUCK : self->due);
}

static void
wait_for (RbHostSwap  *self,
          gint64       ms,
          RbSwapEvent  due)
{
  self->due = due;
  self->timer = rb_clock_add (self->host->environment.clock, ms, on_due, self);
}

static void
on_quiet (gpointer user_data)
{
  RbHostSwap *self = user_data;

  rb_clock_clear (self->host->environment.clock, &self->timer);
  step (self, RB_SWAP_QUIET);
}

static void
close_slot (RbHostSwap *self)
{
  self->closed_us = rb_clock_get_monotonic_us (self->host->environment.clock);
  self->had_link = rb_connector_slot_has_link (self->host->slot);
  wait_for (self, DRAIN_MS, RB_SWAP_SLOW);
  rb_connector_slot_close (self->host->slot, on_quiet, self);
}

static void
stop_old (RbHostSwap *self)
{
  g_autofree char *reason = g_strdup_printf ("connector '%s' makes way for '%s'", self->from, self->to);

  rb_connector_slot_close (self->host->slot, NULL, NULL);
  rb_connector_slot_disconnect (self->host->slot, reason);
  stop_module (self);
}

static void
start_new (RbHostSwap *self)
{
  rb_guard_hurry (self->next->guard, get_life_ms (self->host));
  start_module (self, &self->next);
}

static RbHostEntry *
make_spare (RbHostSwap  *self,
            GError     **error)
{
  RbHostEntry *entry = rb_host_entry_new (RB_MODULE_CONNECTOR, self->old_name, self->old_required);

  if (rb_host_fill_entry (self->host, entry, self->old_values, NULL, NULL, error))
    return entry;
  rb_host_entry_free (entry);
  return NULL;
}

/* Its network may be away just now: it has all the time it had at the broker's start, and who asked need not wait for it. */
static void
start_old (RbHostSwap *self)
{
  g_autoptr(GError) error = NULL;

  if (self->spare == NULL)
    self->spare = make_spare (self, &error);
  if (self->spare == NULL)
    {
      g_free (self->why_back);
      self->why_back = g_strdup (error->message);
      step (self, RB_SWAP_FAILED);
      return;
    }
  rb_guard_be_patient (self->spare->guard);
  if (self->task != NULL)
    wait_for (self, get_life_ms (self->host), RB_SWAP_LATE);
  start_module (self, &self->spare);
}

static void
on_linked (RbSlotLink  link,
           const char *reason,
           gpointer    user_data)
{
  RbHostSwap *self = user_data;

  if (link == RB_SLOT_INCOMPATIBLE && self->why == NULL)
    self->why = g_strdup (reason);
  step (self, link == RB_SLOT_INCOMPATIBLE ? RB_SWAP_FAILED : RB_SWAP_LINKED);
}

/* What was sent by way of a link is not refused because the next one takes a moment. */
static void
await_link (RbHostSwap *self)
{
  if (!self->had_link)
    {
      step (self, RB_SWAP_LINKED);
      return;
    }
  wait_for (self, LINK_MS, RB_SWAP_LINKED);
  rb_connector_slot_await_link (self->host->slot, on_linked, self);
}

static void
open_slot (RbHostSwap *self)
{
  if (self->is_exchanged)
    rb_host_exchanged (self->host);
  self->is_exchanged = FALSE;
  if (self->closed_us != 0)
    self->closed_ms = since_ms (self, self->closed_us);
  rb_connector_slot_open (self->host->slot);
}

static void
accept_wish (RbHostSwap *self)
{
  g_autoptr(GTask) task = g_steal_pointer (&self->task);
  g_autofree char *took = g_strdup_printf ("%" G_GINT64_FORMAT, since_ms (self, self->began_us));
  GVariantDict dict;

  rb_log_message ("connector_swapped", "from", self->from, "to", self->to, "ms", took, "trouble", self->trouble, NULL);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "connector", "s", self->to);
  g_variant_dict_insert (&dict, "before", "s", self->from);
  g_variant_dict_insert (&dict, "restarted", "b", g_str_equal (self->from, self->to));
  g_variant_dict_insert (&dict, "took_ms", "x", since_ms (self, self->began_us));
  g_variant_dict_insert (&dict, "closed_ms", "x", self->closed_ms);
  if (self->trouble != NULL)
    g_variant_dict_insert (&dict, "trouble", "s", self->trouble);
  g_task_return_pointer (task, g_variant_ref_sink (g_variant_dict_end (&dict)), (GDestroyNotify) g_variant_unref);
}

/* What was asked for did not happen: why, and what runs instead. */
static GError *
explain (RbHostSwap  *self,
         RbSwapEvent  event)
{
  if (event == RB_SWAP_ABORT)
    return rb_error_new (RB_ERROR_UNAVAILABLE, "broker_shutting_down", "The broker stops; connector '%s' is not used", self->to);
  if (event == RB_SWAP_STUCK)
    return rb_error_new (RB_ERROR_BAD_STATE, "connector_busy", "Connector '%s' stays: %u of its messages are still being decided on after %d s",
                         self->from, rb_connector_slot_get_n_undecided (self->host->slot), DRAIN_MS / 1000);
  if (self->state == RB_SWAP_OVER)
    return rb_error_new (RB_ERROR_BAD_STATE, "connector_not_started", "Connector '%s' did not start: %s; '%s' runs again", self->to,
                         self->why, self->from);
  if (event == RB_SWAP_LATE)
    return rb_error_new (RB_ERROR_BAD_STATE, "connector_not_started", "Connector '%s' did not start: %s; '%s' is starting again", self->to,
                         self->why, self->from);
  return rb_error_new (RB_ERROR_BAD_STATE, "connector_lost",
                       "Connector '%s' did not start: %s; nor did '%s' again: %s; it is tried again", self->to, self->why, self->from,
                       self->why_back);
}

static void
refuse_wish (RbHostSwap *self,
             GError     *reason)
{
  g_autoptr(GTask) task = g_steal_pointer (&self->task);
  g_autoptr(GError) error = reason;

  if (task == NULL)
    return;
  rb_log_warning ("connector_swap_failed", "from", self->from, "to", self->to, "reason", error->message, NULL);
  g_task_return_error (task, g_steal_pointer (&error));
}

/* What is left of the failed start is ended first; that has a deadline of its own. */
static void
try_later (RbHostSwap *self)
{
  gint64 wait_ms = rb_backoff_next (&self->backoff);
  g_autofree char *shown = g_strdup_printf ("%" G_GINT64_FORMAT, wait_ms);

  rb_log_warning ("connector_start_again_later", "module", self->from, "ms", shown, "reason", self->why_back, NULL);
  rb_connector_slot_disconnect (self->host->slot, self->why_back);
  rb_module_stop_async (RB_MODULE (rb_host_get_connector_entry (self->host)->guard), NULL, NULL, NULL);
  wait_for (self, wait_ms, RB_SWAP_RETRY);
}

/* Who hears that it is over may ask for the next one at once. */
static void
finish (RbHostSwap  *self,
        RbSwapEvent  event,
        RbSwapTodo   todo)
{
  GError *reason = (todo & RB_SWAP_REFUSE) != 0 ? explain (self, event) : NULL;
  gboolean is_over = self->state == RB_SWAP_OVER;

  if (is_over)
    self->host->swap = NULL;
  if ((todo & RB_SWAP_ACCEPT) != 0)
    accept_wish (self);
  if (reason != NULL)
    refuse_wish (self, reason);
  if (is_over)
    swap_free (self);
}

static void
step (RbHostSwap  *self,
      RbSwapEvent  event)
{
  g_autoptr(RbHost) host = g_object_ref (self->host);
  RbSwapTodo todo;

  if (!rb_swap_state_step (self->state, event, &self->state, &todo))
    return;

  rb_log_debug ("connector_swap_step", "state", rb_swap_state_to_string (self->state), NULL);
  rb_clock_clear (host->environment.clock, &self->timer);
  if ((todo & RB_SWAP_OPEN) != 0)
    open_slot (self);
  if ((todo & RB_SWAP_TRY_LATER) != 0)
    try_later (self);
  if ((todo & (RB_SWAP_ACCEPT | RB_SWAP_REFUSE)) != 0 || self->state == RB_SWAP_OVER)
    finish (self, event, todo);
  /* Each of these is alone, and may end in the next step. */
  else if ((todo & RB_SWAP_CLOSE) != 0)
    close_slot (self);
  else if ((todo & RB_SWAP_STOP_OLD) != 0)
    stop_old (self);
  else if ((todo & RB_SWAP_START_NEW) != 0)
    start_new (self);
  else if ((todo & RB_SWAP_STOP_NEW) != 0)
    stop_module (self);
  else if ((todo & RB_SWAP_START_OLD) != 0)
    start_old (self);
  else if ((todo & RB_SWAP_AWAIT_LINK) != 0)
    await_link (self);
}

/* Nobody waits for what is under way, if anything is. */
static gboolean
may_begin (RbHost  *self,
           GError **error)
{
  if (self->order == NULL || self->stop_task != NULL || rb_host_get_connector_entry (self) == NULL)
    {
      rb_set_error (error, RB_ERROR_BAD_STATE, "connector_busy", "The modules are not running");
      return FALSE;
    }
  if (self->swap != NULL && self->swap->task != NULL)
    {
      rb_set_error (error, RB_ERROR_BAD_STATE, "connector_busy", "Connector '%s' is making way for '%s' already", self->swap->from,
                    self->swap->to);
      return FALSE;
    }
  return TRUE;
}

/* NULL: it cannot be loaded or configured. */
static RbHostSwap *
prepare (RbHost              *host,
         const char          *name,
         RbHostSettingsFunc   settings,
         gpointer             settings_data,
         GError             **error)
{
  RbHostEntry *old = rb_host_get_connector_entry (host);
  RbHostSwap *self = g_new0 (RbHostSwap, 1);

  self->host = host;
  self->began_us = rb_clock_get_monotonic_us (host->environment.clock);
  self->from = g_strdup (rb_guard_get_info (old->guard)->name);
  self->old_name = g_strdup (old->name);
  self->old_values = g_hash_table_ref (old->values);
  self->old_required = old->required;
  rb_backoff_init (&self->backoff, RETRY_MS, RETRY_MAX_MS);
  self->next = rb_host_entry_new (RB_MODULE_CONNECTOR, name, old->required);
  if (rb_host_fill_entry (host, self->next, NULL, settings, settings_data, error) && (self->spare = make_spare (self, error)) != NULL)
    {
      self->to = g_strdup (rb_guard_get_info (self->next->guard)->name);
      return self;
    }
  swap_free (self);
  return NULL;
}

/**
 * rb_host_use_connector_async:
 * @self: a host that was started
 * @name: as for rb_host_load(); the one that runs is stopped and started again, with the settings that it has now
 * @settings: (nullable): its settings
 * @settings_data: for @settings, used at once
 * @callback: called when it runs, or the old one does again
 * @user_data: for @callback
 *
 * Fails as rb_host_load() does, before anything was stopped; with %RB_ERROR_BAD_STATE and the reasons "connector_busy" (another exchange
 * is under way, or messages stayed undecided: the old one goes on), "connector_not_started" (the old one runs again, or is on its way) or
 * "connector_lost" (neither starts; the old one is tried again and again).
 */
void
rb_host_use_connector_async (RbHost              *self,
                             const char          *name,
                             RbHostSettingsFunc   settings,
                             gpointer             settings_data,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);
  GError *error = NULL;
  RbHostSwap *swap;

  g_return_if_fail (RB_IS_HOST (self));
  g_return_if_fail (name != NULL);

  g_task_set_source_tag (task, rb_host_use_connector_async);
  swap = may_begin (self, &error) ? prepare (self, name, settings, settings_data, &error) : NULL;
  if (swap == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  rb_host_drop_swap (self);
  self->swap = swap;
  swap->task = g_steal_pointer (&task);
  rb_log_message ("connector_swap_begins", "from", swap->from, "to", swap->to, NULL);
  step (swap, RB_SWAP_BEGIN);
}

GVariant *
rb_host_use_connector_finish (RbHost        *self,
                              GAsyncResult  *result,
                              GError       **error)
{
  g_return_val_if_fail (RB_IS_HOST (self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
rb_host_swap_delays_stop (RbHost *self)
{
  if (self->swap == NULL)
    return FALSE;
  if (self->swap->is_stopping)
    {
      self->swap->delays_stop = TRUE;
      return TRUE;
    }
  step (self->swap, RB_SWAP_ABORT);
  return FALSE;
}

void
rb_host_end_exchange (RbHost *self)
{
  g_return_if_fail (RB_IS_HOST (self));

  if (self->swap == NULL)
    return;
  if (!self->swap->is_stopping)
    step (self->swap, RB_SWAP_ABORT);
  rb_connector_slot_give_up (self->slot, "The broker stops while its connector is exchanged");
}
