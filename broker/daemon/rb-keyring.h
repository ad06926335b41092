/* rb-keyring.h: the person's keyring (org.freedesktop.secrets), where `brokerctl login` keeps an account's credentials
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Everything waits, but never longer than it is told: a keyring may be locked, a prompt unanswered, a service hang. What stays out of time
 * is cancelled, a prompt closed. Nothing here turns the default main context.
 *
 * Errors, with texts for people, without any secret:
 *   RB_ERROR_NOT_FOUND     "no_login"             it holds nothing for the account
 *   RB_ERROR_UNAVAILABLE   "keyring_locked"       it would have to be unlocked, and was not
 *   RB_ERROR_UNAVAILABLE   "keyring_unavailable"  no session bus, nobody who serves it, or it failed
 *   RB_ERROR_TIMED_OUT     "keyring_timeout"      no answer in time
 *   RB_ERROR_NOT_SUPPORTED "no_keyring"           built without libsecret */
typedef struct {
  gint64   timeout_ms;
  gboolean may_prompt;   /* ask the person to unlock it */
} RbKeyringPatience;

/* Returns: (transfer full): the text that was stored; free it with rb_keyring_free_text() */
char     *rb_keyring_read      (const char *account_id, const RbKeyringPatience *patience, GError **error);
/* Takes the place of what was stored for the account. */
gboolean  rb_keyring_write     (const char *account_id, const char *text, const RbKeyringPatience *patience, GError **error);
gboolean  rb_keyring_remove    (const char *account_id, const RbKeyringPatience *patience, GError **error);
/* Clears it first. */
void      rb_keyring_free_text (char *text);

G_END_DECLS
