/* rb-local-address.c: handles and addresses of the network of one machine
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A handle names a mailbox, and a file beside the database, so what it may hold is kept narrow: it is never ".", "..", hidden or
 * an option, and two handles never differ in case alone. */
#include "config.h"

#include "rb-local-address.h"

#include <string.h>

static gboolean
is_handle_char (char c)
{
  return g_ascii_islower (c) || g_ascii_isdigit (c) || c == '.' || c == '_' || c == '-';
}

static gboolean
may_start (char c)
{
  return g_ascii_islower (c) || g_ascii_isdigit (c) || c == '_';
}

/**
 * rb_local_handle_is_valid:
 * @handle: (nullable): any text
 *
 * Returns: %TRUE for 1 to %RB_LOCAL_HANDLE_MAX of a-z 0-9 . _ - that start with a letter, a digit or "_"
 */
gboolean
rb_local_handle_is_valid (const char *handle)
{
  size_t length = 0;

  if (handle == NULL || !may_start (handle[0]))
    return FALSE;

  while (is_handle_char (handle[length]))
    length++;
  return handle[length] == '\0' && length <= RB_LOCAL_HANDLE_MAX;
}

/**
 * rb_local_handle_from_account:
 * @account_id: UTF-8
 *
 * The handle of an account that chose none: lower case, every character that
 * a handle cannot hold replaced by "_", leading "." and "-" left out, cut to
 * %RB_LOCAL_HANDLE_MAX.
 *
 * Returns: (nullable) (transfer full): a valid handle; %NULL if nothing is left
 */
char *
rb_local_handle_from_account (const char *account_id)
{
  g_autoptr(GString) handle = g_string_new (NULL);

  g_return_val_if_fail (account_id != NULL, NULL);

  for (const char *at = account_id; *at != '\0' && handle->len < RB_LOCAL_HANDLE_MAX; at = g_utf8_next_char (at))
    {
      char c = g_ascii_tolower (*at);

      if (!is_handle_char (c))
        c = '_';
      if (handle->len > 0 || may_start (c))
        g_string_append_c (handle, c);
    }

  return handle->len > 0 ? g_string_free (g_steal_pointer (&handle), FALSE) : NULL;
}

/**
 * rb_local_address_new:
 * @handle: a valid handle
 *
 * Returns: (transfer full): `<handle>@local`
 */
char *
rb_local_address_new (const char *handle)
{
  g_return_val_if_fail (rb_local_handle_is_valid (handle), NULL);
  return g_strconcat (handle, "@" RB_LOCAL_DOMAIN, NULL);
}

/**
 * rb_local_address_parse:
 * @address: (nullable): any text; case does not matter, as people type it
 *
 * Returns: (nullable) (transfer full): the handle of `<handle>@local`; %NULL for any other form
 */
char *
rb_local_address_parse (const char *address)
{
  g_autofree char *lower = NULL;
  char *at;

  if (address == NULL || strlen (address) > RB_LOCAL_HANDLE_MAX + strlen ("@" RB_LOCAL_DOMAIN))
    return NULL;

  lower = g_ascii_strdown (address, -1);
  at = strchr (lower, '@');
  if (at == NULL || strcmp (at + 1, RB_LOCAL_DOMAIN) != 0)
    return NULL;

  *at = '\0';
  return rb_local_handle_is_valid (lower) ? g_steal_pointer (&lower) : NULL;
}
