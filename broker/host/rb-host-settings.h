/* rb-host-settings.h: whether values fit a module's table of settings
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-api.h"

G_BEGIN_DECLS

/* @values: (nullable) char * to char *. Fails with RB_ERROR_INVALID naming the module and the key. */
gboolean  rb_host_settings_check  (const RbModuleInfo *info, GHashTable *values, GError **error);

G_END_DECLS
