/* fault-journal.c: what was done to files and is not synced
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A list of operations in their order, each with what undoes it and what does it again. A sync of a file takes its contents off the
 * list, and the name it was made under; a sync of a directory takes the names in it. A power loss undoes what is left, wholly, or all
 * but what a seed chose: any of the writes, the newest of them perhaps torn, and the first few of the changes of names, as
 * file systems keep the order of these. What is mapped (SQLite's -shm) is not seen, and not there after a power loss. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include "fault-journal.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SECTOR_BYTES 512

typedef enum { OP_CREATE, OP_RENAME, OP_WRITE, OP_TRUNCATE } OpKind;

typedef struct {
  OpKind  kind;
  bool    durable;       /* synced since */
  char   *path;          /* the name it has now */
  char   *from;          /* RENAME: the name it had */
  bool    existed;       /* RENAME: there was another file of the new name */
  off_t   offset;        /* WRITE */
  off_t   old_length;    /* of the whole file */
  off_t   new_length;    /* TRUNCATE */
  char   *old_bytes;     /* at @offset; RENAME: all of the other file */
  size_t  old_size;
  char   *new_bytes;     /* WRITE */
  size_t  new_size;
} Op;

static Op *ops;
static size_t n_ops, room;

static void *
must (void *memory)
{
  if (memory == NULL)
    abort ();
  return memory;
}

static Op *
append (OpKind      kind,
        const char *path)
{
  if (n_ops == room)
    {
      room = room * 2 + 64;
      ops = must (realloc (ops, room * sizeof *ops));
    }
  ops[n_ops] = (Op) { .kind = kind, .path = must (strdup (path)) };
  return &ops[n_ops++];
}

static void
clear (Op *op)
{
  free (op->path);
  free (op->from);
  free (op->old_bytes);
  free (op->new_bytes);
}

/* Drops what is durable, so that the list stays as short as what is at stake. */
static void
compact (void)
{
  size_t kept = 0;

  for (size_t i = 0; i < n_ops; i++)
    {
      if (ops[i].durable)
        clear (&ops[i]);
      else
        ops[kept++] = ops[i];
    }
  n_ops = kept;
}

static void
drop_last (void)
{
  ops[n_ops - 1].durable = true;
  compact ();
}

static bool
ends_with (const char *path,
           const char *suffix)
{
  size_t length = strlen (path);

  return length >= strlen (suffix) && strcmp (path + length - strlen (suffix), suffix) == 0;
}

static bool
is_name (const Op *op)
{
  return op->kind == OP_CREATE || op->kind == OP_RENAME;
}

static bool
is_in (const char *directory,
       const char *path)
{
  size_t length = strlen (directory);

  return strncmp (path, directory, length) == 0 && path[length] == '/' && strchr (path + length + 1, '/') == NULL;
}

/* The same descriptor as the program's: closing another one of the file would drop the locks that the process has on it. */
static char *
read_bytes (int     fd,
            off_t   offset,
            size_t  wanted,
            size_t *size)
{
  char *bytes = must (malloc (wanted + 1));
  long n = wanted > 0 ? syscall (SYS_pread64, fd, bytes, wanted, offset) : 0;

  *size = n > 0 ? (size_t) n : 0;
  return bytes;
}

static off_t
get_length (int fd)
{
  struct stat st;

  return fstat (fd, &st) == 0 ? st.st_size : 0;
}

void
fault_journal_created (const char *path)
{
  append (OP_CREATE, path);
}

static void
set_path (Op         *op,
          const char *path)
{
  free (op->path);
  op->path = must (strdup (path));
}

/* From now on the contents are those of the new name: the old one goes soon, as rb_file_create_exclusive() has it. */
void
fault_journal_linked (const char *from,
                      const char *to)
{
  append (OP_CREATE, to);
  for (size_t i = 0; i < n_ops; i++)
    if (!is_name (&ops[i]) && strcmp (ops[i].path, from) == 0)
      set_path (&ops[i], to);
}

void
fault_journal_removed (const char *path)
{
  for (size_t i = 0; i < n_ops; i++)
    ops[i].durable |= strcmp (ops[i].path, path) == 0;
  compact ();
}

static void
keep_replaced (Op         *op,
               const char *path)
{
  int fd = (int) syscall (SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);

  op->existed = fd >= 0;
  if (fd < 0)
    return;
  op->old_bytes = read_bytes (fd, 0, (size_t) get_length (fd), &op->old_size);
  syscall (SYS_close, fd);
}

void
fault_journal_before_rename (const char *from,
                             const char *to)
{
  Op *op = append (OP_RENAME, to);

  op->from = must (strdup (from));
  keep_replaced (op, to);
}

void
fault_journal_renamed (int success)
{
  const Op *last = &ops[n_ops - 1];

  if (!success)
    {
      drop_last ();
      return;
    }
  for (size_t i = 0; i + 1 < n_ops; i++)
    {
      /* What was replaced is as it was when it was replaced. */
      ops[i].durable |= strcmp (ops[i].path, last->path) == 0;
      if (strcmp (ops[i].path, last->from) == 0)
        set_path (&ops[i], last->path);
    }
  compact ();
}

void
fault_journal_before_write (int         fd,
                            const char *path,
                            const void *data,
                            size_t      size,
                            off_t       offset)
{
  Op *op = append (OP_WRITE, path);

  op->old_length = get_length (fd);
  if (offset < 0)
    offset = (fcntl (fd, F_GETFL) & O_APPEND) != 0 ? op->old_length : lseek (fd, 0, SEEK_CUR);
  op->offset = offset;
  op->old_bytes = read_bytes (fd, offset, size, &op->old_size);
  op->new_bytes = must (malloc (size + 1));
  memcpy (op->new_bytes, data, size);
  op->new_size = size;
}

void
fault_journal_before_truncate (int         fd,
                               const char *path,
                               off_t       size)
{
  Op *op = append (OP_TRUNCATE, path);

  op->old_length = get_length (fd);
  op->new_length = size;
  op->offset = size;
  if (size < op->old_length)
    op->old_bytes = read_bytes (fd, size, (size_t) (op->old_length - size), &op->old_size);
}

void
fault_journal_written (long n_bytes)
{
  Op *op = &ops[n_ops - 1];

  if (n_bytes < 0 || ends_with (op->path, "-shm"))
    drop_last ();
  else if (op->kind == OP_WRITE)
    op->new_size = (size_t) n_bytes;
}

void
fault_journal_synced (int         fd,
                      const char *path)
{
  struct stat st;
  bool is_directory = fstat (fd, &st) == 0 && S_ISDIR (st.st_mode);

  for (size_t i = 0; i < n_ops; i++)
    ops[i].durable |= is_directory ? is_name (&ops[i]) && is_in (path, ops[i].path)
                                   : ops[i].kind != OP_RENAME && strcmp (ops[i].path, path) == 0;
  compact ();
}

/* --- the power is gone --- */

static void
put_bytes (const char *path,
           off_t       length,
           off_t       offset,
           const char *bytes,
           size_t      size)
{
  int fd = (int) syscall (SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  if (fd < 0)
    return;
  if ((length >= 0 && syscall (SYS_ftruncate, fd, length) != 0) ||
      (size > 0 && syscall (SYS_pwrite64, fd, bytes, size, offset) != (long) size))
    abort ();
  syscall (SYS_close, fd);
}

static void
undo_name (const Op *op)
{
  if (op->kind == OP_CREATE)
    {
      syscall (SYS_unlink, op->path);
      return;
    }
  syscall (SYS_rename, op->path, op->from);
  if (op->existed)
    put_bytes (op->path, 0, 0, op->old_bytes, op->old_size);
}

static void
do_again (const Op *op,
          bool      torn)
{
  size_t size = op->new_size;

  if (op->kind == OP_TRUNCATE)
    {
      put_bytes (op->path, op->new_length, 0, NULL, 0);
      return;
    }
  if (torn)
    size = (size_t) random () % (size / SECTOR_BYTES + 1) * SECTOR_BYTES;
  put_bytes (op->path, -1, op->offset, op->new_bytes, size);
}

static void
undo_contents (void)
{
  for (size_t i = n_ops; i > 0; i--)
    if (!is_name (&ops[i - 1]))
      put_bytes (ops[i - 1].path, ops[i - 1].old_length, ops[i - 1].offset, ops[i - 1].old_bytes, ops[i - 1].old_size);
}

static void
do_some_again (void)
{
  size_t last = n_ops;

  while (last > 0 && is_name (&ops[last - 1]))
    last--;
  for (size_t i = 0; i < last; i++)
    if (!is_name (&ops[i]) && random () % 2 == 0)
      do_again (&ops[i], i + 1 == last);
}

static void
undo_names (size_t kept)
{
  for (size_t i = n_ops; i > kept; i--)
    if (is_name (&ops[i - 1]))
      undo_name (&ops[i - 1]);
}

static void
remove_mapped (void)
{
  for (size_t i = 0; i < n_ops; i++)
    if (ops[i].kind == OP_CREATE && ends_with (ops[i].path, "-shm"))
      syscall (SYS_unlink, ops[i].path);
}

void
fault_journal_take_back (unsigned long seed)
{
  size_t kept = 0;

  srandom ((unsigned int) seed);
  undo_contents ();
  if (seed != 0)
    {
      do_some_again ();
      kept = (size_t) random () % (n_ops + 1);
    }
  undo_names (kept);
  remove_mapped ();
}
