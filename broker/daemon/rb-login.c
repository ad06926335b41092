/* rb-login.c: what `brokerctl login` and `logout` have done here, where credentials are read and the keyring is
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-login.h"

#include "rb-error.h"
#include "rb-file.h"
#include "rb-json-writer.h"
#include "rb-keyring.h"
#include "rb-login-record.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_BYTES (1024 * 1024)

typedef struct {
  RbSettings        *settings;
  const char        *account;
  RbKeyringPatience  patience;
  RbLoginRecord      record;     /* what is on disk */
  RbJsonWriter      *writer;     /* of the answer, open */
} Login;

static void
write_record (RbJsonWriter        *writer,
              const RbLoginRecord *record)
{
  static const char *const names[] = { [RB_LOGIN_NONE] = "nowhere", [RB_LOGIN_KEYRING] = "keyring", [RB_LOGIN_FILE] = "file" };

  rb_json_writer_string (writer, "stored", names[record->place]);
  rb_json_writer_string (writer, "file", record->file);
}

/* Whoever frees the bytes clears them. */
static GBytes *
read_input (GError **error)
{
  char *text = g_malloc (MAX_BYTES + 1);
  gsize length = 0;
  gssize n = 0;

  while (length < MAX_BYTES && ((n = read (STDIN_FILENO, text + length, MAX_BYTES - length)) > 0 || (n < 0 && errno == EINTR)))
    length += n > 0 ? (gsize) n : 0;
  text[length] = '\0';
  if (n == 0)
    return g_bytes_new_with_free_func (text, length, (GDestroyNotify) rb_keyring_free_text, text);

  rb_keyring_free_text (text);
  if (n < 0)
    rb_set_error (error, RB_ERROR_INVALID, "bad_credentials", "standard input cannot be read");
  else
    rb_set_error (error, RB_ERROR_TOO_LARGE, "bad_credentials", "more than %d bytes cannot be credentials", MAX_BYTES);
  return NULL;
}

/* The account's part of standard input, once it is known to be good. */
static char *
read_account (Login   *self,
              GError **error)
{
  const RbCredentialsQuery query = {
    .account_id = self->account,
    .named_by = "credentials",
    .api_host = rb_settings_get_string (self->settings, "broker", "api-host"),
    .api_host_origin = rb_settings_get_origin (self->settings, "broker", "api-host"),
  };
  g_autoptr(GBytes) text = read_input (error);
  g_autoptr(RbCredentials) credentials = text != NULL ? rb_credentials_parse (&query, text, error) : NULL;
  g_autoptr(GBytes) kept = credentials != NULL ? rb_credentials_take_account (&query, text, error) : NULL;

  return kept != NULL ? g_strndup (g_bytes_get_data (kept, NULL), g_bytes_get_size (kept)) : NULL;
}

static gboolean
put (Login                *self,
     const RbLoginRecord  *record,
     const char           *text,
     GError              **error)
{
  if (record->place == RB_LOGIN_FILE)
    return rb_file_write_atomic (record->file, text, -1, 0600, error);
  return rb_keyring_write (self->account, text, &self->patience, error);
}

static gboolean
take_away (Login                *self,
           const RbLoginRecord  *record,
           GError              **error)
{
  if (record->place != RB_LOGIN_FILE)
    return rb_keyring_remove (self->account, &self->patience, error);
  if (g_unlink (record->file) == 0 || errno == ENOENT)
    return TRUE;
  rb_set_error (error, RB_ERROR_UNAVAILABLE, "not_removed", "%s cannot be removed: %s", record->file, g_strerror (errno));
  return FALSE;
}

/* One file may have several names, by links on the way to it. */
static gboolean
is_same_file (const char *a,
              const char *b)
{
  GStatBuf first, second;

  if (g_str_equal (a, b))
    return TRUE;
  return g_stat (a, &first) == 0 && g_stat (b, &second) == 0 && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

static gboolean
is_same_place (const RbLoginRecord *a,
               const RbLoginRecord *b)
{
  return a->place == b->place && (a->place != RB_LOGIN_FILE || is_same_file (a->file, b->file));
}

/* What a login before this one left elsewhere would be found by nobody but thieves. */
static void
drop_old (Login               *self,
          const RbLoginRecord *record)
{
  const RbLoginRecord *old = &self->record;

  if (old->place == RB_LOGIN_NONE || is_same_place (old, record))
    return;
  if (!take_away (self, old, NULL))
    rb_json_writer_string (self->writer, "left", old->file != NULL ? old->file : "keyring");
}

static gboolean
store (Login       *self,
       const char  *to_file,
       GError     **error)
{
  g_auto(RbLoginRecord) record = { to_file != NULL ? RB_LOGIN_FILE : RB_LOGIN_KEYRING,
                                   to_file != NULL ? g_canonicalize_filename (to_file, NULL) : NULL };
  char *text = read_account (self, error);
  gboolean good = text != NULL && put (self, &record, text, error);

  rb_keyring_free_text (text);
  if (!good)
    return FALSE;
  if (!rb_login_record_write (self->account, &record, error))
    {
      /* Nobody would look for it. */
      if (!is_same_place (&self->record, &record))
        take_away (self, &record, NULL);
      return FALSE;
    }
  drop_old (self, &record);
  write_record (self->writer, &record);
  return TRUE;
}

static gboolean
is_absent (const GError *error)
{
  const char *reason = rb_error_get_reason (error);

  return g_strcmp0 (reason, "no_login") == 0 || g_strcmp0 (reason, "keyring_unavailable") == 0 || g_strcmp0 (reason, "no_keyring") == 0;
}

/* Without a record the keyring may still have something, of a home that was made anew. */
static gboolean
remove_login (Login   *self,
              GError **error)
{
  g_autoptr(GError) local_error = NULL;
  const RbLoginRecord none = { RB_LOGIN_NONE };
  gboolean was_recorded = self->record.place != RB_LOGIN_NONE;

  if (!take_away (self, &self->record, &local_error))
    {
      if (!was_recorded && is_absent (local_error))
        {
          rb_set_error (error, RB_ERROR_NOT_FOUND, "not_logged_in", "account \"%s\" is not logged in", self->account);
          return FALSE;
        }
      if (g_strcmp0 (rb_error_get_reason (local_error), "no_login") != 0)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
    }
  write_record (self->writer, &none);
  return !was_recorded || rb_login_record_write (self->account, &none, error);
}

static void
show_status (Login          *self,
             RbSetupOptions *options)
{
  g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(RbCredentials) credentials = NULL;
  g_autoptr(RbSettings) settings = NULL;

  options->may_prompt = FALSE;
  settings = rb_setup_settings (options, &credentials, problems);
  write_record (self->writer, &self->record);
  rb_json_writer_string (self->writer, "profile", rb_settings_get_string (settings, "broker", "profile"));
  rb_json_writer_string (self->writer, "profile_origin", rb_settings_get_origin (settings, "broker", "profile"));
  if (credentials != NULL)
    rb_json_writer_string (self->writer, "used", credentials->origin);
  g_ptr_array_add (problems, NULL);
  rb_json_writer_strv (self->writer, "problems", (const char *const *) problems->pdata);
}

static gboolean
act (Login           *self,
     const char      *action,
     const char      *to_file,
     RbSetupOptions  *options,
     GError         **error)
{
  if (!rb_login_record_read (self->account, &self->record, error))
    return FALSE;
  if (g_str_equal (action, "store"))
    return store (self, to_file, error);
  if (g_str_equal (action, "remove"))
    return remove_login (self, error);
  if (g_str_equal (action, "status"))
    {
      show_status (self, options);
      return TRUE;
    }
  rb_set_error (error, RB_ERROR_INVALID, "bad_action", "must be 'store', 'remove' or 'status'");
  return FALSE;
}

int
rb_login_run (const char     *action,
              const char     *to_file,
              RbSetupOptions *options)
{
  g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(RbSettings) settings = rb_setup_basic_settings (options, problems);
  g_autoptr(GError) error = NULL;
  g_autofree char *line = NULL;
  Login self = {
    .settings = settings,
    .account = rb_settings_get_string (settings, "broker", "account-id"),
    .patience = { rb_settings_get_integer (settings, "broker", "keyring-timeout-ms"), TRUE },
    .writer = rb_json_writer_new (),
  };
  gboolean good;

  rb_json_writer_begin_object (self.writer, NULL);
  rb_json_writer_string (self.writer, "account", self.account);
  good = act (&self, action, to_file, options, &error);
  if (!good)
    {
      rb_json_writer_string (self.writer, "error", error->message);
      rb_json_writer_string (self.writer, "reason", rb_error_get_reason (error));
    }
  rb_json_writer_end_object (self.writer);
  line = rb_json_writer_end_text (self.writer);
  g_print ("%s\n", line);
  rb_login_record_clear (&self.record);
  return good ? 0 : 1;
}
