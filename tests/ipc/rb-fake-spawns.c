/* rb-fake-spawns.c: what a person does with runtimes, of the core that records
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-fake-core.h"
#include "rb-runtimes.h"
#include "rb-spawn-operator.h"

#include <unistd.h>

/* These too take the place of the real ones at link time (rb-fake-core.h). */

GVariant *
rb_view_spawns (RbCore  *core,
                gboolean prompts)
{
  return g_variant_new_parsed (prompts ? "[{'id': <'s1'>, 'prompt': <'do it'>}]" : "[{'id': <'s1'>}]");
}

static const char *log_file;
static const char *log_unit;

void
rb_fake_core_set_log (const char *file,
                      const char *unit)
{
  log_file = file;
  log_unit = unit;
}

GVariant *
rb_view_runtimes (RbCore  *core,
                  gboolean all)
{
  GVariantDict dict;

  if (log_file == NULL && log_unit == NULL)
    return g_variant_new_parsed (all ? "[{'id': <'r1'>}, {'id': <'r0'>}]" : "[{'id': <'r1'>}]");
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "id", "s", "r1");
  g_variant_dict_insert (&dict, "pid", "x", (gint64) getpid ());
  if (log_file != NULL)
    g_variant_dict_insert (&dict, "log_file", "s", log_file);
  if (log_unit != NULL)
    g_variant_dict_insert (&dict, "unit", "s", log_unit);
  return g_variant_new_parsed ("[%@a{sv}]", g_variant_dict_end (&dict));
}

static void
answer (RbCore             *core,
        const char         *what,
        const char         *token,
        gboolean            always,
        GAsyncReadyCallback callback,
        gpointer            user_data)
{
  g_autofree char *text = g_strdup_printf ("%s %s%s", what, token, always ? " always" : "");

  rb_fake_core_call (core, callback, user_data, text);
}

void
rb_spawn_approve_async (RbCore             *core,
                        const char         *token,
                        gboolean            always,
                        GAsyncReadyCallback callback,
                        gpointer            user_data)
{
  answer (core, "approve", token, always, callback, user_data);
}

void
rb_spawn_deny_async (RbCore             *core,
                     const char         *token,
                     gboolean            always,
                     GAsyncReadyCallback callback,
                     gpointer            user_data)
{
  answer (core, "deny", token, always, callback, user_data);
}

gboolean
rb_spawn_answer_finish (RbCore       *core,
                        GAsyncResult *result,
                        GError      **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
rb_spawn_by_hand_async (RbCore             *core,
                        const char         *kind,
                        const char         *prompt,
                        const char         *directory,
                        GAsyncReadyCallback callback,
                        gpointer            user_data)
{
  g_autofree char *text = g_strdup_printf ("spawn %s '%s' %s", kind, prompt, directory != NULL ? directory : "-");

  rb_fake_core_call (core, callback, user_data, text);
}

char *
rb_spawn_by_hand_finish (RbCore       *core,
                         GAsyncResult *result,
                         GError      **error)
{
  return g_task_propagate_boolean (G_TASK (result), error) ? g_strdup ("r2") : NULL;
}

void
rb_runtime_stop_async (RbCore             *core,
                       const char         *token,
                       GAsyncReadyCallback callback,
                       gpointer            user_data)
{
  answer (core, "stop", token, FALSE, callback, user_data);
}

gboolean
rb_runtime_stop_finish (RbCore       *core,
                        GAsyncResult *result,
                        GError      **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
