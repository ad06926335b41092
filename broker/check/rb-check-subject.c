/* rb-check-subject.c: an instance of the module that is checked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-check-subject.h"

#include "rb-host-settings.h"

#include <string.h>

static char *
replace (const char *text,
         const char *from,
         const char *to)
{
  g_auto(GStrv) parts = g_strsplit (text, from, -1);

  return g_strjoinv (to, parts);
}

gboolean
rb_check_settings_add (RbCheckRun *run,
                       GHashTable *values,
                       const char *assignment)
{
  const char *equals = strchr (assignment, '=');
  g_autofree char *runtime = g_build_filename (rb_check_run_get_directory (run), "runtime.sh", NULL);
  g_autofree char *with_directory = NULL;

  if (equals == NULL)
    return FALSE;

  with_directory = replace (equals + 1, "{dir}", rb_check_run_get_directory (run));
  g_hash_table_insert (values, g_strndup (assignment, equals - assignment), replace (with_directory, "{runtime}", runtime));
  return TRUE;
}

static void
add_file (RbCheckRun *run,
          GHashTable *values,
          const char *path)
{
  const char *group = rb_check_run_get_info (run)->name;
  g_autoptr(GKeyFile) file = g_key_file_new ();
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) keys = NULL;

  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &error))
    rb_check_fail (run, "%s: %s", path, error->message);
  keys = g_key_file_get_keys (file, group, NULL, NULL);
  for (guint i = 0; keys != NULL && keys[i] != NULL; i++)
    {
      g_autofree char *value = g_key_file_get_value (file, group, keys[i], NULL);
      g_autofree char *assignment = g_strconcat (keys[i], "=", value, NULL);

      rb_check_settings_add (run, values, assignment);
    }
}

GHashTable *
rb_check_settings (RbCheckRun *run,
                   GHashTable *extra)
{
  const RbCheckOptions *options = rb_check_run_get_options (run);
  GHashTable *values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iter;
  gpointer key, value;

  for (guint i = 0; options->settings_files != NULL && options->settings_files[i] != NULL; i++)
    add_file (run, values, options->settings_files[i]);
  for (guint i = 0; options->settings != NULL && options->settings[i] != NULL; i++)
    rb_check_settings_add (run, values, options->settings[i]);
  if (extra != NULL)
    {
      g_hash_table_iter_init (&iter, extra);
      while (g_hash_table_iter_next (&iter, &key, &value))
        g_hash_table_insert (values, g_strdup (key), g_strdup (value));
    }
  return values;
}

static void
on_finalized (gpointer  data,
              GObject  *object)
{
  RbCheckSubject *self = data;

  self->finalized = 1;
}

static void
subject_free (gpointer data)
{
  RbCheckSubject *self = data;

  if (self->module != NULL && self->finalized == 0)
    g_object_weak_unref (G_OBJECT (self->module), on_finalized, self);
  g_clear_object (&self->module);
  g_clear_object (&self->context);
  g_free (self);
}

RbCheckSubject *
rb_check_subject_new (RbCheckRun *run,
                      const char *name,
                      GHashTable *settings)
{
  RbCheckSubject *self = g_new0 (RbCheckSubject, 1);
  const RbModuleInfo *info = rb_check_run_get_info (run);
  g_autofree char *data_dir = g_build_filename (rb_check_run_get_directory (run), "data", NULL);
  g_autofree char *state_dir = g_build_filename (data_dir, "runtime-broker", name, NULL);
  RbModuleEnvironment environment = { .clock = rb_check_run_get_clock (run), .account_id = name, .runtime_token = "check-token",
                                      .data_dir = data_dir, .state_dir = state_dir, .product_version = RB_VERSION,
                                      .client_version = RB_VERSION, .spawn = { .log_max_bytes = 1 << 20, .no_units = TRUE } };

  g_mkdir_with_parents (state_dir, 0700);
  self->run = run;
  self->context = rb_module_context_new (info, &environment, settings);
  self->module = g_object_new (info->get_type (), NULL);
  g_object_weak_ref (G_OBJECT (self->module), on_finalized, self);
  rb_check_run_keep (run, self, subject_free);
  return self;
}

void
rb_check_subject_configure (RbCheckSubject *self)
{
  g_autoptr(GError) error = NULL;

  if (!rb_module_configure (self->module, self->context, &error))
    rb_check_fail (self->run, "'configure' failed: %s", error != NULL ? error->message : "without an error");
}

static gboolean
finish_start (RbCheckAnswer *answer,
              GObject       *source,
              GAsyncResult  *result)
{
  return rb_module_start_finish (RB_MODULE (source), result, &answer->error);
}

static gboolean
finish_stop (RbCheckAnswer *answer,
             GObject       *source,
             GAsyncResult  *result)
{
  return rb_module_stop_finish (RB_MODULE (source), result, &answer->error);
}

RbCheckAnswer *
rb_check_subject_start_async (RbCheckSubject *self,
                              GCancellable   *cancellable)
{
  RbCheckAnswer *answer = rb_check_answer_new (self->run, "start", finish_start);
  gint64 before = g_get_monotonic_time ();

  rb_module_start_async (self->module, cancellable, rb_check_answer_callback, answer);
  answer->inside_us = g_get_monotonic_time () - before;
  return answer;
}

RbCheckAnswer *
rb_check_subject_stop_async (RbCheckSubject *self)
{
  RbCheckAnswer *answer = rb_check_answer_new (self->run, "stop", finish_stop);
  gint64 before = g_get_monotonic_time ();

  rb_module_stop_async (self->module, NULL, rb_check_answer_callback, answer);
  answer->inside_us = g_get_monotonic_time () - before;
  return answer;
}

void
rb_check_subject_start (RbCheckSubject *self)
{
  rb_check_answer_succeed (rb_check_subject_start_async (self, NULL));
}

void
rb_check_subject_stop (RbCheckSubject *self)
{
  rb_check_answer_succeed (rb_check_subject_stop_async (self));
}

gboolean
rb_check_subject_drop (RbCheckSubject *self)
{
  gint64 until = g_get_monotonic_time () + G_TIME_SPAN_SECOND;

  if (self->finalized != 0 || self->module == NULL)
    return TRUE;
  g_object_unref (g_steal_pointer (&self->module));
  g_clear_object (&self->context);
  while (self->finalized == 0 && g_get_monotonic_time () < until)
    rb_check_turn_once (self->run);
  return self->finalized != 0;
}
