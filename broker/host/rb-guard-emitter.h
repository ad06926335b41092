/* rb-guard-emitter.h: guards an emitter
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-guard.h"

G_BEGIN_DECLS

#define RB_TYPE_GUARD_EMITTER (rb_guard_emitter_get_type ())
G_DECLARE_FINAL_TYPE (RbGuardEmitter, rb_guard_emitter, RB, GUARD_EMITTER, RbGuard)

G_END_DECLS
