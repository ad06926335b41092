/* rb-bus-path.c: ids as elements of object paths
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-path.h"

char *
rb_bus_path_new (const char *folder,
                 const char *id)
{
  GString *path = g_string_new (RB_BUS_ROOT "/");

  g_string_append_printf (path, "%s/%s", folder, *id == '\0' ? "_" : "");
  for (; *id != '\0'; id++)
    {
      if (g_ascii_isalnum (*id))
        g_string_append_c (path, *id);
      else
        g_string_append_printf (path, "_%02x", (guint8) *id);
    }
  return g_string_free (path, FALSE);
}
