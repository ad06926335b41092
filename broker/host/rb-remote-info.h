/* rb-remote-info.h: which modules run in a process of their own, and what they say of themselves
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-remote-frame.h"

G_BEGIN_DECLS

/* Of such a module this process never opens the file, for that alone runs its code. A process of its own does, and tells. */

#define RB_REMOTE_ISOLATE "isolate"
#define RB_REMOTE_MEMORY "isolate-memory-mib"
#define RB_REMOTE_MEMORY_MAX_MIB (1024 * 1024)

/* The keys that every connector's group has beside those of the module's own table. */
const RbModuleSetting *rb_remote_get_settings    (void);
gboolean               rb_remote_is_setting      (const char *key);

/* As rb_loader_open(), without the file being opened in this process: asks a process once, and keeps what it said as long as this one
 * lives. The settings of the info have the keys of rb_remote_get_settings() too. Its errors are the loader's, or
 * RB_ERROR_UNAVAILABLE when the process could not be started or did not survive. */
const RbModuleInfo    *rb_remote_info_open       (const char *const  *directories,
                                                  RbModuleKind        kind,
                                                  const char         *name,
                                                  char              **path,
                                                  GError            **error);
/* The file of such a module; NULL: @info is that of a module in this process. */
const char            *rb_remote_info_get_path   (const RbModuleInfo *info);
/* "connector-local" */
char                  *rb_remote_info_dup_title  (RbModuleKind        kind,
                                                  const char         *name);

/* For the frames RB_REMOTE_OPEN and RB_REMOTE_OPENED. (floating) */
GVariant              *rb_remote_open_new        (const char *const  *directories,
                                                  RbModuleKind        kind,
                                                  const char         *name);
GVariant              *rb_remote_opened_new      (const RbModuleInfo *info,
                                                  const char         *path);
gboolean               rb_remote_open_read       (const RbRemoteFrame *frame,
                                                  GStrv               *directories,
                                                  RbModuleKind        *kind,
                                                  char               **name);

G_END_DECLS
