/* rb-workspace.h: where a runtime works: root, current directory, remote, branch
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Source: protocol.md 7.4. */
typedef struct {
  char *root;
  char *cwd;
  char *remote;   /* NULL when absent */
  char *branch;   /* likewise */
} RbWorkspace;

/* @json: (nullable): any JSON value. @workspace: NULL when absent or empty. Fails with RB_ERROR_UNPROCESSABLE "invalid_request". */
gboolean  rb_workspace_from_json (GBytes *json, RbWorkspace **workspace, GError **error);
void      rb_workspace_free      (RbWorkspace *self);
/* Two that are absent are equal. */
gboolean  rb_workspace_equal     (const RbWorkspace *a, const RbWorkspace *b);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbWorkspace, rb_workspace_free)

/* kind, last component of the root and tracking reference joined with " · ", else "<kind>-<last four digits of the pid>". */
char     *rb_workspace_dup_label (const RbWorkspace *workspace, const char *kind, const char *tracking_ref, gint64 pid);

G_END_DECLS
