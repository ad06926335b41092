/* rb-module-limit.c: how much memory this process may have
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-module-limit.h"

#include <string.h>
#include <sys/resource.h>

#define STATUS "/proc/self/status"
#define DATA "\nVmData:"   /* kB */

/* Measured, since a sanitizer has set terabytes aside by now. */
static rlim_t
get_data_bytes (void)
{
  g_autofree char *status = NULL;
  const char *at;

  if (!g_file_get_contents (STATUS, &status, NULL, NULL))
    return 0;
  at = strstr (status, DATA);
  return at != NULL ? (rlim_t) g_ascii_strtoull (at + strlen (DATA), NULL, 10) * 1024 : 0;
}

void
rb_module_limit_memory (gint64 mib)
{
  struct rlimit limit;
  rlim_t wanted;

  if (mib <= 0 || getrlimit (RLIMIT_DATA, &limit) != 0)
    return;
  wanted = get_data_bytes () + (rlim_t) mib * 1024 * 1024;
  limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? wanted : MIN (limit.rlim_max, wanted);
  limit.rlim_max = limit.rlim_cur;
  setrlimit (RLIMIT_DATA, &limit);
}
