/* rb-guard-upstream.h: guards an upstream
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-guard.h"

G_BEGIN_DECLS

#define RB_TYPE_GUARD_UPSTREAM (rb_guard_upstream_get_type ())
G_DECLARE_FINAL_TYPE (RbGuardUpstream, rb_guard_upstream, RB, GUARD_UPSTREAM, RbGuard)

G_END_DECLS
