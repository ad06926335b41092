/* rb-login.h: what `brokerctl login` and `logout` have done here, where credentials are read and the keyring is
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-setup.h"

G_BEGIN_DECLS

/* @action:
 *   "store"   reads a text of the form of the credentials file from standard input, judges it as a start would, and puts the account's
 *             part of it into the keyring, or (@to_file) into a file of mode 0600
 *   "remove"  takes away what "store" put
 *   "status"  what the next start would use
 *
 * One line of JSON on standard output: what it is now, or "error" and "reason". No secret is in it. Returns the exit code. */
int rb_login_run (const char *action, const char *to_file, RbSetupOptions *options);

G_END_DECLS
