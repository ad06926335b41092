/* rb-ipc-runtime-memory.h: how much memory runtimes take, as far as the kernel says it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* @runtimes: of rb_view_runtimes(), taken if floating. Returns (floating) the same with "memory_bytes" x of the main process of each that runs. */
GVariant *rb_ipc_runtimes_measure (GVariant *runtimes);

G_END_DECLS
