/* added.c: a function that the baseline does not have, which is allowed
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rb-api.h"

int rb_abi_added (RbBackoff *backoff);

int
rb_abi_added (RbBackoff *backoff)
{
  return backoff != NULL;
}
