/* surface.c: what modules see of the library and no function of it takes: the tables that they fill
 *
 * Built into the library that tests/abi compares, so that these types are compared too.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rb-api.h"

void rb_abi_surface (RbModuleInfo           *info,
                     RbModuleInterface      *module,
                     RbConnectorInterface   *connector,
                     RbUpstreamInterface    *upstream,
                     RbSpawnDriverInterface *spawn_driver,
                     RbEmitterInterface     *emitter,
                     RbUpstreamFeatures      features,
                     RbClockClass           *clock);

void
rb_abi_surface (RbModuleInfo           *info,
                RbModuleInterface      *module,
                RbConnectorInterface   *connector,
                RbUpstreamInterface    *upstream,
                RbSpawnDriverInterface *spawn_driver,
                RbEmitterInterface     *emitter,
                RbUpstreamFeatures      features,
                RbClockClass           *clock)
{
}
