/* rb-disk-check.h: whether a disk has what a broker needs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The first that is true. */
typedef enum {
  RB_DISK_READ_ONLY,
  RB_DISK_NO_RIGHT,
  RB_DISK_FULL,          /* a broker refuses everything new, now or soon */
  RB_DISK_NO_FILES,      /* there is room, and no file can be made */
  RB_DISK_LOW,
  RB_DISK_FEW_FILES,
  RB_DISK_GOOD,
} RbDiskVerdict;

typedef struct {
  gboolean is_read_only;
  gboolean may_write;
  guint64  free_bytes;     /* for whoever is not root */
  guint64  n_files;        /* that it can have at all; 0: it does not count them */
  guint64  n_free_files;
  guint64  log_bytes;      /* of the database's log, which are written once more when it is folded in */
  guint64  low_bytes;      /* below that a person wants to know */
} RbDiskFacts;

/* Pure. */
RbDiskVerdict  rb_disk_check_judge       (const RbDiskFacts *facts);
/* What must be free for the next messages to be kept. */
guint64        rb_disk_check_get_needed  (const RbDiskFacts *facts);

G_END_DECLS
