/* connector-bomb.c: a module that ends whatever process opens its file
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>
#include <sys/resource.h>

__attribute__ ((constructor)) static void
go_off (void)
{
  struct rlimit none = { 0, 0 };

  setrlimit (RLIMIT_CORE, &none);
  signal (SIGSEGV, SIG_DFL);
  raise (SIGSEGV);
}
