/* rb-codex.c: starts Codex as a runtime, where its owner said how
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-preset-driver.h"

/* Source: protocol.md 15.8: unless it is configured, never available. */
static const RbPreset preset = {
  .kind = "codex",
  .unset = "codex driver not registered on this broker \xe2\x80\x94 Codex distribution will ship a SpawnDriver in a future release "
           "(broker restart required after install)",
};

static const RbModuleSetting settings[] = {
  RB_PRESET_SETTINGS (NULL, "what is run, such as 'codex exec -': program and arguments; the prompt is written to it; unset: nothing")
};

static GType
get_type (void)
{
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, rb_preset_driver_register ("RbCodexDriver", &preset));
  return type;
}

RB_MODULE_DEFINE ("codex", RB_MODULE_SPAWN_DRIVER, RB_VERSION, "Starts Codex as a runtime, where its owner said how", settings, get_type)
