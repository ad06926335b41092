/* rb-journal-emitter.c: writes events into the systemd journal or into a rotated file
 *
 * GLib speaks the journal's own protocol, so no library of systemd is loaded for it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-api.h"
#include "rb-journal-record.h"

#include <string.h>
#include <unistd.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define MIN_FILE_SIZE 4096
#define MAX_FILES 100

#define RB_TYPE_JOURNAL_EMITTER (rb_journal_emitter_get_type ())
G_DECLARE_FINAL_TYPE (RbJournalEmitter, rb_journal_emitter, RB, JOURNAL_EMITTER, GObject)

struct _RbJournalEmitter {
  GObject parent_instance;

  RbModuleContext *context;
  gboolean         to_journal;
  RbRotatedFile   *file;        /* NULL before start, after stop, and with the journal */
};

static void module_iface_init (RbModuleInterface *iface);
static void emitter_iface_init (RbEmitterInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbJournalEmitter, rb_journal_emitter, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_EMITTER, emitter_iface_init))

static const RbModuleSetting settings[] = {
  { "target", RB_SETTING_STRING, "auto", "auto (the journal where there is one), journal or file" },
  { "file", RB_SETTING_PATH, NULL, "the file; unset: events.log in the account's state directory" },
  { "file-size", RB_SETTING_INTEGER, "4194304", "bytes of a file before it is rotated" },
  { "files", RB_SETTING_INTEGER, "3", "files that are kept, the current one included" },
  { NULL }
};

RB_MODULE_DEFINE ("journal", RB_MODULE_EMITTER, RB_VERSION, "Events in the systemd journal or in a rotated file", settings,
                  rb_journal_emitter_get_type)

static gboolean
check_number (RbModuleContext  *context,
              const char       *key,
              gint64            min,
              gint64            max,
              GError          **error)
{
  gint64 value = rb_module_context_get_integer (context, key);

  if (value >= min && value <= max)
    return TRUE;
  rb_set_error (error, RB_ERROR_INVALID, "bad_setting",
                "[journal] %s: must be from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, key, min, max);
  return FALSE;
}

static gboolean
rb_journal_emitter_configure (RbModule         *module,
                              RbModuleContext  *context,
                              GError          **error)
{
  static const char *const targets[] = { "auto", "journal", "file", NULL };
  RbJournalEmitter *self = RB_JOURNAL_EMITTER (module);
  const char *target = rb_module_context_get_string (context, "target");
  gboolean has_journal = access (JOURNAL_SOCKET, W_OK) == 0;

  if (!g_strv_contains (targets, target))
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "[journal] target: must be 'auto', 'journal' or 'file', not '%s'",
                    target);
      return FALSE;
    }
  if (g_str_equal (target, "journal") && !has_journal)
    {
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "no_journal",
                    "[journal] target: there is no journal here ('%s' is missing)", JOURNAL_SOCKET);
      return FALSE;
    }
  if (!check_number (context, "file-size", MIN_FILE_SIZE, G_MAXINT64, error) ||
      !check_number (context, "files", 1, MAX_FILES, error))
    return FALSE;

  self->to_journal = has_journal && !g_str_equal (target, "file");
  g_set_object (&self->context, context);
  return TRUE;
}

static gboolean
open_file (RbJournalEmitter  *self,
           GError           **error)
{
  const RbModuleEnvironment *environment = rb_module_context_get_environment (self->context);
  const char *own = rb_module_context_get_string (self->context, "file");
  g_autofree char *path = own != NULL ? g_strdup (own) : g_build_filename (environment->state_dir, "events.log", NULL);
  g_autofree char *directory = g_path_get_dirname (path);

  if (!rb_file_make_directory (directory, error))
    return FALSE;
  self->file = rb_rotated_file_new (path, (gsize) rb_module_context_get_integer (self->context, "file-size"),
                                    (guint) rb_module_context_get_integer (self->context, "files"), error);
  return self->file != NULL;
}

static void
rb_journal_emitter_start_async (RbModule            *module,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  RbJournalEmitter *self = RB_JOURNAL_EMITTER (module);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, rb_journal_emitter_start_async);
  if (self->to_journal || open_file (self, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
rb_journal_emitter_stop_async (RbModule            *module,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  RbJournalEmitter *self = RB_JOURNAL_EMITTER (module);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, rb_journal_emitter_stop_async);
  g_clear_pointer (&self->file, rb_rotated_file_free);
  g_task_return_boolean (task, TRUE);
}

static gboolean
finish_boolean (RbModule      *module,
                GAsyncResult  *result,
                GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
write_journal (GPtrArray  *fields,
               GError    **error)
{
  g_autofree GLogField *records = g_new0 (GLogField, fields->len / 2);
  gsize n = 0;

  for (guint i = 0; i + 1 < fields->len; i += 2, n++)
    {
      records[n].key = fields->pdata[i];
      records[n].value = fields->pdata[i + 1];
      records[n].length = -1;
    }
  if (g_log_writer_journald (G_LOG_LEVEL_INFO, records, n, NULL) == G_LOG_WRITER_HANDLED)
    return TRUE;
  rb_set_error (error, RB_ERROR_UNAVAILABLE, "journal_away", "The journal does not take the event");
  return FALSE;
}

static gboolean
write_file (RbJournalEmitter  *self,
            const char        *line,
            GError           **error)
{
  g_autoptr(GError) local_error = NULL;

  if (self->file == NULL)
    {
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "not_started", "The journal module does not run");
      return FALSE;
    }
  if (rb_rotated_file_write (self->file, line, strlen (line), &local_error))
    return TRUE;
  rb_set_error (error, RB_ERROR_UNAVAILABLE, "file_write_failed", "%s", local_error->message);
  return FALSE;
}

static gboolean
write_event (RbJournalEmitter  *self,
             RbEvent           *event,
             GError           **error)
{
  const RbModuleEnvironment *environment = rb_module_context_get_environment (self->context);
  g_autoptr(GPtrArray) fields = NULL;
  g_autofree char *line = NULL;

  if (self->to_journal)
    {
      fields = rb_journal_record_fields (event, environment->account_id, error);
      return fields != NULL && write_journal (fields, error);
    }

  line = rb_journal_record_line (event, environment->account_id, rb_clock_get_wall_ms (environment->clock), error);
  return line != NULL && write_file (self, line, error);
}

static void
rb_journal_emitter_emit_async (RbEmitter           *emitter,
                               RbEvent             *event,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  RbJournalEmitter *self = RB_JOURNAL_EMITTER (emitter);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, rb_journal_emitter_emit_async);
  if (write_event (self, event, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
rb_journal_emitter_emit_finish (RbEmitter     *emitter,
                                GAsyncResult  *result,
                                GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
module_iface_init (RbModuleInterface *iface)
{
  iface->configure = rb_journal_emitter_configure;
  iface->start_async = rb_journal_emitter_start_async;
  iface->start_finish = finish_boolean;
  iface->stop_async = rb_journal_emitter_stop_async;
  iface->stop_finish = finish_boolean;
}

static void
emitter_iface_init (RbEmitterInterface *iface)
{
  iface->emit_async = rb_journal_emitter_emit_async;
  iface->emit_finish = rb_journal_emitter_emit_finish;
}

static void
rb_journal_emitter_dispose (GObject *object)
{
  RbJournalEmitter *self = RB_JOURNAL_EMITTER (object);

  g_clear_object (&self->context);
  g_clear_pointer (&self->file, rb_rotated_file_free);
  G_OBJECT_CLASS (rb_journal_emitter_parent_class)->dispose (object);
}

static void
rb_journal_emitter_class_init (RbJournalEmitterClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = rb_journal_emitter_dispose;
}

static void
rb_journal_emitter_init (RbJournalEmitter *self)
{
}
