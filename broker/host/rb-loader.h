/* rb-loader.h: finds, checks and opens the file of a module
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-api.h"

G_BEGIN_DECLS

/* Reasons: "module_not_found", "module_name_invalid", "module_not_regular", "module_wrong_owner", "module_writable",
 * "module_damaged", "module_no_info", "module_wrong_abi", "module_wrong_size", "module_wrong_kind", "module_wrong_name",
 * "module_bad_type". Errors are RB_ERROR_NOT_FOUND, RB_ERROR_FORBIDDEN (owner, mode) or RB_ERROR_INVALID. */
const RbModuleInfo *rb_loader_open           (const char *const *directories,
                                              RbModuleKind       kind,
                                              const char        *name,
                                              char             **path,
                                              GError           **error);
GType               rb_loader_interface_type (RbModuleKind       kind);

G_END_DECLS
