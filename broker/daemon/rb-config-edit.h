/* rb-config-edit.h: what `brokerctl config set` and `config unset` do here, where the settings and their rules are
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-setup.h"

G_BEGIN_DECLS

/* @name: GROUP.KEY; @value: (nullable): NULL takes it out of the person's own broker.conf, which alone is written. Prints one JSON object:
 * {file, name, value, changed, overridden_by}, or {error, reason} with the reasons `bad_setting`, `unknown_setting`, `not_set`, `not_read`,
 * `not_written`. Returns the exit code. */
int   rb_config_edit_run      (const char *name, const char *value, const RbSetupOptions *options);
/* The same, of a setting of the broker's own, for who is no program of its own. @file: (out): where it is now; @overrider: (out) (nullable): what
 * weighs more. Fails with those reasons. */
gboolean rb_config_edit_set   (const char *name, const char *value, const RbSetupOptions *options, char **file, char **overrider,
                               GError **error);
/* (transfer full) (nullable): the one of @names (NULL-terminated) that somebody who wrote @wrong may have meant. Pure. */
char *rb_config_edit_suggest  (const char *wrong, const char *const *names);

G_END_DECLS
