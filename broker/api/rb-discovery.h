/* rb-discovery.h: the discovery record: where a broker listens and how to prove that one may
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Source: protocol.md 3.6. The members socket and productVersion are ours; other readers ignore them. */
typedef struct {
  gint64  pid;
  char   *started_at;
  char   *ipc_url;
  char   *bearer_token;
  char   *socket;            /* (nullable) member "ipcSocket" */
} RbDiscovery;

/* A record's text. Pure. RB_ERROR_INVALID, RB_ERROR_TOO_LARGE. */
RbDiscovery *rb_discovery_parse  (GBytes *text, GError **error);
/* RB_ERROR_NOT_FOUND when absent or invalid in any way; other read errors pass through. */
RbDiscovery *rb_discovery_read   (const char *path, GError **error);
gboolean     rb_discovery_write  (const RbDiscovery *self, const char *path, GError **error);
/* Deletes @path only if it is valid and names our pid, URL and token. FALSE (no error): somebody else's. */
gboolean     rb_discovery_delete_own (const RbDiscovery *self, const char *path);
void         rb_discovery_free   (RbDiscovery *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbDiscovery, rb_discovery_free)

G_END_DECLS
