/* rb-client-properties.h: what can be set and read of a client by name
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client-private.h"

G_BEGIN_DECLS

void rb_client_properties_install (GObjectClass *klass);

G_END_DECLS
