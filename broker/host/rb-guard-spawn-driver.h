/* rb-guard-spawn-driver.h: guards a spawn driver
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-guard.h"

G_BEGIN_DECLS

#define RB_TYPE_GUARD_SPAWN_DRIVER (rb_guard_spawn_driver_get_type ())
G_DECLARE_FINAL_TYPE (RbGuardSpawnDriver, rb_guard_spawn_driver, RB, GUARD_SPAWN_DRIVER, RbGuard)

G_END_DECLS
