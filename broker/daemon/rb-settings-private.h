/* rb-settings-private.h: the inside of RbSettings, for the files that show it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-settings.h"

G_BEGIN_DECLS

typedef struct {
  const RbSettingRow *row;
  char               *key;       /* the row's, or what somebody wrote where the row has a '*' */
  char               *value;     /* NULL: unset */
  char               *origin;    /* "default", "FILE:LINE", "environment NAME", "option --set" */
} RbSetting;

/* What somebody wrote, right or wrong, known or not; NULL: nobody did. */
const char *rb_settings_get_written (const RbSettings *self, const char *group, const char *key);
gboolean    rb_settings_isolation_has (const char *key);

/* In table order; the concrete keys of a row with '*' follow the other rows. */
GPtrArray *rb_settings_get_all (const RbSettings *self);

G_END_DECLS
