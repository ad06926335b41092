/* rb-settings-files.c: finds and reads the settings files
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-settings.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_BYTES (1024 * 1024)
#define DIRECTORY "runtime-broker"

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return g_strcmp0 (*(const char *const *) a, *(const char *const *) b);
}

static void
add_drop_ins (GStrvBuilder *files,
              const char   *base)
{
  g_autofree char *path = g_build_filename (base, DIRECTORY, "broker.conf.d", NULL);
  g_autoptr(GDir) dir = g_dir_open (path, 0, NULL);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".conf") && *name != '.')
      g_ptr_array_add (names, g_build_filename (path, name, NULL));

  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    g_strv_builder_add (files, names->pdata[i]);
}

static void
add_main (GStrvBuilder *files,
          const char   *base)
{
  g_autofree char *path = g_build_filename (base, DIRECTORY, "broker.conf", NULL);

  g_strv_builder_add (files, path);
}

/**
 * rb_settings_dup_files:
 * @system_dirs: XDG_CONFIG_DIRS, the most important first
 * @user_dir: XDG_CONFIG_HOME
 *
 * Returns: (transfer full): paths in the order in which they are to be added; the main files may be missing
 */
GStrv
rb_settings_dup_files (const char *const *system_dirs,
                       const char        *user_dir)
{
  g_autoptr(GStrvBuilder) files = g_strv_builder_new ();
  guint n = g_strv_length ((char **) system_dirs);

  for (guint i = n; i > 0; i--)
    add_main (files, system_dirs[i - 1]);
  add_main (files, user_dir);
  for (guint i = n; i > 0; i--)
    add_drop_ins (files, system_dirs[i - 1]);
  add_drop_ins (files, user_dir);
  return g_strv_builder_end (files);
}

/* A fifo or a device in the place of the file must not hold up the start, hence O_NONBLOCK and fstat(). */
static int
open_regular (const char  *path,
              GError     **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat info;

  if (fd < 0)
    {
      g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (errno), "cannot be read: %s", g_strerror (errno));
      return -1;
    }
  if (fstat (fd, &info) == 0 && S_ISREG (info.st_mode) && info.st_size <= MAX_BYTES)
    return fd;

  close (fd);
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "must be a regular file of at most %d bytes", MAX_BYTES);
  return -1;
}

static GString *
read_file (const char  *path,
           GError     **error)
{
  g_autoptr(GString) text = g_string_new (NULL);
  int fd = open_regular (path, error);
  char block[4096];
  gssize n;

  if (fd < 0)
    return NULL;

  while ((n = read (fd, block, sizeof block)) != 0 && text->len <= MAX_BYTES)
    {
      if (n > 0)
        g_string_append_len (text, block, n);
      else if (errno != EINTR)
        break;
    }
  if (n < 0)
    g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (errno), "cannot be read: %s", g_strerror (errno));
  close (fd);
  return n < 0 ? NULL : g_steal_pointer (&text);
}

static void
add_file (RbSettings *self,
          const char *path,
          gboolean    must_exist,
          GPtrArray  *problems)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GString) text = read_file (path, &error);

  if (text != NULL)
    rb_settings_add_text (self, path, text->str, text->len, problems);
  else if (must_exist || !g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    g_ptr_array_add (problems, g_strdup_printf ("%s: %s", path, error->message));
}

/**
 * rb_settings_read_files:
 * @self: the settings
 * @only: (nullable): the one file to read, which must exist, instead of the usual ones
 * @problems: (element-type utf8): gets what cannot be read
 */
void
rb_settings_read_files (RbSettings *self,
                        const char *only,
                        GPtrArray  *problems)
{
  g_auto(GStrv) files = NULL;

  if (only != NULL)
    {
      add_file (self, only, TRUE, problems);
      return;
    }

  files = rb_settings_dup_files (g_get_system_config_dirs (), g_get_user_config_dir ());
  for (guint i = 0; files[i] != NULL; i++)
    add_file (self, files[i], FALSE, problems);
}
