/* rb-local-bell.h: a file that says who is listening and wakes them up
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The listener's side: holds the lock and the watch. */
typedef struct _RbLocalBell RbLocalBell;

RbLocalBell *rb_local_bell_open    (const char   *directory,
                                    const char   *handle,
                                    gint64        generation,
                                    GError      **error);
void         rb_local_bell_close   (RbLocalBell  *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbLocalBell, rb_local_bell_close)

int          rb_local_bell_get_fd  (RbLocalBell  *self);
gboolean     rb_local_bell_drain   (RbLocalBell  *self);

/* The visitors' side. */
gboolean     rb_local_bell_ring    (const char   *directory,
                                    const char   *handle);
gboolean     rb_local_bell_is_live (const char   *directory,
                                    const char   *handle,
                                    gint64        generation);

G_END_DECLS
