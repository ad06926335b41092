/* rb-check-expected.h: the names of cases and settings that the options have
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-check-case.h"

G_BEGIN_DECLS

/* A set of the cases that may fail. Fails for a name that no case has, there or in --only. */
GHashTable *rb_check_expected_read     (const RbCheckOptions *options,
                                        GPtrArray            *cases,
                                        GError              **error);
/* Whether each --set is a KEY=VALUE of a key that the module has, and each file can be read. */
gboolean    rb_check_expected_settings (const RbCheckOptions *options,
                                        const RbModuleInfo   *info,
                                        GError              **error);

G_END_DECLS
