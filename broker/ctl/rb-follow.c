/* rb-follow.c: when the broker follows what was changed beside it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-follow.h"

#include <glib/gi18n.h>

gboolean
rb_follow_is_running (RbCtl *ctl)
{
  g_autoptr(RbJson) status = rb_ctl_view (ctl, "status", NULL);

  return status != NULL;
}

void
rb_follow_print (RbCtl    *ctl,
                 gboolean  running)
{
  if (running)
    rb_ctl_print (ctl, "%s\n", _ ("The broker that runs goes on as it is; 'brokerctl restart' makes it follow."));
  else
    rb_ctl_print (ctl, "%s\n", _ ("The next start of the broker follows."));
}

void
rb_follow_print_json (RbCtl        *ctl,
                      const RbJson *answer,
                      gboolean      running)
{
  g_autoptr(GBytes) text = rb_json_object_edit (rb_json_get_text (answer), NULL, running ? "\"next\":\"restart\"" : "\"next\":\"start\"");
  gsize size = 0;
  const char *data = g_bytes_get_data (text, &size);

  rb_ctl_print (ctl, "%.*s\n", (int) size, data);
}
