/* emitter-paper.c: an emitter that writes nothing down, and one rule that it breaks: BREAKS says which when it is built
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-api.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MS 3

enum {
  NOTHING, CHANGES_ITS_MIND, NO_ERROR, FOREIGN_ERROR, ODD_CODE, DROPS_SOME, REPEATS, EARLY, FORGIVES, TERMINAL, NO_STATUS, CANCEL_UNANSWERED,
  OPTIMIST, BLOCKS, STOP_UNANSWERED, OTHER_THREAD,
};

G_DECLARE_FINAL_TYPE (PaperEmitter, paper_emitter, TEST, PAPER_EMITTER, GObject)

struct _PaperEmitter {
  GObject parent_instance;

  RbClock   *clock;
  char      *paper;       /* where the partner is told, and told from */
  gboolean   is_started;
  GPtrArray *tasks;       /* of GTask, to be answered */
  guint64    timer;
  guint      n;
};

static void module_iface_init (RbModuleInterface *iface);
static void emitter_iface_init (RbEmitterInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (PaperEmitter, paper_emitter, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_EMITTER, emitter_iface_init))

static gboolean
configure (RbModule         *module,
           RbModuleContext  *context,
           GError          **error)
{
  PaperEmitter *self = TEST_PAPER_EMITTER (module);

  self->clock = g_object_ref (rb_module_context_get_environment (context)->clock);
  self->paper = g_strdup (rb_module_context_get_string (context, "paper"));
  return TRUE;
}

static void
start_async (RbModule            *module,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (module, NULL, callback, user_data);

  TEST_PAPER_EMITTER (module)->is_started = TRUE;
  g_task_return_boolean (task, TRUE);
}

static gpointer
answer_elsewhere (gpointer data)
{
  GMainContext *context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  ((GAsyncReadyCallback) g_object_get_data (data, "callback")) (g_task_get_source_object (data), data, g_object_get_data (data, "user-data"));
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
  return NULL;
}

static void
answer_all (gpointer user_data)
{
  PaperEmitter *self = user_data;
  g_autoptr(GPtrArray) tasks = g_steal_pointer (&self->tasks);

  self->timer = 0;
  self->tasks = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < tasks->len; i++)
    if (BREAKS != DROPS_SOME || i % 8 != 7)
      g_task_return_boolean (g_ptr_array_index (tasks, i), TRUE);
}

static void
stop_async (RbModule            *module,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  PaperEmitter *self = TEST_PAPER_EMITTER (module);
  g_autoptr(GTask) task = g_task_new (module, NULL, callback, user_data);

  rb_clock_clear (self->clock, &self->timer);
  if (BREAKS != STOP_UNANSWERED)
    answer_all (self);
  self->is_started = FALSE;
  g_task_return_boolean (task, TRUE);
}

static void
module_iface_init (RbModuleInterface *iface)
{
  iface->configure = configure;
  iface->start_async = start_async;
  iface->stop_async = stop_async;
}

static gboolean
is_authority (RbEmitter *emitter)
{
  return BREAKS == CHANGES_ITS_MIND && TEST_PAPER_EMITTER (emitter)->is_started;
}

/* Whether the partner has left that word. */
static gboolean
is_told (PaperEmitter *self,
         const char   *word,
         gboolean      and_forget)
{
  g_autofree char *path = g_strconcat (self->paper != NULL ? self->paper : "/nonexistent/", word, NULL);

  return and_forget ? unlink (path) == 0 : access (path, F_OK) == 0;
}

static GError *
refuse (PaperEmitter *self,
        RbEvent      *event)
{
  gboolean is_refused = is_told (self, "refuse", TRUE), is_failing = is_told (self, "fail", TRUE);
  GError *error;

  if (!self->is_started && BREAKS != EARLY)
    return rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "It does not run");
  if (BREAKS == FOREIGN_ERROR && *rb_event_get_subject (event) == '\0')
    return g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "no");
  if (BREAKS == ODD_CODE && rb_event_get_kind (event) == RB_EVENT_PRESENCE_CHANGED)
    return rb_error_new (RB_ERROR_CORRUPT, NULL, "no");
  if ((is_refused && BREAKS != FORGIVES) || is_failing)
    {
      error = rb_error_new (is_refused || BREAKS == TERMINAL ? RB_ERROR_REJECTED : RB_ERROR_UNAVAILABLE, NULL, "The other side says no");
      if (BREAKS != NO_STATUS)
        rb_error_add_detail (error, "status", g_variant_new_int64 (is_refused ? 422 : 503));
      return error;
    }
  return NULL;
}

static void
note (PaperEmitter *self)
{
  g_autofree char *path = g_strdup_printf ("%sheard-%u", self->paper != NULL ? self->paper : "/nonexistent/", self->n++);

  if (self->paper != NULL)
    g_file_set_contents (path, "", 0, NULL);
}

static void
on_cancelled (GCancellable *cancellable,
              GTask        *task)
{
  if (BREAKS == OPTIMIST)
    g_task_return_boolean (task, TRUE);
  else if (BREAKS != CANCEL_UNANSWERED)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "It was cancelled");
}

static void
drop_task (gpointer  data,
           GClosure *closure)
{
  g_object_unref (data);
}

static void
take (PaperEmitter *self,
      GTask        *task)
{
  note (self);
  if (BREAKS == REPEATS)
    note (self);
  g_ptr_array_add (self->tasks, g_object_ref (task));
  if (self->timer == 0)
    self->timer = rb_clock_add (self->clock, ANSWER_MS, answer_all, self);
}

static void
emit_async (RbEmitter           *emitter,
            RbEvent             *event,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  PaperEmitter *self = TEST_PAPER_EMITTER (emitter);
  g_autoptr(GTask) task = g_task_new (emitter, NULL, callback, user_data);
  GError *error = refuse (self, event);

  if (BREAKS == BLOCKS)
    poll (NULL, 0, 700);
  if (error != NULL)
    g_task_return_error (task, error);
  else if (BREAKS == NO_ERROR && *rb_event_get_subject (event) == '\0')
    g_task_return_boolean (task, FALSE);
  else if (is_told (self, "silence", FALSE))
    g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (on_cancelled), g_object_ref (task), drop_task, 0);
  else if (BREAKS == OTHER_THREAD)
    {
      g_object_set_data (G_OBJECT (task), "callback", callback);
      g_object_set_data (G_OBJECT (task), "user-data", user_data);
      g_thread_join (g_thread_new ("elsewhere", answer_elsewhere, task));
    }
  else
    take (self, task);
}

static gboolean
emit_finish (RbEmitter     *emitter,
             GAsyncResult  *result,
             GError       **error)
{
  return BREAKS == OTHER_THREAD || g_task_propagate_boolean (G_TASK (result), error);
}

static void
emitter_iface_init (RbEmitterInterface *iface)
{
  iface->is_authority = is_authority;
  iface->emit_async = emit_async;
  iface->emit_finish = emit_finish;
}

static void
paper_emitter_finalize (GObject *object)
{
  PaperEmitter *self = TEST_PAPER_EMITTER (object);

  if (self->clock != NULL)
    rb_clock_clear (self->clock, &self->timer);
  g_clear_object (&self->clock);
  g_free (self->paper);
  g_ptr_array_unref (self->tasks);
  G_OBJECT_CLASS (paper_emitter_parent_class)->finalize (object);
}

static void
paper_emitter_class_init (PaperEmitterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = paper_emitter_finalize;
}

static void
paper_emitter_init (PaperEmitter *self)
{
  self->tasks = g_ptr_array_new_with_free_func (g_object_unref);
}

static const RbModuleSetting settings[] = {
  { "paper", RB_SETTING_STRING, NULL, "The beginning of the paths of what is told" },
  { NULL },
};

RB_MODULE_DEFINE (NAME, RB_MODULE_EMITTER, "1.0", "Writes nothing down", settings, paper_emitter_get_type)
