/* rb-keyring-none.c: what is built where there is no libsecret
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-keyring.h"

#include "rb-error.h"

static gboolean
refuse (GError **error)
{
  rb_set_error (error, RB_ERROR_NOT_SUPPORTED, "no_keyring", "this broker was built without the keyring (libsecret)");
  return FALSE;
}

char *
rb_keyring_read (const char               *account_id,
                 const RbKeyringPatience  *patience,
                 GError                  **error)
{
  refuse (error);
  return NULL;
}

gboolean
rb_keyring_write (const char               *account_id,
                  const char               *text,
                  const RbKeyringPatience  *patience,
                  GError                  **error)
{
  return refuse (error);
}

gboolean
rb_keyring_remove (const char               *account_id,
                   const RbKeyringPatience  *patience,
                   GError                  **error)
{
  return refuse (error);
}

void
rb_keyring_free_text (char *text)
{
  g_free (text);
}
