/* rb-host-entry.h: one module that the host was asked for
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-guard.h"

G_BEGIN_DECLS

typedef struct {
  char         *name;       /* as asked for */
  RbModuleKind  kind;
  gboolean      required;
  char         *path;       /* (nullable) */
  RbGuard      *guard;      /* NULL: it could not be loaded */
  char         *reason;     /* why not */
  RbModuleContext *context; /* NULL likewise */
  GHashTable   *values;     /* NULL likewise: what it was configured with */
} RbHostEntry;

RbHostEntry *rb_host_entry_new   (RbModuleKind       kind,
                                  const char        *name,
                                  gboolean           required);
void         rb_host_entry_free  (RbHostEntry       *self);
GVariant    *rb_host_entry_view  (const RbHostEntry *self);   /* a{sv}, floating; see rb_host_view() */

G_END_DECLS
