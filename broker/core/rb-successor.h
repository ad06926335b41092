/* rb-successor.h: an adapter that registers again goes on where it was
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

/* The same process, kind and session (both sides have one): @endpoint takes over what its reconnecting predecessors had, as part of
 * @changes. Source: protocol.md IMP-20, IMP-62.
 *
 * Returns: (transfer full): the ids of the predecessors, to be closed with rb_successor_close() once @changes are on their way: nobody
 * may be gone before what they held is durable elsewhere. */
GPtrArray  *rb_successor_inherit (RbCore *core, RbEndpoint *endpoint, RbChanges *changes);
void        rb_successor_close   (RbCore *core, GPtrArray *ids);    /* takes @ids */

G_END_DECLS
