/* rb-lock.h: an advisory lock that lives as long as the process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Source: protocol.md IMP-7. The file is our own, never discovery.json.lock, which belongs to clients; it stays on disk, because
 * deleting a lock file lets two holders in. */
typedef struct _RbLock RbLock;

/* Creates @path (0600) where it is missing; its directory must exist. Fails with RB_ERROR_BAD_STATE "already_running" when somebody
 * holds it (the text names the pid that the holder wrote), otherwise with an error of the domain G_FILE_ERROR. */
RbLock *rb_lock_take    (const char *path, GError **error);
/* As rb_lock_take(), of a lock that this process has already: @fd, from rb_lock_hand_over(), is taken. */
RbLock *rb_lock_adopt   (const char *path, int fd, GError **error);
/* A descriptor that holds the lock when @self is released; -1 on failure. */
int     rb_lock_hand_over (RbLock *self);
void    rb_lock_release (RbLock *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbLock, rb_lock_release)

G_END_DECLS
