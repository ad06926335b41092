/* rb-preset-driver.c: a spawn driver for one known program
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-preset-driver.h"

#include "rb-program-driver.h"
#include "rb-program-line.h"

/* Each module has a type of its own over this code, because two modules cannot both bring a type of one name. */
typedef struct {
  GObject   parent_instance;
  char    **argv;          /* as configured; NULL: none */
  char     *directory;     /* NULL: its own */
  gboolean  keep_output;
} PresetDriver;

typedef struct {
  GObjectClass    parent_class;
  const RbPreset *preset;
} PresetDriverClass;

static const RbPreset *
get_preset (gpointer self)
{
  return ((PresetDriverClass *) G_OBJECT_GET_CLASS (self))->preset;
}

static gboolean
configure (RbModule         *module,
           RbModuleContext  *context,
           GError          **error)
{
  PresetDriver *self = (PresetDriver *) module;
  const char *kind = get_preset (self)->kind;
  const char *command = rb_module_context_get_string (context, "command");
  const char *directory = rb_module_context_get_string (context, "directory");
  g_autofree char *command_setting = g_strdup_printf ("[%s] command", kind);
  g_autofree char *output_setting = g_strdup_printf ("[%s] output", kind);

  rb_program_driver_configure (module, context);
  self->directory = g_strdup (directory);
  if (command != NULL && *command != '\0')
    {
      self->argv = rb_program_parse_command (command_setting, command, error);
      if (self->argv == NULL)
        return FALSE;
    }
  return rb_program_parse_output (output_setting, rb_module_context_get_string (context, "output"), &self->keep_output, error);
}

static gboolean
handles (RbSpawnDriver *driver,
         const char    *kind)
{
  return g_str_equal (get_preset (driver)->kind, kind);
}

/* Its path; NULL with the reason of protocol.md 15.8. */
static char *
find_program (PresetDriver  *self,
              GError       **error)
{
  const RbPreset *preset = get_preset (self);
  char *path = self->argv != NULL ? g_find_program_in_path (self->argv[0]) : NULL;

  if (path != NULL)
    return path;

  if (self->argv == NULL && preset->unset != NULL)
    rb_set_error (error, RB_ERROR_UNAVAILABLE, "driver_unavailable", "%s", preset->unset);
  else if (preset->missing != NULL)
    rb_set_error (error, RB_ERROR_UNAVAILABLE, "driver_unavailable", "%s", preset->missing);
  else
    rb_set_error (error, RB_ERROR_UNAVAILABLE, "driver_unavailable", "'%s' was not found, or is not a program that may be run",
                  self->argv[0]);
  return NULL;
}

/* Likewise, for a runtime of that kind. */
static char *
find_program_of (PresetDriver  *self,
                 const char    *kind,
                 GError       **error)
{
  if (g_strcmp0 (kind, get_preset (self)->kind) == 0)
    return find_program (self, error);
  rb_set_error (error, RB_ERROR_NOT_FOUND, "driver_unavailable", "This driver starts '%s', not '%s'", get_preset (self)->kind, kind);
  return NULL;
}

static gboolean
is_available (RbSpawnDriver  *driver,
              const char     *kind,
              GError        **error)
{
  g_autofree char *path = find_program_of ((PresetDriver *) driver, kind, error);

  return path != NULL;
}

/* Whether the program knows "--" is not known: a blank before a dash keeps the prompt from being an option in any case. */
static char *
dup_argument (const char *prompt)
{
  return g_strconcat (*prompt == '-' ? " " : "", prompt, NULL);
}

static void
start (PresetDriver         *self,
       const RbSpawnRequest *request,
       const char           *path,
       GTask                *task)
{
  const RbPreset *preset = get_preset (self);
  g_autofree char *argument = preset->is_argument ? dup_argument (request->prompt) : NULL;
  g_auto(GStrv) own_environment = g_get_environ ();
  g_auto(GStrv) environment = NULL;
  g_auto(GStrv) argv = NULL;
  RbProgramStart start = { .keep_output = self->keep_output, .is_launcher = preset->is_launcher, .kind = preset->kind,
                           .token = request->token };

  start.argv = argv = rb_program_dup_argv ((const char *const *) self->argv, path, NULL, argument);
  start.environment = environment = rb_program_dup_environment ((const char *const *) own_environment, request->token);
  start.input = preset->is_argument ? NULL : request->prompt;
  start.directory = request->directory != NULL ? request->directory : self->directory;
  rb_program_driver_start (RB_SPAWN_DRIVER (self), &start, task);
}

static void
spawn_async (RbSpawnDriver        *driver,
             const RbSpawnRequest *request,
             GCancellable         *cancellable,
             GAsyncReadyCallback   callback,
             gpointer              user_data)
{
  g_autoptr(GTask) task = g_task_new (driver, cancellable, callback, user_data);
  g_autofree char *path = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, spawn_async);
  if (g_task_return_error_if_cancelled (task))
    return;

  path = find_program_of ((PresetDriver *) driver, request->kind, &error);
  if (path != NULL)
    start ((PresetDriver *) driver, request, path, g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

static void
module_iface_init (gpointer interface,
                   gpointer data)
{
  RbModuleInterface *iface = interface;

  iface->configure = configure;
  rb_program_driver_init_module (iface);
}

static void
spawn_driver_iface_init (gpointer interface,
                         gpointer data)
{
  RbSpawnDriverInterface *iface = interface;

  iface->handles = handles;
  iface->is_available = is_available;
  iface->spawn_async = spawn_async;
  rb_program_driver_init_iface (iface);
}

static void
finalize (GObject *object)
{
  g_strfreev (((PresetDriver *) object)->argv);
  g_free (((PresetDriver *) object)->directory);
  G_OBJECT_CLASS (g_type_class_peek_static (G_TYPE_OBJECT))->finalize (object);
}

static void
class_init (gpointer klass,
            gpointer class_data)
{
  ((PresetDriverClass *) klass)->preset = class_data;
  G_OBJECT_CLASS (klass)->finalize = finalize;
}

GType
rb_preset_driver_register (const char     *type_name,
                           const RbPreset *preset)
{
  const GTypeInfo info = {
    .class_size = sizeof (PresetDriverClass),
    .class_init = class_init,
    .class_data = preset,
    .instance_size = sizeof (PresetDriver),
  };
  const GInterfaceInfo module_info = { module_iface_init, NULL, NULL };
  const GInterfaceInfo driver_info = { spawn_driver_iface_init, NULL, NULL };
  GType type = g_type_register_static (G_TYPE_OBJECT, type_name, &info, G_TYPE_FLAG_FINAL);

  g_type_add_interface_static (type, RB_TYPE_MODULE, &module_info);
  g_type_add_interface_static (type, RB_TYPE_SPAWN_DRIVER, &driver_info);
  return type;
}
