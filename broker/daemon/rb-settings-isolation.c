/* rb-settings-isolation.c: the keys that every connector's group has, and what they say before the connector is known
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-settings-private.h"

#include "rb-remote-info.h"

const RbModuleSetting *
rb_settings_isolation_get (void)
{
  return rb_remote_get_settings ();
}

gboolean
rb_settings_isolation_has (const char *key)
{
  return rb_remote_is_setting (key);
}

/* What is written wrong is refused soon, and until then the module's code is kept out. */
gboolean
rb_settings_is_isolated (const RbSettings *self,
                         const char       *group)
{
  static const char *const no[] = { "false", "no", "off", "0", "", NULL };
  const char *written = rb_settings_get_written (self, group, RB_REMOTE_ISOLATE);

  return written != NULL && !g_strv_contains (no, written);
}
