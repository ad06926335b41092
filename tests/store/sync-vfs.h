/* sync-vfs.h: counts what SQLite syncs, and lets it fail or wait
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Becomes SQLite's default for databases that are opened later, and stays so. */
void  sync_vfs_install  (void);
/* Syncs of any file since the last call. */
guint sync_vfs_take     (void);
/* Every sync fails with EIO until it is set back. */
void  sync_vfs_set_fail (gboolean fail);
/* Every sync waits until it is set back. */
void  sync_vfs_set_hold (gboolean hold);
/* Blocks until one waits so. */
void  sync_vfs_await    (void);

G_END_DECLS
