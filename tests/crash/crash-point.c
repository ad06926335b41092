/* crash-point.c: ends the process at the n-th passage of a point
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lives in the daemon of the crash tests alone; its modules find it there.
 *
 * RB_CRASH_AT=<point>:<n>       where to end; with ":power" behind it fault.c takes back first what was not synced
 * RB_CRASH_TRACE=<file>         gets a line for each passage */
#include "config.h"

#include "rb-crash-point.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static const char *const names[] = {
#define RB_CRASH_POINT_AS_TEXT(name, text) text,
  RB_CRASH_POINT_LIST (RB_CRASH_POINT_AS_TEXT)
#undef RB_CRASH_POINT_AS_TEXT
};

typedef struct {
  char     *name;       /* NULL: nowhere */
  guint64   left;       /* passages until then, that one included */
  gboolean  power;
  int       trace;      /* -1: not wanted */
} Plan;

/* This daemon never outlives the test that started it. */
__attribute__ ((constructor))
static void
die_with_parent (void)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static Plan *
read_plan (void)
{
  static Plan plan = { .trace = -1 };
  const char *at = g_getenv ("RB_CRASH_AT");
  const char *trace = g_getenv ("RB_CRASH_TRACE");
  g_auto(GStrv) parts = g_strsplit (at != NULL ? at : "", ":", 3);

  if (g_strv_length (parts) >= 2)
    {
      plan.name = g_strdup (parts[0]);
      plan.left = g_ascii_strtoull (parts[1], NULL, 10);
      plan.power = g_strcmp0 (parts[2], "power") == 0;
    }
  if (trace != NULL)
    plan.trace = open (trace, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  return &plan;
}

static void
write_trace (const Plan *plan,
             const char *name)
{
  g_autofree char *line = g_strconcat (name, "\n", NULL);

  if (plan->trace >= 0 && write (plan->trace, line, strlen (line)) < 0)
    abort ();
}

static void
die (const Plan *plan)
{
  void (*lose_power) (void) = NULL;

  if (plan->power)
    *(void **) &lose_power = dlsym (RTLD_DEFAULT, "rb_fault_lose_power");
  if (lose_power != NULL)
    lose_power ();
  kill (getpid (), SIGKILL);
  pause ();
}

/* The store's thread and that of the local network come here as well as the main one; none goes on while another one dies. */
void
rb_crash_point_reach (RbCrashPoint point)
{
  static GMutex mutex;
  static Plan *plan = NULL;

  g_mutex_lock (&mutex);
  if (plan == NULL)
    plan = read_plan ();
  write_trace (plan, names[point]);
  if (plan->name != NULL && strcmp (plan->name, names[point]) == 0 && --plan->left == 0)
    die (plan);
  g_mutex_unlock (&mutex);
}
