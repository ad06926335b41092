/* rb-paths.h: where the files of an account are
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Source: protocol.md 3.5. */
typedef struct {
  char *data_dir;         /* D */
  char *account_dir;      /* D/runtime-broker/S */
  char *state_dir;        /* D/runtime-broker/S/I */
  char *discovery_file;   /* .../discovery.json */
  char *log_dir;          /* D/runtime-broker/log */
  char *socket;           /* Unix socket: $XDG_RUNTIME_DIR/runtime-broker/<S>/ipc.sock for the default data directory,
                             otherwise (or without an XDG_RUNTIME_DIR that can be used) <state_dir>/ipc.sock; shortened through a hash where
                             that passes the 107 bytes of a socket address: then in $XDG_RUNTIME_DIR/runtime-broker/<hash>, and
                             as the last resort in /tmp/runtime-broker-<uid>-<hash>. Whoever listens makes that directory with
                             0700 and refuses one that is not its own. */
  char *local_secret_file;/* D/runtime-broker/S/local-account.key, mode 0600: profile local's runtime token */
} RbPaths;

/* @user_data: (nullable) MASONS_BROKER_USER_DATA; NULL or "" means the default data directory.
 * Fails with RB_ERROR_INVALID: empty account or token ("principal must be a non-empty string", "runtimeToken must be a
 * non-empty string"), account id that sanitises to "." or ".." (IMP-5). */
RbPaths  *rb_paths_new             (const char *account_id, const char *runtime_token, const char *user_data, GError **error);
void      rb_paths_free            (RbPaths *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbPaths, rb_paths_free)

char     *rb_paths_dup_data_dir    (const char *user_data);
char     *rb_paths_dup_local_secret_file (const char *account_id, const char *user_data, GError **error);
/* Profile local's account secret: read, or minted once (32 random bytes, base64url) when @create and missing. The file is
 * created with O_EXCL, so that two starters agree. Without @create a missing file is RB_ERROR_NOT_FOUND. */
char     *rb_paths_local_secret    (const char *account_id, const char *user_data, gboolean create, GError **error);

/* (transfer full) (nullable): XDG_RUNTIME_DIR where it can be used: a directory that is ours, where nobody else may write, or none yet where we may make
 * one. Broker and adapters decide alike. RB_ERROR_NOT_FOUND: it is not set; RB_ERROR_UNAVAILABLE: why not. */
char     *rb_paths_dup_runtime_dir       (GError **error);
/* Whether @path could be it. */
gboolean  rb_paths_check_runtime_dir     (const char *path, GError **error);

G_END_DECLS
