/* fault-journal.h: what was done to files and is not synced
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

/* The callers hold one lock. Each before_...() is followed by the call that says how it went. */
void fault_journal_created         (const char *path);
void fault_journal_linked          (const char *from, const char *to);
void fault_journal_removed         (const char *path);
void fault_journal_before_rename   (const char *from, const char *to);
void fault_journal_renamed         (int success);
void fault_journal_before_write    (int fd, const char *path, const void *data, size_t size, off_t offset);
void fault_journal_before_truncate (int fd, const char *path, off_t size);
void fault_journal_written         (long n_bytes);      /* fewer than asked for, or -1 */
void fault_journal_synced          (int fd, const char *path);
void fault_journal_take_back       (unsigned long seed);
