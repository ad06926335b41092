/* rb-paths.c: where the files of an account are
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-paths.h"

#include "rb-error.h"
#include "rb-file.h"
#include "rb-log.h"
#include "rb-text.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define IDENTITY_DIGITS 16
#define SECRET_BYTES 32
#define MAX_SECRET_SIZE 1024

/**
 * rb_paths_dup_data_dir:
 * @user_data: (nullable): `MASONS_BROKER_USER_DATA`; %NULL or "" means the default
 *
 * Returns: (transfer full): D of protocol.md 3.5, which need not exist
 */
char *
rb_paths_dup_data_dir (const char *user_data)
{
  if (user_data != NULL && *user_data != '\0')
    return g_strdup (user_data);
  return g_build_filename (g_get_user_data_dir (), "masons-runtime-broker", NULL);
}

/* The account's directory; refuses what would leave the tree (IMP-5). */
static char *
dup_account_dir (const char  *data_dir,
                 const char  *account_id,
                 char       **sanitised,
                 GError     **error)
{
  g_autofree char *name = NULL;

  if (account_id == NULL || *account_id == '\0')
    {
      rb_set_error (error, RB_ERROR_INVALID, NULL, "principal must be a non-empty string");
      return NULL;
    }

  name = rb_text_sanitise (account_id);
  if (g_str_equal (name, ".") || g_str_equal (name, ".."))
    {
      rb_set_error (error, RB_ERROR_INVALID, NULL, "The account id '%s' cannot name a directory", account_id);
      return NULL;
    }
  if (sanitised != NULL)
    *sanitised = g_strdup (name);
  return g_build_filename (data_dir, "runtime-broker", name, NULL);
}

static char *
dup_digest (const char *text)
{
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);

  return g_strndup (digest, IDENTITY_DIGITS);
}

static gboolean
fits_socket_address (const char *path)
{
  return strlen (path) < sizeof ((struct sockaddr_un *) NULL)->sun_path;
}

static gboolean
may_make (const char *path)
{
  g_autofree char *parent = g_path_get_dirname (path);

  return g_file_test (parent, G_FILE_TEST_EXISTS) ? g_access (parent, W_OK | X_OK) == 0 : may_make (parent);
}

/* A missing one is made, where we may. In one that is not ours alone others could put their own in the place of our socket. */
gboolean
rb_paths_check_runtime_dir (const char  *path,
                            GError     **error)
{
  GStatBuf info;

  if (!g_path_is_absolute (path))
    rb_set_error (error, RB_ERROR_UNAVAILABLE, "runtime_dir", "XDG_RUNTIME_DIR: '%s' is not absolute", path);
  else if (g_stat (path, &info) != 0)
    {
      int saved_errno = errno;

      if (saved_errno == ENOENT && may_make (path))
        return TRUE;
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "runtime_dir", "XDG_RUNTIME_DIR: '%s' cannot be used: %s", path, g_strerror (saved_errno));
    }
  else if (!S_ISDIR (info.st_mode))
    rb_set_error (error, RB_ERROR_UNAVAILABLE, "runtime_dir", "XDG_RUNTIME_DIR: '%s' is no directory", path);
  else if (info.st_uid != geteuid ())
    rb_set_error (error, RB_ERROR_UNAVAILABLE, "runtime_dir", "XDG_RUNTIME_DIR: '%s' belongs to uid %u, and we are %u", path, (guint) info.st_uid,
                  (guint) geteuid ());
  else if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    rb_set_error (error, RB_ERROR_UNAVAILABLE, "runtime_dir", "XDG_RUNTIME_DIR: others may write in '%s' (mode %03o)", path,
                  (guint) info.st_mode & 0777);
  else
    return TRUE;
  return FALSE;
}

char *
rb_paths_dup_runtime_dir (GError **error)
{
  const char *environment = g_getenv ("XDG_RUNTIME_DIR");
  const char *path = g_get_user_runtime_dir ();

  if (environment == NULL || *environment == '\0')
    {
      rb_set_error (error, RB_ERROR_NOT_FOUND, "no_runtime_dir", "XDG_RUNTIME_DIR is not set");
      return NULL;
    }
  return rb_paths_check_runtime_dir (path, error) ? g_strdup (path) : NULL;
}

/* Whoever listens checks that the directory is its own: the last resort lies where others may write. */
static char *
dup_socket (const char *state_dir,
            const char *account,
            gboolean    is_default)
{
  g_autofree char *runtime_dir = rb_paths_dup_runtime_dir (NULL);
  g_autofree char *path = NULL;
  g_autofree char *digest = NULL;
  g_autofree char *shorter = NULL;
  g_autofree char *name = NULL;

  if (is_default && runtime_dir != NULL)
    path = g_build_filename (runtime_dir, "runtime-broker", account, "ipc.sock", NULL);
  else
    path = g_build_filename (state_dir, "ipc.sock", NULL);
  if (fits_socket_address (path))
    return g_steal_pointer (&path);

  digest = dup_digest (path);
  if (runtime_dir != NULL)
    {
      shorter = g_build_filename (runtime_dir, "runtime-broker", digest, "ipc.sock", NULL);
      if (fits_socket_address (shorter))
        return g_steal_pointer (&shorter);
    }

  name = g_strdup_printf ("runtime-broker-%u-%s", (guint) geteuid (), digest);
  return g_build_filename (g_get_tmp_dir (), name, "ipc.sock", NULL);
}

/**
 * rb_paths_new:
 * @account_id: the account's id
 * @runtime_token: the account's secret; only its digest shows in a path
 * @user_data: (nullable): `MASONS_BROKER_USER_DATA`
 * @error: return location for a #GError
 *
 * Works out the paths of protocol.md 3.5; creates nothing. Fails with %RB_ERROR_INVALID.
 *
 * Returns: (transfer full): the paths
 */
RbPaths *
rb_paths_new (const char  *account_id,
              const char  *runtime_token,
              const char  *user_data,
              GError     **error)
{
  g_autofree char *data_dir = rb_paths_dup_data_dir (user_data);
  g_autofree char *account_dir = NULL;
  g_autofree char *account = NULL;
  g_autofree char *identity = NULL;
  RbPaths *self;

  account_dir = dup_account_dir (data_dir, account_id, &account, error);
  if (account_dir == NULL)
    return NULL;
  if (runtime_token == NULL || *runtime_token == '\0')
    {
      rb_set_error (error, RB_ERROR_INVALID, NULL, "runtimeToken must be a non-empty string");
      return NULL;
    }

  identity = dup_digest (runtime_token);
  self = g_new0 (RbPaths, 1);
  self->state_dir = g_build_filename (account_dir, identity, NULL);
  self->discovery_file = g_build_filename (self->state_dir, "discovery.json", NULL);
  self->log_dir = g_build_filename (data_dir, "runtime-broker", "log", NULL);
  self->socket = dup_socket (self->state_dir, account, user_data == NULL || *user_data == '\0');
  self->local_secret_file = g_build_filename (account_dir, "local-account.key", NULL);
  self->account_dir = g_steal_pointer (&account_dir);
  self->data_dir = g_steal_pointer (&data_dir);
  return self;
}

void
rb_paths_free (RbPaths *self)
{
  if (self == NULL)
    return;

  g_free (self->data_dir);
  g_free (self->account_dir);
  g_free (self->state_dir);
  g_free (self->discovery_file);
  g_free (self->log_dir);
  g_free (self->socket);
  g_free (self->local_secret_file);
  g_free (self);
}

char *
rb_paths_dup_local_secret_file (const char  *account_id,
                                const char  *user_data,
                                GError     **error)
{
  g_autofree char *data_dir = rb_paths_dup_data_dir (user_data);
  g_autofree char *account_dir = dup_account_dir (data_dir, account_id, NULL, error);

  if (account_dir == NULL)
    return NULL;
  return g_build_filename (account_dir, "local-account.key", NULL);
}

static gboolean
is_secret (const char *text)
{
  if (*text == '\0')
    return FALSE;
  for (const char *at = text; *at != '\0'; at++)
    if (!g_ascii_isgraph (*at))
      return FALSE;
  return TRUE;
}

static char *
read_secret (const char  *path,
             GError     **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autofree char *text = NULL;
  gsize length = 0;
  GStatBuf info;

  text = rb_file_read (path, MAX_SECRET_SIZE, &length, &local_error);
  if (g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    {
      rb_set_error (error, RB_ERROR_NOT_FOUND, NULL, "There is no account secret '%s'", path);
      return NULL;
    }
  if (text == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }

  if (strlen (text) != length || !is_secret (g_strstrip (text)))
    {
      rb_set_error (error, RB_ERROR_CORRUPT, NULL, "The account secret '%s' is damaged; it must be one line of printable ASCII",
                    path);
      return NULL;
    }
  if (g_stat (path, &info) == 0 && (info.st_mode & 077) != 0)
    rb_log_warning ("account_secret_exposed", "path", path, "hint", "make it readable by its owner alone (mode 0600)", NULL);
  return g_steal_pointer (&text);
}

static char *
mint_secret (GError **error)
{
  guint8 random[SECRET_BYTES];
  char *text;

  if (getrandom (random, sizeof random, 0) != (gssize) sizeof random)
    {
      rb_set_error (error, RB_ERROR_UNAVAILABLE, NULL, "The system gives no random bytes: %s", g_strerror (errno));
      return NULL;
    }
  text = g_base64_encode (random, sizeof random);
  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  *strchrnul (text, '=') = '\0';
  return text;
}

/**
 * rb_paths_local_secret:
 * @account_id: the account's id
 * @user_data: (nullable): `MASONS_BROKER_USER_DATA`
 * @create: mint one where there is none
 * @error: return location for a #GError
 *
 * Fails with %RB_ERROR_INVALID (account id), %RB_ERROR_NOT_FOUND (without @create), %RB_ERROR_CORRUPT, or an error of the domain
 * %G_FILE_ERROR.
 *
 * Returns: (transfer full): profile local's runtime token of this account
 */
char *
rb_paths_local_secret (const char  *account_id,
                       const char  *user_data,
                       gboolean     create,
                       GError     **error)
{
  g_autofree char *path = rb_paths_dup_local_secret_file (account_id, user_data, error);
  g_autofree char *secret = NULL;
  g_autoptr(GError) local_error = NULL;

  if (path == NULL)
    return NULL;

  secret = read_secret (path, &local_error);
  if (secret != NULL)
    return g_steal_pointer (&secret);
  if (!create || !g_error_matches (local_error, RB_ERROR, RB_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }

  secret = mint_secret (error);
  if (secret == NULL)
    return NULL;
  g_clear_error (&local_error);
  if (!rb_file_create_exclusive (path, secret, -1, 0600, &local_error)
      && !g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_EXIST))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  /* Ours, or that of another starter who was faster. */
  return read_secret (path, error);
}
