/* rb-settings-table.h: every setting the broker knows, and the rules for one value
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core.h"
#include "rb-module.h"

G_BEGIN_DECLS

/* Says what is wrong with a value, without naming where it stands. */
typedef gboolean (*RbSettingCheckFunc) (const char *value, GError **error);

typedef struct {
  const char         *group;
  const char         *key;             /* of a module's row: may end in '*', which stands for any ending */
  RbSettingType       type;
  const char         *default_value;   /* NULL: unset */
  gint64              min;             /* integers only; min equals max: any */
  gint64              max;
  const char         *choices;         /* strings only: the allowed ones, separated by ';'; NULL: any */
  RbSettingCheckFunc  check;           /* NULL: nothing more to check */
  const char         *summary;
  gboolean            is_secret;       /* nobody is shown its value, neither a good nor a wrong one */
} RbSettingRow;

/* What a secret setting shows instead of its value. */
#define RB_SETTING_SECRET_SHOWN "<set>"

/* Of every connector's group, beside the keys of its own table. */
const RbModuleSetting *rb_settings_isolation_get (void);

/* All rows of the broker itself; those of modules come from the modules. */
const RbSettingRow *rb_settings_table_get     (guint *n_rows);
/* Checks @value and gives it back in its normal form: booleans as "true" and "false", "~/" expanded. @relative: a
 * relative path may stand (environment and options, where the working directory means something). */
char               *rb_settings_table_check   (const RbSettingRow *row, const char *value, gboolean relative, GError **error);
/* Groups [limits] and [history]: their rows (defaults from rb_core_settings_init()), and their way into the core's settings. */
const RbSettingRow *rb_settings_limits_get    (guint *n_rows);
void                rb_settings_limits_set    (RbCoreSettings *settings, const RbSettingRow *row, gint64 value);

G_END_DECLS
