/* rb-local-settings.h: what the group [local] says, checked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-module.h"

G_BEGIN_DECLS

/* Connector and upstream share the group, so both understand all of it. */
extern const RbModuleSetting rb_local_setting_table[];

typedef struct {
  char   *handle;
  char   *address;         /* <handle>@local */
  char   *owner;           /* SHA-256 of the account's runtime token, in hex: whose the handle is */
  char   *database;        /* absolute path */
  char   *directory;       /* of @database; the doorbells lie there too */
  gint64  mailbox_limit;   /* messages stored for us, at most */
  gint64  mailbox_bytes;   /* and their size */
} RbLocalSettings;

RbLocalSettings *rb_local_settings_new  (RbModuleContext  *context,
                                         GError          **error);
void             rb_local_settings_free (RbLocalSettings  *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbLocalSettings, rb_local_settings_free)

G_END_DECLS
