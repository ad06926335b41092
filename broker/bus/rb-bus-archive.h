/* rb-bus-archive.h: methods for what is over: search and export
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bus-call.h"

G_BEGIN_DECLS

void  rb_bus_archive_search (RbBusCall *call, const char *key, GVariant *parameters);
void  rb_bus_archive_export (RbBusCall *call, const char *key, GVariant *parameters);

G_END_DECLS
