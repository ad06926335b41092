/* rb-target-dict.h: a target_ref as an upstream hands it over
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-target.h"

G_BEGIN_DECLS

/* @dict: a{sv}. Anything that is not exactly one of the two variants fails with RB_ERROR_INVALID "invalid_target_ref". */
RbTarget  *rb_target_from_dict  (GVariant *dict, GError **error);

G_END_DECLS
