/* rb-config-set.h: brokerctl config set, unset: one setting of the person's own file
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ctl.h"

G_BEGIN_DECLS

/* @value: (nullable): NULL: unset */
RbExitCode  rb_config_set_run  (RbCtl       *ctl,
                                const char  *name,
                                const char  *value);

G_END_DECLS
