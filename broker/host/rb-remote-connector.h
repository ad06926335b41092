/* rb-remote-connector.h: a connector that runs in a process of its own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-api.h"

G_BEGIN_DECLS

#define RB_TYPE_REMOTE_CONNECTOR (rb_remote_connector_get_type ())
G_DECLARE_FINAL_TYPE (RbRemoteConnector, rb_remote_connector, RB, REMOTE_CONNECTOR, GObject)

/* Stands where the module's own object would, behind its guard. @info: of rb_remote_info_open(); @values: of its settings. */
RbModule *rb_remote_connector_new      (const RbModuleInfo *info,
                                        GHashTable         *values);
/* Adds isolated (b), restarts (x), while there is a process its pid (x), and once one has ended the reason (s). */
void      rb_remote_connector_add_view (RbRemoteConnector  *self,
                                        GVariantDict       *view);

G_END_DECLS
