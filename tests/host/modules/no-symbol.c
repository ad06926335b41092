/* no-symbol.c: a shared object that is no module
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib.h>

extern __attribute__ ((visibility ("default"))) const int some_other_symbol;
__attribute__ ((visibility ("default"))) const int some_other_symbol = 1;
