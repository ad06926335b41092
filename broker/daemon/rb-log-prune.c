/* rb-log-prune.c: forgets the logs of processes that ended long ago
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-log-prune.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#define PREFIX "broker-"
#define SUFFIX ".log"

typedef struct {
  gint64     pid;
  gint64     mtime;   /* of the newest file */
  GPtrArray *paths;
} Process;

static void
process_free (Process *process)
{
  g_ptr_array_unref (process->paths);
  g_free (process);
}

gint64
rb_log_prune_pid (const char *name)
{
  char *end;
  gint64 pid;

  if (!g_str_has_prefix (name, PREFIX) || !g_ascii_isdigit (name[strlen (PREFIX)]))
    return 0;
  pid = g_ascii_strtoll (name + strlen (PREFIX), &end, 10);
  if (!g_str_has_prefix (end, SUFFIX))
    return 0;

  end += strlen (SUFFIX);
  if (*end == '\0')
    return pid;
  if (*end++ != '.' || *end == '\0')
    return 0;
  while (g_ascii_isdigit (*end))
    end++;
  return *end == '\0' ? pid : 0;
}

/* "Not permitted" means that it lives. */
static gboolean
is_gone (gint64 pid)
{
  return pid > G_MAXINT || (kill ((pid_t) pid, 0) != 0 && errno == ESRCH);
}

static void
add_file (GHashTable *processes,
          gint64      pid,
          const char *path)
{
  Process *process = g_hash_table_lookup (processes, &pid);
  GStatBuf info;

  if (process == NULL)
    {
      process = g_new0 (Process, 1);
      process->pid = pid;
      process->paths = g_ptr_array_new_with_free_func (g_free);
      g_hash_table_replace (processes, &process->pid, process);
    }
  if (g_stat (path, &info) == 0)
    process->mtime = MAX (process->mtime, (gint64) info.st_mtime);
  g_ptr_array_add (process->paths, g_strdup (path));
}

static int
compare_newest_first (gconstpointer a,
                      gconstpointer b)
{
  const Process *one = *(const Process *const *) a;
  const Process *two = *(const Process *const *) b;

  if (one->mtime != two->mtime)
    return one->mtime > two->mtime ? -1 : 1;
  return one->pid > two->pid ? -1 : 1;
}

static GPtrArray *
list_ended (GHashTable *processes)
{
  GPtrArray *ended = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer process;

  g_hash_table_iter_init (&iter, processes);
  while (g_hash_table_iter_next (&iter, NULL, &process))
    if (is_gone (((Process *) process)->pid))
      g_ptr_array_add (ended, process);
  g_ptr_array_sort (ended, compare_newest_first);
  return ended;
}

void
rb_log_prune (const char *directory,
              gint64      own_pid,
              guint       keep)
{
  g_autoptr(GHashTable) processes = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) process_free);
  g_autoptr(GPtrArray) ended = NULL;
  g_autoptr(GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      gint64 pid = rb_log_prune_pid (name);
      g_autofree char *path = g_build_filename (directory, name, NULL);

      if (pid > 0 && pid != own_pid)
        add_file (processes, pid, path);
    }

  ended = list_ended (processes);
  for (guint i = keep; i < ended->len; i++)
    {
      Process *process = ended->pdata[i];

      for (guint j = 0; j < process->paths->len; j++)
        g_unlink (process->paths->pdata[j]);
    }
}
