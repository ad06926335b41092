/* rb-profile.h: which modules run
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-settings.h"

G_BEGIN_DECLS

typedef struct {
  RbModuleKind  kind;
  char         *name;
  gboolean      required;
} RbModuleChoice;

/* Pure: the profile's modules, each of which its own setting replaces. Connector and upstream are always required.
 * Returns: (transfer full): of RbModuleChoice, in the order in which to load them */
GPtrArray *rb_profile_choose       (const RbSettings *settings);
/* What [broker] required-modules names and nothing chose. */
void       rb_profile_check_required (const RbSettings *settings, GPtrArray *choices, GPtrArray *problems);
/* Refuses a connector to whose profile another upstream belongs than @upstream (nullable): RB_ERROR_INVALID "other_network". Names of modules. */
gboolean   rb_profile_check_connector (const char *connector, const char *upstream, GError **error);
/* What the profile says when none is written (design.md 8): "masons" when the peer's credentials are there. @openclaw_json:
 * (nullable) text of openclaw.json. @origin: (out) (nullable): why, for `config explain`. Pure. */
gboolean   rb_profile_is_masons    (const RbSettings *settings, GBytes *openclaw_json, char **origin);
/* Where openclaw.json would be. */
char      *rb_profile_dup_openclaw (const RbSettings *settings);

G_END_DECLS
