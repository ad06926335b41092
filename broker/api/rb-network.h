/* rb-network.h: which network an address is of
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include <string.h>

G_BEGIN_DECLS

/* "local" of "alice@local"; our name in it may be another one tomorrow. What is no more than a network is itself. */
static inline const char *
rb_network_of (const char *address)
{
  const char *at = strrchr (address, '@');

  return at != NULL ? at + 1 : address;
}

/* Each is an address or a network, or NULL: it is not known, and may be any. */
static inline gboolean
rb_network_is_same (const char *first,
                    const char *second)
{
  return first == NULL || second == NULL || strcmp (rb_network_of (first), rb_network_of (second)) == 0;
}

G_END_DECLS
