/* sync-vfs.c: counts what SQLite syncs, and lets it fail or wait
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A thin layer over SQLite's own VFS: each file is the real one, which follows this struct in memory. */
#include "config.h"

#include "sync-vfs.h"

#include <errno.h>
#include <sqlite3.h>

typedef struct {
  sqlite3_file  base;
  sqlite3_file *real;
} SyncFile;

static sqlite3_vfs vfs;
static sqlite3_vfs *real_vfs;
static int n_syncs;
static int failing;
static GMutex lock;
static GCond changed;
static gboolean is_held;      /* under @lock */
static guint n_waiting;       /* likewise */

static sqlite3_file *
get_real (sqlite3_file *file)
{
  return ((SyncFile *) file)->real;
}

static int
file_close (sqlite3_file *file)
{
  return get_real (file)->pMethods->xClose (get_real (file));
}

static int
file_read (sqlite3_file  *file,
           void          *buffer,
           int            size,
           sqlite3_int64  offset)
{
  return get_real (file)->pMethods->xRead (get_real (file), buffer, size, offset);
}

static int
file_write (sqlite3_file  *file,
            const void    *buffer,
            int            size,
            sqlite3_int64  offset)
{
  return get_real (file)->pMethods->xWrite (get_real (file), buffer, size, offset);
}

static int
file_truncate (sqlite3_file  *file,
               sqlite3_int64  size)
{
  return get_real (file)->pMethods->xTruncate (get_real (file), size);
}

static void
wait_while_held (void)
{
  g_mutex_lock (&lock);
  n_waiting++;
  g_cond_broadcast (&changed);
  while (is_held)
    g_cond_wait (&changed, &lock);
  n_waiting--;
  g_mutex_unlock (&lock);
}

static int
file_sync (sqlite3_file *file,
           int           flags)
{
  if (g_atomic_int_get (&failing))
    {
      errno = EIO;
      return SQLITE_IOERR_FSYNC;
    }
  wait_while_held ();
  g_atomic_int_inc (&n_syncs);
  return get_real (file)->pMethods->xSync (get_real (file), flags);
}

static int
file_size (sqlite3_file  *file,
           sqlite3_int64 *size)
{
  return get_real (file)->pMethods->xFileSize (get_real (file), size);
}

static int
file_lock (sqlite3_file *file,
           int           level)
{
  return get_real (file)->pMethods->xLock (get_real (file), level);
}

static int
file_unlock (sqlite3_file *file,
             int           level)
{
  return get_real (file)->pMethods->xUnlock (get_real (file), level);
}

static int
file_check_lock (sqlite3_file *file,
                 int          *result)
{
  return get_real (file)->pMethods->xCheckReservedLock (get_real (file), result);
}

static int
file_control (sqlite3_file *file,
              int           op,
              void         *arg)
{
  return get_real (file)->pMethods->xFileControl (get_real (file), op, arg);
}

static int
file_sector_size (sqlite3_file *file)
{
  return get_real (file)->pMethods->xSectorSize (get_real (file));
}

static int
file_characteristics (sqlite3_file *file)
{
  return get_real (file)->pMethods->xDeviceCharacteristics (get_real (file));
}

static const sqlite3_io_methods methods = {
  .iVersion = 1,
  .xClose = file_close,
  .xRead = file_read,
  .xWrite = file_write,
  .xTruncate = file_truncate,
  .xSync = file_sync,
  .xFileSize = file_size,
  .xLock = file_lock,
  .xUnlock = file_unlock,
  .xCheckReservedLock = file_check_lock,
  .xFileControl = file_control,
  .xSectorSize = file_sector_size,
  .xDeviceCharacteristics = file_characteristics,
};

static int
vfs_open (sqlite3_vfs   *self,
          const char    *name,
          sqlite3_file  *file,
          int            flags,
          int           *flags_out)
{
  SyncFile *wrapped = (SyncFile *) file;
  int rc;

  wrapped->real = (sqlite3_file *) &wrapped[1];
  rc = real_vfs->xOpen (real_vfs, name, wrapped->real, flags, flags_out);
  wrapped->base.pMethods = wrapped->real->pMethods != NULL ? &methods : NULL;
  return rc;
}

void
sync_vfs_install (void)
{
  if (real_vfs != NULL)
    return;

  real_vfs = sqlite3_vfs_find (NULL);
  vfs = *real_vfs;
  vfs.pNext = NULL;
  vfs.zName = "sync";
  vfs.szOsFile = (int) sizeof (SyncFile) + real_vfs->szOsFile;
  vfs.xOpen = vfs_open;
  g_assert_cmpint (sqlite3_vfs_register (&vfs, 1), ==, SQLITE_OK);
}

guint
sync_vfs_take (void)
{
  return (guint) g_atomic_int_and ((guint *) &n_syncs, 0);
}

void
sync_vfs_set_fail (gboolean fail)
{
  g_atomic_int_set (&failing, fail);
}

void
sync_vfs_set_hold (gboolean hold)
{
  g_mutex_lock (&lock);
  is_held = hold;
  g_cond_broadcast (&changed);
  g_mutex_unlock (&lock);
}

void
sync_vfs_await (void)
{
  g_mutex_lock (&lock);
  while (n_waiting == 0)
    g_cond_wait (&changed, &lock);
  g_mutex_unlock (&lock);
}
