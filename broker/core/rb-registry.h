/* rb-registry.h: the registered endpoints, by id and by process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-endpoint.h"

G_BEGIN_DECLS

typedef struct _RbRegistry RbRegistry;

RbRegistry *rb_registry_new         (void);
void        rb_registry_free        (RbRegistry *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbRegistry, rb_registry_free)

/* Takes @endpoint. FALSE when the id is there already: nothing is taken. */
gboolean    rb_registry_add         (RbRegistry *self, RbEndpoint *endpoint);
void        rb_registry_remove      (RbRegistry *self, RbEndpoint *endpoint);      /* frees it */
RbEndpoint *rb_registry_lookup      (RbRegistry *self, const char *id);            /* @id may be NULL */
/* (nullable) the endpoints of one process in order of registration, borrowed; valid until the next change */
GPtrArray  *rb_registry_get_of_pid  (RbRegistry *self, gint64 pid);
GQueue     *rb_registry_get_all     (RbRegistry *self);                            /* borrowed, in order of registration */
guint       rb_registry_get_n       (RbRegistry *self);

G_END_DECLS
