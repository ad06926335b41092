/* rb-remote-log.h: log lines of an isolated module, as parts of frames
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-remote-frame.h"

G_BEGIN_DECLS

/* Data that lives as long as the variant that is returned. From any thread. */
GVariant  *rb_remote_log_put   (RbRemoteFrame       *frame,
                                GLogLevelFlags       level,
                                const GLogField     *fields,
                                gsize                n_fields);
/* Into the log of this process, as a line of @module; never a fatal one. FALSE: it is none. */
gboolean   rb_remote_log_write (const RbRemoteFrame *frame,
                                const char          *module);

G_END_DECLS
