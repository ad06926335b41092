/* rb-ipc-runtime-memory.c: how much memory runtimes take, as far as the kernel says it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-runtime-memory.h"

#include <unistd.h>

/* Of /proc/PID/statm, pages: the second number is what is resident. FALSE: it is gone, or not ours. */
static gboolean
read_resident (gint64  pid,
               gint64 *bytes)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/statm", pid);
  g_autofree char *text = NULL;
  g_auto(GStrv) fields = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  fields = g_strsplit (text, " ", 3);
  if (g_strv_length (fields) < 2)
    return FALSE;
  *bytes = g_ascii_strtoll (fields[1], NULL, 10) * (gint64) sysconf (_SC_PAGESIZE);
  return TRUE;
}

static GVariant *
measure (GVariant *runtime)
{
  GVariantDict dict;
  gint64 pid;
  gint64 bytes;

  g_variant_dict_init (&dict, runtime);
  if (!g_variant_dict_contains (&dict, "ended_at") && g_variant_dict_lookup (&dict, "pid", "x", &pid) && read_resident (pid, &bytes))
    g_variant_dict_insert (&dict, "memory_bytes", "x", bytes);
  return g_variant_dict_end (&dict);
}

GVariant *
rb_ipc_runtimes_measure (GVariant *runtimes)
{
  g_autoptr(GVariant) rows = g_variant_ref_sink (runtimes);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);

      g_variant_builder_add_value (&builder, measure (row));
    }
  return g_variant_builder_end (&builder);
}
