/* rb-command-driver.c: starts any configured program as a runtime
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-api.h"
#include "rb-command-line.h"
#include "rb-program-driver.h"

#define RB_TYPE_COMMAND_DRIVER (rb_command_driver_get_type ())
G_DECLARE_FINAL_TYPE (RbCommandDriver, rb_command_driver, RB, COMMAND_DRIVER, GObject)

struct _RbCommandDriver {
  GObject parent_instance;

  GHashTable *lines;      /* kind (the line's own) to RbCommandLine */
};

static void module_iface_init (RbModuleInterface *iface);
static void spawn_driver_iface_init (RbSpawnDriverInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbCommandDriver, rb_command_driver, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_SPAWN_DRIVER, spawn_driver_iface_init))

static const RbModuleSetting settings[] = {
  { "kinds", RB_SETTING_STRING_LIST, "", "runtime kinds that can be started" },
  { "command-*", RB_SETTING_STRING, NULL, "what is run for the kind: program and arguments" },
  { "prompt-*", RB_SETTING_STRING, "stdin", "how the kind gets its prompt: stdin, argument or environment" },
  { "output-*", RB_SETTING_STRING, "tail", "what happens to the kind's output: tail (the end is kept) or null" },
  { "directory-*", RB_SETTING_PATH, NULL, "where the kind works, one that [spawn] directories allows; unset: its own" },
  { NULL }
};

RB_MODULE_DEFINE ("command", RB_MODULE_SPAWN_DRIVER, RB_VERSION, "Starts configured programs as runtimes", settings,
                  rb_command_driver_get_type)

static const char *
get_for_kind (RbModuleContext *context,
              const char      *what,
              const char      *kind)
{
  g_autofree char *key = g_strdup_printf ("%s-%s", what, kind);

  return rb_module_context_get_string (context, key);
}

static gboolean
add_kind (RbCommandDriver  *self,
          RbModuleContext  *context,
          const char       *kind,
          GError          **error)
{
  RbCommandLine *line = rb_command_line_new (kind,
                                             get_for_kind (context, "command", kind),
                                             get_for_kind (context, "prompt", kind),
                                             get_for_kind (context, "output", kind),
                                             error);

  if (line == NULL)
    return FALSE;
  line->directory = g_strdup (get_for_kind (context, "directory", kind));
  g_hash_table_replace (self->lines, line->kind, line);
  return TRUE;
}

static gboolean
rb_command_driver_configure (RbModule         *module,
                             RbModuleContext  *context,
                             GError          **error)
{
  RbCommandDriver *self = RB_COMMAND_DRIVER (module);
  g_auto(GStrv) kinds = rb_module_context_dup_list (context, "kinds");

  rb_program_driver_configure (module, context);
  for (guint i = 0; kinds[i] != NULL; i++)
    if (!add_kind (self, context, kinds[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
rb_command_driver_handles (RbSpawnDriver *driver,
                           const char    *kind)
{
  return g_hash_table_contains (RB_COMMAND_DRIVER (driver)->lines, kind);
}

static RbCommandLine *
find_line (RbCommandDriver  *self,
           const char       *kind,
           GError          **error)
{
  RbCommandLine *line = g_hash_table_lookup (self->lines, kind);

  if (line == NULL)
    rb_set_error (error, RB_ERROR_NOT_SUPPORTED, "runtime_kind_unsupported", "No command is configured for the kind '%s'", kind);
  return line;
}

static char *
find_program (const RbCommandLine  *line,
              GError              **error)
{
  char *program = g_find_program_in_path (line->argv[0]);

  if (program == NULL)
    rb_set_error (error, RB_ERROR_UNAVAILABLE, "driver_unavailable",
                  "'%s' (for the kind '%s') was not found, or is not a program that may be run", line->argv[0], line->kind);
  return program;
}

static gboolean
rb_command_driver_is_available (RbSpawnDriver  *driver,
                                const char     *kind,
                                GError        **error)
{
  RbCommandLine *line = find_line (RB_COMMAND_DRIVER (driver), kind, error);
  g_autofree char *program = line != NULL ? find_program (line, error) : NULL;

  return program != NULL;
}

static void
start_line (RbCommandDriver      *self,
            const RbCommandLine  *line,
            const RbSpawnRequest *request,
            const char           *program,
            GTask                *task)
{
  g_auto(GStrv) own_environment = g_get_environ ();
  g_auto(GStrv) environment = NULL;
  g_auto(GStrv) argv = NULL;
  RbProgramStart start = { .kind = line->kind, .token = request->token };

  argv = rb_command_line_dup_argv (line, program, request->prompt);
  environment = rb_command_line_dup_environment (line, (const char *const *) own_environment, request->prompt, request->token);
  start.argv = argv;
  start.environment = environment;
  start.input = line->prompt == RB_PROMPT_STDIN ? request->prompt : NULL;
  start.keep_output = line->keep_output;
  start.directory = request->directory != NULL ? request->directory : line->directory;
  rb_program_driver_start (RB_SPAWN_DRIVER (self), &start, task);
}

static void
rb_command_driver_spawn_async (RbSpawnDriver        *driver,
                               const RbSpawnRequest *request,
                               GCancellable         *cancellable,
                               GAsyncReadyCallback   callback,
                               gpointer              user_data)
{
  RbCommandDriver *self = RB_COMMAND_DRIVER (driver);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *program = NULL;
  RbCommandLine *line;
  GError *error = NULL;

  g_task_set_source_tag (task, rb_command_driver_spawn_async);
  if (g_task_return_error_if_cancelled (task))
    return;

  line = find_line (self, request->kind, &error);
  program = line != NULL ? find_program (line, &error) : NULL;
  if (program != NULL)
    start_line (self, line, request, program, g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

static void
module_iface_init (RbModuleInterface *iface)
{
  iface->configure = rb_command_driver_configure;
  rb_program_driver_init_module (iface);
}

static void
spawn_driver_iface_init (RbSpawnDriverInterface *iface)
{
  iface->handles = rb_command_driver_handles;
  iface->is_available = rb_command_driver_is_available;
  iface->spawn_async = rb_command_driver_spawn_async;
  rb_program_driver_init_iface (iface);
}

static void
rb_command_driver_finalize (GObject *object)
{
  RbCommandDriver *self = RB_COMMAND_DRIVER (object);

  g_hash_table_unref (self->lines);
  G_OBJECT_CLASS (rb_command_driver_parent_class)->finalize (object);
}

static void
rb_command_driver_class_init (RbCommandDriverClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rb_command_driver_finalize;
}

static void
rb_command_driver_init (RbCommandDriver *self)
{
  self->lines = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) rb_command_line_free);
}
