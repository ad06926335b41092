/* rb-login-record.h: where `brokerctl login` has put an account's credentials
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  RB_LOGIN_NONE,
  RB_LOGIN_KEYRING,
  RB_LOGIN_FILE,
} RbLoginPlace;

typedef struct {
  RbLoginPlace  place;
  char         *file;   /* with RB_LOGIN_FILE */
} RbLoginRecord;

void      rb_login_record_clear    (RbLoginRecord *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RbLoginRecord, rb_login_record_clear)

/* $XDG_CONFIG_HOME/runtime-broker/logins */
char     *rb_login_record_dup_path (void);
/* No record is RB_LOGIN_NONE. Fails with RB_ERROR_INVALID "bad_login_record" for one that cannot be understood. */
gboolean  rb_login_record_read     (const char *account_id, RbLoginRecord *self, GError **error);
/* RB_LOGIN_NONE takes the record away. */
gboolean  rb_login_record_write    (const char *account_id, const RbLoginRecord *self, GError **error);

G_END_DECLS
