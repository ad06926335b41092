/* rb-login-record.c: where `brokerctl login` has put an account's credentials
 *
 * Without it every start would have to ask the keyring, which may be locked, slow or not there, also for the many who never logged in. It
 * holds no secret: one group an account, in a key file.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-login-record.h"

#include "rb-error.h"
#include "rb-file.h"

#define MAX_BYTES (1024 * 1024)
#define PLACE "place"
#define FILE_KEY "file"

void
rb_login_record_clear (RbLoginRecord *self)
{
  self->place = RB_LOGIN_NONE;
  g_clear_pointer (&self->file, g_free);
}

char *
rb_login_record_dup_path (void)
{
  return g_build_filename (g_get_user_config_dir (), "runtime-broker", "logins", NULL);
}

/* A key file without groups when there is none. */
static GKeyFile *
load (const char  *path,
      GError     **error)
{
  g_autoptr(GKeyFile) file = g_key_file_new ();
  g_autoptr(GError) local_error = NULL;
  gsize length = 0;
  g_autofree char *text = rb_file_read (path, MAX_BYTES, &length, &local_error);

  if (text == NULL && g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return g_steal_pointer (&file);
  if (text != NULL && (length == 0 || g_key_file_load_from_data (file, text, length, G_KEY_FILE_NONE, &local_error)))
    return g_steal_pointer (&file);

  rb_set_error (error, RB_ERROR_INVALID, "bad_login_record", "%s cannot be read: %s", path, local_error->message);
  return NULL;
}

/* Names of groups know no brackets. */
static char *
dup_group (const char *account_id)
{
  return g_uri_escape_string (account_id, NULL, FALSE);
}

gboolean
rb_login_record_read (const char     *account_id,
                      RbLoginRecord  *self,
                      GError        **error)
{
  g_autofree char *path = rb_login_record_dup_path ();
  g_autofree char *group = dup_group (account_id);
  g_autoptr(GKeyFile) file = load (path, error);
  g_autofree char *place = NULL;

  rb_login_record_clear (self);
  if (file == NULL)
    return FALSE;
  if (!g_key_file_has_group (file, group))
    return TRUE;

  place = g_key_file_get_string (file, group, PLACE, NULL);
  self->file = g_key_file_get_string (file, group, FILE_KEY, NULL);
  if (g_strcmp0 (place, "keyring") == 0)
    self->place = RB_LOGIN_KEYRING;
  else if (g_strcmp0 (place, "file") == 0 && self->file != NULL && g_path_is_absolute (self->file))
    self->place = RB_LOGIN_FILE;
  else
    rb_set_error (error, RB_ERROR_INVALID, "bad_login_record", "%s: [%s]: 'place' must be 'keyring', or 'file' with the path of one", path,
                  group);
  return self->place != RB_LOGIN_NONE;
}

static void
fill (GKeyFile            *file,
      const char          *group,
      const RbLoginRecord *self)
{
  g_key_file_remove_group (file, group, NULL);
  if (self->place == RB_LOGIN_NONE)
    return;
  g_key_file_set_string (file, group, PLACE, self->place == RB_LOGIN_KEYRING ? "keyring" : "file");
  if (self->place == RB_LOGIN_FILE)
    g_key_file_set_string (file, group, FILE_KEY, self->file);
}

gboolean
rb_login_record_write (const char           *account_id,
                       const RbLoginRecord  *self,
                       GError              **error)
{
  g_autofree char *path = rb_login_record_dup_path ();
  g_autofree char *group = dup_group (account_id);
  g_autoptr(GKeyFile) file = load (path, error);
  g_autofree char *text = NULL;
  gsize length = 0;

  if (file == NULL)
    return FALSE;
  fill (file, group, self);
  text = g_key_file_to_data (file, &length, NULL);
  return rb_file_write_atomic (path, text, (gssize) length, 0600, error);
}
