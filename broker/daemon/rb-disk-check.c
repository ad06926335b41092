/* rb-disk-check.c: whether a disk has what a broker needs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-disk-check.h"

#define MIB ((guint64) 1024 * 1024)
#define NEEDED_MIB 16     /* the log of the database, log files, a handover */
#define NEEDED_FILES 16   /* database, its log and index, lock, discovery file, log files, temporary names of each */
#define FEW_FILES 256

guint64
rb_disk_check_get_needed (const RbDiskFacts *facts)
{
  return NEEDED_MIB * MIB + facts->log_bytes;
}

RbDiskVerdict
rb_disk_check_judge (const RbDiskFacts *facts)
{
  if (facts->is_read_only)
    return RB_DISK_READ_ONLY;
  if (!facts->may_write)
    return RB_DISK_NO_RIGHT;
  if (facts->free_bytes < rb_disk_check_get_needed (facts))
    return RB_DISK_FULL;
  if (facts->n_files > 0 && facts->n_free_files < NEEDED_FILES)
    return RB_DISK_NO_FILES;
  if (facts->free_bytes < facts->low_bytes)
    return RB_DISK_LOW;
  return facts->n_files > 0 && facts->n_free_files < FEW_FILES ? RB_DISK_FEW_FILES : RB_DISK_GOOD;
}
