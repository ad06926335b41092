/* rb-local-upstream.h: the directory of a network of one machine
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-upstream.h"

G_BEGIN_DECLS

#define RB_TYPE_LOCAL_UPSTREAM (rb_local_upstream_get_type ())
G_DECLARE_FINAL_TYPE (RbLocalUpstream, rb_local_upstream, RB, LOCAL_UPSTREAM, GObject)

G_END_DECLS
