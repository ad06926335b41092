/* rb-claude-code.c: starts Claude Code as a runtime
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-preset-driver.h"

/* Source: protocol.md 15.8. With --bg the program hands the session over and ends; that is no end of the runtime. */
static const RbPreset preset = {
  .kind = "claude-code",
  .missing = "`claude` CLI not found in PATH. Install Claude Code or check $PATH.",
  .is_argument = TRUE,
  .is_launcher = TRUE,
};

static const RbModuleSetting settings[] = {
  RB_PRESET_SETTINGS ("claude --bg", "what is run: program and arguments; the prompt comes last")
};

static GType
get_type (void)
{
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, rb_preset_driver_register ("RbClaudeCodeDriver", &preset));
  return type;
}

RB_MODULE_DEFINE ("claude-code", RB_MODULE_SPAWN_DRIVER, RB_VERSION, "Starts Claude Code as a runtime", settings, get_type)
