/* rb-store-peek.c: a look at a database that somebody else has
 *
 * SQLite would have to wait for whoever has it. The version stands at a fixed place of the file (https://www.sqlite.org/fileformat.html,
 * 1.3.13), and we write it there as soon as it changes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sqlite-store.h"

#include "rb-error.h"
#include "rb-schema.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define HEADER_BYTES 100
#define MAGIC "SQLite format 3"
#define VERSION_OFFSET 60

static gboolean
read_header (const char *path,
             guint8     *header)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  gboolean is_whole;

  if (fd < 0)
    return FALSE;
  is_whole = pread (fd, header, HEADER_BYTES, 0) == HEADER_BYTES;
  close (fd);
  return is_whole && memcmp (header, MAGIC, sizeof MAGIC) == 0;
}

gboolean
rb_sqlite_store_peek (const char  *path,
                      GError     **error)
{
  guint8 header[HEADER_BYTES];
  guint32 version;

  /* Anything else is for rb_sqlite_store_open() to judge. */
  if (!read_header (path, header))
    return TRUE;
  memcpy (&version, header + VERSION_OFFSET, sizeof version);
  version = GUINT32_FROM_BE (version);
  if (version <= rb_schema_get_version ())
    return TRUE;
  rb_set_error (error, RB_ERROR_CORRUPT, "database_newer",
                "'%s' has schema %u and this version knows up to %u: run the newer runtime-broker that wrote it, or move the file away", path,
                version, rb_schema_get_version ());
  return FALSE;
}
