/* rb-unit-properties.c: a program as a transient unit of the systemd user manager
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-unit-properties.h"

#include "rb-program-line.h"

#include <signal.h>
#include <string.h>

#define USEC_PER_MS 1000
#define CPU_PERCENT_US 10000         /* one percent of a second */
#define START_TIMEOUT_US (50 * G_USEC_PER_SEC)

char *
rb_unit_dup_name (const char *name)
{
  return g_strconcat ("app-runtimebroker-", name, ".service", NULL);
}

/* All but letters and digits as _ and two hexadecimal digits; a digit in front, too. */
char *
rb_unit_dup_path (const char *unit)
{
  GString *path = g_string_new ("/org/freedesktop/systemd1/unit/");

  for (const char *at = unit; *at != '\0'; at++)
    if (g_ascii_isalpha (*at) || (g_ascii_isdigit (*at) && at != unit))
      g_string_append_c (path, *at);
    else
      g_string_append_printf (path, "_%02x", (guchar) *at);
  return g_string_free (path, FALSE);
}

/* What the manager refuses would cost the runtime: names of shell functions, control characters. The prompt and the token it must have. */
static gboolean
is_fit (const char *variable)
{
  const char *value = strchr (variable, '=');

  if (value == NULL || value == variable || g_ascii_isdigit (*variable) || !g_utf8_validate (variable, -1, NULL))
    return FALSE;
  for (const char *at = variable; at < value; at++)
    if (!g_ascii_isalnum (*at) && *at != '_')
      return FALSE;
  if (g_str_has_prefix (variable, "RB_SPAWN_PROMPT="))
    return TRUE;
  for (const char *at = value; *at != '\0'; at++)
    if (g_ascii_iscntrl (*at) && *at != '\n' && *at != '\t')
      return FALSE;
  return TRUE;
}

static GVariant *
make_environment (const char *const *environment)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("as"));
  for (guint i = 0; environment[i] != NULL; i++)
    if (is_fit (environment[i]))
      g_variant_builder_add (&builder, "s", environment[i]);
  return g_variant_builder_end (&builder);
}

/* What is unset here is unset last: none of what we set may be among it. */
static GVariant *
make_unset (const char *const *manager_environment,
            char             **environment)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("as"));
  for (guint i = 0; manager_environment != NULL && manager_environment[i] != NULL; i++)
    {
      g_autofree char *name = g_strndup (manager_environment[i], strcspn (manager_environment[i], "="));

      if (rb_program_is_own_variable (name) && g_environ_getenv (environment, name) == NULL)
        g_variant_builder_add (&builder, "s", name);
    }
  return g_variant_builder_end (&builder);
}

/* "no-env-expand": a dollar sign in a prompt is a dollar sign. */
static GVariant *
make_exec (char **argv)
{
  static const char *const flags[] = { "no-env-expand", NULL };
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sasas)"));
  g_variant_builder_add (&builder, "(s^as^as)", argv[0], argv, flags);
  return g_variant_builder_end (&builder);
}

static void
add (GVariantBuilder *builder,
     const char      *name,
     GVariant        *value)
{
  g_variant_builder_add (builder, "(sv)", name, value);
}

static void
add_limits (GVariantBuilder    *builder,
            const RbSpawnTerms *terms)
{
  if (terms->memory_max_bytes > 0)
    add (builder, "MemoryMax", g_variant_new_uint64 ((guint64) terms->memory_max_bytes));
  if (terms->tasks_max > 0)
    add (builder, "TasksMax", g_variant_new_uint64 ((guint64) terms->tasks_max));
  if (terms->cpu_percent > 0)
    add (builder, "CPUQuotaPerSecUSec", g_variant_new_uint64 ((guint64) terms->cpu_percent * CPU_PERCENT_US));
  add (builder, "LimitCORE", g_variant_new_uint64 (0));
  add (builder, "TimeoutStopUSec", g_variant_new_uint64 ((guint64) MAX (terms->stop_timeout_ms, 1) * USEC_PER_MS));
}

GVariant *
rb_unit_make_properties (const RbProgramStart *start,
                         const RbProgramPlace *place,
                         const RbSpawnTerms   *terms,
                         const char *const    *manager_environment)
{
  g_autofree char *description = g_strdup_printf ("Agent runtime (%s)", start->kind);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sv)"));
  add (&builder, "Description", g_variant_new_string (description));
  add (&builder, "Slice", g_variant_new_string (RB_UNIT_SLICE));
  /* One that hands over goes on in what it left behind, which is the unit as long as there is anybody in it. */
  add (&builder, "Type", g_variant_new_string (start->is_launcher ? "forking" : "exec"));
  add (&builder, "ExecStartEx", make_exec (start->argv));
  add (&builder, "WorkingDirectory", g_variant_new_string (place->directory));
  add (&builder, "Environment", make_environment ((const char *const *) start->environment));
  add (&builder, "UnsetEnvironment", make_unset (manager_environment, start->environment));
  add (&builder, "StandardInputFileDescriptor", g_variant_new_handle (0));
  add (&builder, "StandardOutput", g_variant_new_string (start->keep_output ? "journal" : "null"));
  add (&builder, "StandardError", g_variant_new_string (start->keep_output ? "journal" : "null"));
  add (&builder, "SyslogIdentifier", g_variant_new_string (start->kind));
  add (&builder, "TimeoutStartUSec", g_variant_new_uint64 (START_TIMEOUT_US));
  add (&builder, "CollectMode", g_variant_new_string ("inactive-or-failed"));
  /* It stays to be asked how it ended for as long as we are on the bus. */
  add (&builder, "AddRef", g_variant_new_boolean (TRUE));
  add_limits (&builder, terms);
  return g_variant_builder_end (&builder);
}

int
rb_unit_get_wait_status (int code,
                         int status)
{
  switch (code)
    {
    case CLD_EXITED:
      return (status & 0xff) << 8;
    case CLD_KILLED:
      return status & 0x7f;
    case CLD_DUMPED:
      return (status & 0x7f) | 0x80;
    default:
      return RB_SPAWN_STATUS_UNKNOWN;
    }
}
