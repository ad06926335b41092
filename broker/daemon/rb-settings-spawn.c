/* rb-settings-spawn.c: group [spawn]: how runtimes are started
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-settings.h"

#define KIB G_GINT64_CONSTANT (1024)
#define MIB (1024 * KIB)

void
rb_settings_fill_spawn (const RbSettings *self,
                        RbSpawnTerms     *terms)
{
  *terms = (RbSpawnTerms) {
    .memory_max_bytes = rb_settings_get_integer (self, "spawn", "memory-max-mib") * MIB,
    .tasks_max = rb_settings_get_integer (self, "spawn", "tasks-max"),
    .cpu_percent = rb_settings_get_integer (self, "spawn", "cpu-percent"),
    .log_max_bytes = rb_settings_get_integer (self, "spawn", "log-max-kib") * KIB,
    .stop_timeout_ms = rb_settings_get_integer (self, "spawn", "stop-timeout-ms"),
    .no_units = g_str_equal (rb_settings_get_string (self, "spawn", "units"), "off"),
  };
}

/* Each absolute; one in the home directory is written with "~/". */
char *
rb_settings_dup_spawn_directories (const RbSettings *self)
{
  g_auto(GStrv) items = g_strsplit (rb_settings_get_string (self, "spawn", "directories"), ";", -1);

  for (guint i = 0; items[i] != NULL; i++)
    if (g_str_has_prefix (items[i], "~/"))
      {
        char *path = g_build_filename (g_get_home_dir (), items[i] + 2, NULL);

        g_free (items[i]);
        items[i] = path;
      }
  return g_strjoinv (";", items);
}
