/* rb-control.c: the upstream asks for something: control events, each answered once it is so
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-control.h"

#include "rb-control-handlers.h"
#include "rb-dict.h"
#include "rb-error.h"
#include "rb-log.h"

/* Events that concern the same endpoint or the same row stand in line, one after the other; all others proceed side by side (IMP-66). A
 * run leaves its lines when what it decides is decided, which is long before an adapter's receipt: no event waits for an adapter. */
struct _RbControlRun {
  char       *key;
  const RbControlHandler *handler;
  GVariant   *event;
  GStrv       lines;       /* where it stands; NULL: in none, any more */
  guint       n_ahead;     /* lines in which another is before it */
  gboolean    is_begun;
  guint       n_acks;      /* one, and one for each that came with the same key meanwhile */
};

struct _RbControl {
  RbControlKeys *keys;
  GHashTable    *runs;       /* key (the run's) to RbControlRun, owned */
  GHashTable    *lines;      /* name to GQueue of RbControlRun, first first */
  GQueue         ready;      /* of RbControlRun: nobody is ahead any more */
  gboolean       is_beginning;
};

static void
run_free (RbControlRun *run)
{
  g_free (run->key);
  g_clear_pointer (&run->event, g_variant_unref);
  g_strfreev (run->lines);
  g_free (run);
}

static void
on_acked (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  static const char *const failures[2][2] = {
    { "ack_post_error", "ack_post_failed" },
    { "post_control_ack_error", "post_control_ack_non_ok" },
  };
  gboolean is_later = GPOINTER_TO_INT (user_data);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = rb_upstream_call_finish (RB_UPSTREAM (source), result, &error);
  GVariant *details = error != NULL ? rb_error_get_details (error) : NULL;
  gboolean is_answered = details != NULL && g_variant_lookup (details, "status", "x", NULL);

  if (answer == NULL)
    rb_log_warning (failures[is_later][is_answered], "err", error->message, NULL);
}

void
rb_control_ack (RbCore     *core,
                const char *key,
                const char *status,
                const char *detail,
                gboolean    is_later)
{
  GVariantDict arguments;

  g_variant_dict_init (&arguments, NULL);
  rb_dict_put_text (&arguments, "idempotency_key", key);
  rb_dict_put_text (&arguments, "status", status);
  rb_dict_put_text (&arguments, "detail", detail);
  rb_upstream_call_async (core->upstream, RB_UPSTREAM_CONTROL_ACK, g_variant_dict_end (&arguments), NULL, on_acked,
                          GINT_TO_POINTER (!!is_later));
}

static void
answer (RbCore     *core,
        const char *key,
        const char *status,
        const char *detail)
{
  rb_control_ack (core, key, status, detail, FALSE);
}

/* Runs one after the other, however deep in a finished one we are. */
static void
begin_ready (RbCore *core)
{
  RbControl *self = core->control;
  RbControlRun *run;

  if (self->is_beginning)
    return;

  self->is_beginning = TRUE;
  while ((run = g_queue_pop_head (&self->ready)) != NULL)
    {
      run->is_begun = TRUE;
      run->handler->handle (core, run, run->event);
    }
  self->is_beginning = FALSE;
}

static void
stand_in_line (RbControl    *self,
               RbControlRun *run)
{
  for (guint i = 0; run->lines[i] != NULL; i++)
    {
      GQueue *line = g_hash_table_lookup (self->lines, run->lines[i]);

      if (line == NULL)
        {
          line = g_queue_new ();
          g_hash_table_insert (self->lines, g_strdup (run->lines[i]), line);
        }
      if (!g_queue_is_empty (line))
        run->n_ahead++;
      g_queue_push_tail (line, run);
    }
}

void
rb_control_release (RbCore   *core,
                    gpointer  data)
{
  RbControl *self = core->control;
  RbControlRun *run = data;
  g_auto(GStrv) lines = g_steal_pointer (&run->lines);

  for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
    {
      GQueue *line = g_hash_table_lookup (self->lines, lines[i]);
      RbControlRun *next;

      g_queue_remove (line, run);
      next = g_queue_peek_head (line);
      if (next == NULL)
        g_hash_table_remove (self->lines, lines[i]);
      else if (--next->n_ahead == 0)
        g_queue_push_tail (&self->ready, next);
    }
  begin_ready (core);
}

/* Everybody who asked is answered. What failed because we are being restarted did not fail: it comes again. @error: NULL on success */
static void
end (RbCore       *core,
     RbControlRun *run,
     const GError *error)
{
  const RbControlHandler *handler = run->handler;
  g_autofree char *key = g_strdup (run->key);

  for (guint i = 0; i < run->n_acks && (error == NULL || !core->is_restarting); i++)
    answer (core, key, error != NULL ? "failed" : handler->success, error != NULL ? error->message : NULL);
  g_hash_table_remove (core->control->runs, key);
  if (error == NULL && handler->acknowledged != NULL)
    handler->acknowledged (core, key);
}

static void
on_remembered (RbCore       *core,
               const GError *error,
               gpointer      user_data)
{
  RbControlRun *run = user_data;

  if (error != NULL)
    rb_control_keys_remove (core->control->keys, run->key);
  end (core, run, error);
}

/* Whatever the handler changed was committed before this. */
void
rb_control_finish (RbCore       *core,
                   RbControlRun *run,
                   const GError *error)
{
  RbChanges *changes;

  rb_control_release (core, run);
  if (error != NULL)
    {
      end (core, run, error);
      return;
    }

  changes = rb_changes_new ();
  rb_control_keys_add (core->control->keys, run->key, changes);
  rb_core_commit (core, changes, on_remembered, run);
}

void
rb_control_drop (RbCore       *core,
                 RbControlRun *run)
{
  g_autofree char *key = g_strdup (run->key);

  rb_control_release (core, run);
  g_hash_table_remove (core->control->runs, key);
}

void
rb_control_remember (RbCore     *core,
                     const char *key,
                     RbChanges  *changes)
{
  rb_control_keys_add (core->control->keys, key, changes);
}

void
rb_control_forget (RbCore     *core,
                   const char *key)
{
  rb_control_keys_remove (core->control->keys, key);
}

const char *
rb_control_run_get_key (const RbControlRun *run)
{
  return run->key;
}

static void
add_run (RbCore                 *core,
         const char             *key,
         const RbControlHandler *handler,
         GVariant               *event)
{
  RbControl *self = core->control;
  RbControlRun *run = g_new0 (RbControlRun, 1);

  run->key = g_strdup (key);
  run->handler = handler;
  run->event = g_variant_ref (event);
  run->lines = handler->dup_lines (event);
  run->n_acks = 1;
  g_hash_table_insert (self->runs, run->key, run);
  rb_bounds_note (core->bounds, RB_CORE_BOUND_CONTROL_EVENTS, g_hash_table_size (self->runs));
  stand_in_line (self, run);
  if (run->n_ahead == 0)
    g_queue_push_tail (&self->ready, run);
  begin_ready (core);
}

/* What a person's answer brought about is remembered without a run of its own, and may not be durable yet (rb_control_remember()). Should it never
 * be, nothing is said: it comes again. */
static void
on_known_durable (RbCore       *core,
                  const GError *error,
                  gpointer      user_data)
{
  g_autofree char *key = user_data;

  if (error == NULL && rb_control_keys_contains (core->control->keys, key))
    answer (core, key, "applied", NULL);
}

static void
dispatch (RbCore     *core,
          const char *key,
          const char *type,
          GVariant   *event)
{
  const RbControlHandler *handler = rb_control_handler_lookup (type);
  RbControlRun *same = g_hash_table_lookup (core->control->runs, key);

  if (same != NULL)
    same->n_acks++;
  else if (rb_control_keys_contains (core->control->keys, key))
    rb_core_commit (core, rb_changes_new (), on_known_durable, g_strdup (key));
  else if (handler != NULL && g_hash_table_size (core->control->runs) >= RB_CONTROL_RUNS_MAX)
    {
      rb_bounds_reached (core->bounds, RB_CORE_BOUND_CONTROL_EVENTS);
      answer (core, key, "failed", "too_many_control_events");
    }
  else if (handler != NULL)
    add_run (core, key, handler, event);
  else
    {
      g_autofree char *detail = g_strconcat ("no_handler:", type, NULL);

      answer (core, key, "failed", detail);
    }
}

/* A broker that stops answers nothing new; the event comes again. */
static void
on_control (RbUpstream *upstream,
            GVariant   *event,
            RbCore     *core)
{
  const char *key, *type;

  if (core->is_stopping || !g_variant_lookup (event, "idempotency_key", "&s", &key) || !g_variant_lookup (event, "type", "&s", &type))
    return;

  dispatch (core, key, type, event);
}

RbControl *
rb_control_new (void)
{
  RbControl *self = g_new0 (RbControl, 1);

  self->keys = rb_control_keys_new (RB_CONTROL_KEYS_MAX);
  self->runs = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) run_free);
  self->lines = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_queue_free);
  g_queue_init (&self->ready);
  return self;
}

void
rb_control_free (RbControl *self)
{
  rb_control_keys_free (self->keys);
  g_queue_clear (&self->ready);
  g_hash_table_unref (self->lines);
  g_hash_table_unref (self->runs);
  g_free (self);
}

guint
rb_control_get_n_runs (const RbControl *self)
{
  return g_hash_table_size (self->runs);
}

guint
rb_control_get_n_keys (const RbControl *self)
{
  return rb_control_keys_get_n (self->keys);
}

void
rb_control_set_bounds (RbControl *self,
                       RbBounds  *bounds)
{
  rb_control_keys_set_bounds (self->keys, bounds);
}

void
rb_control_watch (RbCore *core)
{
  g_signal_connect (core->upstream, "control", G_CALLBACK (on_control), core);
}

static gboolean
is_waiting (gpointer key,
            gpointer value,
            gpointer user_data)
{
  RbControlRun *run = value;
  RbControl *self = user_data;

  if (run->is_begun)
    return FALSE;
  for (guint i = 0; run->lines[i] != NULL; i++)
    g_queue_remove (g_hash_table_lookup (self->lines, run->lines[i]), run);
  return TRUE;
}

void
rb_control_stop (RbCore *core)
{
  g_queue_clear (&core->control->ready);
  g_hash_table_foreach_remove (core->control->runs, is_waiting, core->control);
}

void
rb_control_load (RbControl *self,
                 GVariant  *row)
{
  rb_control_keys_load (self->keys, row);
}

void
rb_control_foreach_key (RbCore           *core,
                        RbControlKeyFunc  func,
                        gpointer          user_data)
{
  GHashTableIter iter;
  gpointer key;

  rb_control_keys_foreach (core->control->keys, func, user_data);
  g_hash_table_iter_init (&iter, core->control->runs);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    func (key, user_data);
}

const char *
rb_control_get_state (RbCore     *core,
                      const char *key)
{
  const RbControlRun *run = g_hash_table_lookup (core->control->runs, key);

  if (run != NULL)
    return run->is_begun ? "running" : "waiting";
  return rb_control_keys_contains (core->control->keys, key) ? "done" : NULL;
}
