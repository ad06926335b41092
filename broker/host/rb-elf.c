/* rb-elf.c: whether a file is a whole shared object for this machine
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-elf.h"

#include "rb-api.h"

#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_PROGRAM_HEADERS 256

#if __SIZEOF_POINTER__ == 8
#define OUR_CLASS ELFCLASS64
#else
#define OUR_CLASS ELFCLASS32
#endif
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
#define OUR_ORDER ELFDATA2LSB
#else
#define OUR_ORDER ELFDATA2MSB
#endif

/* Our own header, put there by the linker: tells what machine we are built for. */
extern const ElfW (Ehdr) __ehdr_start __attribute__ ((visibility ("hidden")));

static gboolean
refuse (GError     **error,
        const char  *path,
        const char  *what)
{
  rb_set_error (error, RB_ERROR_INVALID, "module_damaged", "'%s' %s", path, what);
  return FALSE;
}

static gboolean
read_at (int          fd,
         void        *data,
         size_t       size,
         guint64      offset,
         const char  *path,
         GError     **error)
{
  gssize n = TEMP_FAILURE_RETRY (pread (fd, data, size, (off_t) offset));

  if (n < 0)
    {
      rb_set_error (error, RB_ERROR_UNAVAILABLE, NULL, "Cannot read '%s': %s", path, g_strerror (errno));
      return FALSE;
    }
  if ((size_t) n < size)
    return refuse (error, path, "is cut short");
  return TRUE;
}

static gboolean
check_header (const ElfW (Ehdr)  *header,
              const char         *path,
              GError            **error)
{
  if (memcmp (header->e_ident, ELFMAG, SELFMAG) != 0)
    return refuse (error, path, "is not a shared object");
  if (header->e_ident[EI_CLASS] != OUR_CLASS
      || header->e_ident[EI_DATA] != OUR_ORDER
      || header->e_machine != __ehdr_start.e_machine)
    return refuse (error, path, "is for another kind of machine");
  if (header->e_type != ET_DYN)
    return refuse (error, path, "is not a shared object");
  if (header->e_phentsize != sizeof (ElfW (Phdr)) || header->e_phnum == 0 || header->e_phnum > MAX_PROGRAM_HEADERS)
    return refuse (error, path, "has a damaged header");
  return TRUE;
}

gboolean
rb_elf_check (int          fd,
              const char  *path,
              GError     **error)
{
  ElfW (Ehdr) header;
  ElfW (Phdr) segment;
  struct stat info;

  if (fstat (fd, &info) != 0)
    return refuse (error, path, "cannot be looked at");
  if (!read_at (fd, &header, sizeof header, 0, path, error) || !check_header (&header, path, error))
    return FALSE;

  for (guint i = 0; i < header.e_phnum; i++)
    {
      guint64 size = (guint64) info.st_size;

      if (header.e_phoff > size)
        return refuse (error, path, "is cut short");
      if (!read_at (fd, &segment, sizeof segment, header.e_phoff + i * sizeof segment, path, error))
        return FALSE;
      if (segment.p_filesz > size || segment.p_offset > size - segment.p_filesz)
        return refuse (error, path, "is cut short");
    }
  return TRUE;
}
