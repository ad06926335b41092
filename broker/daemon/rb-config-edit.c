/* rb-config-edit.c: what `brokerctl config set` and `config unset` do here, where the settings and their rules are
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-config-edit.h"

#include "rb-config-text.h"
#include "rb-error.h"
#include "rb-file.h"
#include "rb-json-writer.h"
#include "rb-settings-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_BYTES (1024 * 1024)   /* as a start reads */
#define NEW_MODE 0600
#define NAME_MAX_BYTES 200
#define ORIGIN "value"

typedef struct {
  char     *path;         /* of the file that is written; no link */
  char     *group, *key;
  RbSettings *known;      /* every setting of the broker and of each module that is there, with what is written now */
  char     *before;       /* the file's text; "" when there is none */
  guint     mode;
  int       lock_fd;      /* -1: none */
} Edit;

static void
edit_clear (Edit *self)
{
  g_free (self->path);
  g_free (self->group);
  g_free (self->key);
  g_clear_pointer (&self->known, rb_settings_free);
  g_free (self->before);
  if (self->lock_fd >= 0)
    close (self->lock_fd);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Edit, edit_clear)

static guint
min3 (guint a,
      guint b,
      guint c)
{
  return MIN (MIN (a, b), c);
}

/* How many characters have to be changed, put in or taken out. */
static guint
measure_distance (const char *a,
                  const char *b)
{
  gsize n = strlen (b);
  g_autofree guint *row = g_new (guint, n + 1);

  for (gsize j = 0; j <= n; j++)
    row[j] = (guint) j;
  for (gsize i = 0; a[i] != '\0'; i++)
    {
      guint diagonal = row[0]++;

      for (gsize j = 1; j <= n; j++)
        {
          guint above = row[j];

          row[j] = min3 (above + 1, row[j - 1] + 1, diagonal + (a[i] != b[j - 1]));
          diagonal = above;
        }
    }
  return row[n];
}

/* A key alone is enough to know its group. */
static guint
measure (const char *wrong,
         const char *name)
{
  guint whole = measure_distance (wrong, name);

  return strchr (wrong, '.') != NULL ? whole : MIN (whole, measure_distance (wrong, strchr (name, '.') + 1));
}

char *
rb_config_edit_suggest (const char        *wrong,
                        const char *const *names)
{
  guint best = (guint) MIN (strlen (wrong) / 3, 4) + 1;
  const char *found = NULL;

  for (gsize i = 0; strlen (wrong) <= NAME_MAX_BYTES && names[i] != NULL; i++)
    {
      guint distance = measure (wrong, names[i]);

      if (distance >= best)
        continue;
      best = distance;
      found = names[i];
    }
  return g_strdup (found);
}

static GStrv
dup_names (const RbSettings *settings)
{
  GPtrArray *all = rb_settings_get_all (settings);
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < all->len; i++)
    {
      const RbSetting *setting = all->pdata[i];
      g_autofree char *name = g_strdup_printf ("%s.%s", setting->row->group, setting->key);

      g_strv_builder_add (builder, name);
    }
  return g_strv_builder_end (builder);
}

static void
set_unknown (Edit        *self,
             const char  *name,
             GError     **error)
{
  g_auto(GStrv) names = dup_names (self->known);
  g_autofree char *meant = rb_config_edit_suggest (name, (const char *const *) names);

  if (meant != NULL)
    rb_set_error (error, RB_ERROR_NOT_FOUND, "unknown_setting", "there is no setting '%s'; did you mean '%s'?", name, meant);
  else
    rb_set_error (error, RB_ERROR_NOT_FOUND, "unknown_setting", "there is no setting '%s'; 'brokerctl config explain' lists them", name);
}

/* A key file's line can hold no more. */
static gboolean
split_name (Edit        *self,
            const char  *name,
            GError     **error)
{
  const char *dot = strchr (name, '.');
  gboolean good = dot != NULL && dot > name && dot[1] != '\0' && strlen (name) <= NAME_MAX_BYTES;

  for (const char *at = name; good && *at != '\0'; at++)
    good = g_ascii_isalnum (*at) || strchr (".-_", *at) != NULL;
  if (!good)
    {
      set_unknown (self, name, error);
      return FALSE;
    }
  self->group = g_strndup (name, (gsize) (dot - name));
  self->key = g_strdup (dot + 1);
  return TRUE;
}

/* Judged as if it stood in the file, and alone: what else is wrong there is no reason to refuse this. */
static gboolean
check_value (Edit        *self,
             const char  *name,
             const char  *value,
             GError     **error)
{
  g_autoptr(RbSettings) settings = rb_settings_new ();
  g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *prefix = g_strdup_printf (ORIGIN ": [%s] %s: ", self->group, self->key);
  const char *problem;

  rb_settings_set (settings, self->group, self->key, value, RB_ORIGIN_FILE, ORIGIN);
  rb_setup_learn_modules (settings, self->known);
  if (rb_settings_resolve (settings, problems))
    return TRUE;
  problem = problems->pdata[0];
  if (g_str_has_prefix (problem, prefix))
    problem += strlen (prefix);
  if (g_str_has_prefix (problem, "there is no such"))
    set_unknown (self, name, error);
  else
    rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "%s %s", name, problem);
  return FALSE;
}

/* A start ends without the modules that it needs; those that others name, or that it may do without, are no reason to refuse this value. */
static gboolean
check_modules (Edit                 *self,
               const char           *name,
               const char           *value,
               const RbSetupOptions *options,
               GError              **error)
{
  g_autoptr(RbSettings) settings = NULL;
  g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *prefix = g_strdup_printf (ORIGIN ": [%s] %s: ", self->group, self->key);

  if (!g_str_equal (self->group, "broker"))
    return TRUE;
  settings = rb_setup_basic_settings (options, problems);
  rb_settings_set (settings, self->group, self->key, value, RB_ORIGIN_FILE, ORIGIN);
  rb_settings_resolve (settings, NULL);
  g_ptr_array_set_size (problems, 0);
  rb_setup_check_required (settings, problems);
  for (guint i = 0; i < problems->len; i++)
    if (g_str_has_prefix (problems->pdata[i], prefix))
      {
        rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "%s: %s", name, (const char *) problems->pdata[i] + strlen (prefix));
        return FALSE;
      }
  return TRUE;
}

/* What a link leads to is the file; one that leads nowhere yet is written where it stands. */
static void
find_path (Edit *self)
{
  g_autofree char *path = g_build_filename (g_get_user_config_dir (), "runtime-broker", "broker.conf", NULL);
  g_autofree char *real = realpath (path, NULL);

  self->path = real != NULL ? g_strdup (real) : g_steal_pointer (&path);
}

static void
set_not_written (const Edit  *self,
                 const char  *why,
                 GError     **error)
{
  rb_set_error (error, RB_ERROR_UNAVAILABLE, "not_written", "%s cannot be written, and is as it was: %s", self->path, why);
}

/* Of two that edit at once the second sees what the first wrote. */
static gboolean
lock_directory (Edit    *self,
                GError **error)
{
  g_autofree char *directory = g_path_get_dirname (self->path);
  g_autoptr(GError) local_error = NULL;

  if (!rb_file_make_directory (directory, &local_error))
    {
      set_not_written (self, local_error->message, error);
      return FALSE;
    }
  self->lock_fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (self->lock_fd >= 0 && flock (self->lock_fd, LOCK_EX) == 0)
    return TRUE;
  set_not_written (self, g_strerror (errno), error);
  return FALSE;
}

static gboolean
read_before (Edit    *self,
             GError **error)
{
  g_autoptr(GKeyFile) file = g_key_file_new ();
  g_autoptr(GError) local_error = NULL;
  struct stat found;
  gsize length = 0;

  self->mode = stat (self->path, &found) == 0 ? found.st_mode & 0777 : NEW_MODE;
  self->before = rb_file_read (self->path, MAX_BYTES, &length, &local_error);
  if (self->before == NULL && g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    {
      self->before = g_strdup ("");
      return TRUE;
    }
  if (self->before != NULL && strlen (self->before) == length &&
      (length == 0 || g_key_file_load_from_data (file, self->before, length, G_KEY_FILE_NONE, &local_error)))
    return TRUE;
  rb_set_error (error, RB_ERROR_INVALID, "not_read", "%s is no key file, mend it first: %s", self->path,
                local_error != NULL ? local_error->message : "it has a NUL byte");
  return FALSE;
}

static char *
escape_value (const char *value)
{
  g_autoptr(GKeyFile) file = g_key_file_new ();

  g_key_file_set_string (file, "g", "k", value);
  return g_key_file_get_value (file, "g", "k", NULL);
}

/* (nullable): the text that is to be there. */
static char *
make_after (Edit        *self,
            const char  *name,
            const char  *value,
            GError     **error)
{
  g_autofree char *escaped = value != NULL ? escape_value (value) : NULL;
  char *after = value != NULL ? rb_config_text_set (self->before, self->group, self->key, escaped)
                              : rb_config_text_unset (self->before, self->group, self->key);

  if (after == NULL)
    rb_set_error (error, RB_ERROR_NOT_FOUND, "not_set", "%s does not set %s", self->path, name);
  return after;
}

/* What would still be used in place of what the file says now; NULL: nothing. brokerctl names the account in this process's environment, whatever
 * the person's own says. */
static char *
dup_overrider (const Edit           *self,
               const RbSetupOptions *options)
{
  g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(RbSettings) settings = rb_setup_basic_settings (options, problems);
  const char *origin;

  if (!rb_settings_has_key (settings, self->group, self->key))
    rb_setup_learn_modules (settings, settings);
  rb_settings_resolve (settings, NULL);
  if (!rb_settings_has_key (settings, self->group, self->key))
    return NULL;
  origin = rb_settings_get_origin (settings, self->group, self->key);
  if (g_str_equal (origin, "environment MASONS_BROKER_ACCOUNT_ID"))
    return NULL;
  return g_str_equal (origin, "default") || strstr (origin, "/runtime-broker/broker.conf:") != NULL ? NULL : g_strdup (origin);
}

/* After its value and its name are known to be good. */
static gboolean
change (Edit        *self,
        const char  *name,
        const char  *value,
        gboolean    *is_changed,
        GError     **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autofree char *after = NULL;

  find_path (self);
  if (!lock_directory (self, error) || !read_before (self, error) || (after = make_after (self, name, value, error)) == NULL)
    return FALSE;
  *is_changed = !g_str_equal (after, self->before);
  if (!*is_changed || rb_file_write_atomic (self->path, after, -1, self->mode, &local_error))
    return TRUE;
  set_not_written (self, local_error->message, error);
  return FALSE;
}

gboolean
rb_config_edit_set (const char            *name,
                    const char            *value,
                    const RbSetupOptions  *options,
                    char                 **file,
                    char                 **overrider,
                    GError               **error)
{
  g_auto(Edit) self = { .lock_fd = -1 };
  gboolean is_changed;

  if (options->config_file != NULL)
    {
      rb_set_error (error, RB_ERROR_NOT_SUPPORTED, "not_written", "the broker was started with --config %s, which only persons write",
                    options->config_file);
      return FALSE;
    }
  if (!split_name (&self, name, error) || !change (&self, name, value, &is_changed, error))
    return FALSE;
  *file = g_strdup (self.path);
  *overrider = dup_overrider (&self, options);
  return TRUE;
}

static gboolean
edit (Edit                 *self,
      const char           *name,
      const char           *value,
      const RbSetupOptions *options,
      RbJsonWriter         *writer,
      GError              **error)
{
  g_autofree char *overrider = NULL;
  gboolean is_changed;

  if (!split_name (self, name, error) || (value != NULL && (!check_value (self, name, value, error) ||
                                                            !check_modules (self, name, value, options, error))) ||
      !change (self, name, value, &is_changed, error))
    return FALSE;
  overrider = dup_overrider (self, options);
  rb_json_writer_string (writer, "file", self->path);
  rb_json_writer_string (writer, "name", name);
  rb_json_writer_string (writer, "value", value);
  rb_json_writer_boolean (writer, "changed", is_changed);
  rb_json_writer_string (writer, "overridden_by", overrider);
  return TRUE;
}

int
rb_config_edit_run (const char           *name,
                    const char           *value,
                    const RbSetupOptions *options)
{
  g_auto(Edit) self = { .lock_fd = -1 };
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GError) error = NULL;
  g_autofree char *line = NULL;

  self.known = rb_setup_basic_settings (options, problems);
  rb_setup_learn_modules (self.known, self.known);
  rb_json_writer_begin_object (writer, NULL);
  if (!g_utf8_validate (name, -1, NULL) || (value != NULL && !g_utf8_validate (value, -1, NULL)))
    rb_set_error (&error, RB_ERROR_INVALID, "bad_setting", "a setting is UTF-8 text");
  else
    edit (&self, name, value, options, writer, &error);
  if (error != NULL)
    {
      rb_json_writer_string (writer, "error", error->message);
      rb_json_writer_string (writer, "reason", rb_error_get_reason (error));
    }
  rb_json_writer_end_object (writer);
  line = rb_json_writer_end_text (writer);
  g_print ("%s\n", line);
  return error == NULL ? 0 : 1;
}
