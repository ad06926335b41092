/* host-fixture.h: a host over copies of the fixture modules
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-host.h"

G_BEGIN_DECLS

/* A private directory with all fixture modules, made once. */
const char *host_fixture_get_dir (void);

/* Copies <name>.so of that directory, cut to @length bytes (-1: whole). */
void        host_fixture_copy    (const char *name, const char *path, gssize length);

/* A host that looks there. @settings: (nullable) "key=value", "" or NULL for none; "!" makes asking for them fail. It must outlive
 * the host. */
RbHost     *host_fixture_new     (RbClock *clock, const char *settings);

/* A member of the view of module @i: text, number or boolean as text; NULL: it has none. */
char       *host_fixture_view    (RbHost *host, guint i, const char *member);

G_END_DECLS
