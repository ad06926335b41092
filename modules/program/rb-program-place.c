/* rb-program-place.c: what a program is started with: where it works, what it reads, where its output goes
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-program-place.h"

#include "rb-program-log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HASH_LENGTH 16

static gboolean
fail (GError     **error,
      const char  *what,
      const char  *path)
{
  rb_set_error (error, RB_ERROR_UNAVAILABLE, "spawn_failed", "%s '%s': %s", what, path, g_strerror (errno));
  return FALSE;
}

static gboolean
is_within (const char *path,
           const char *directory)
{
  gsize length = strlen (directory);

  while (length > 0 && directory[length - 1] == '/')
    length--;
  return strncmp (path, directory, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

gboolean
rb_program_place_is_allowed (const char *path,
                             const char *directories)
{
  g_auto(GStrv) list = g_strsplit (directories != NULL ? directories : "", ";", -1);

  for (guint i = 0; list[i] != NULL; i++)
    {
      g_autofree char *real = *list[i] == '/' ? realpath (list[i], NULL) : NULL;

      if (real != NULL && is_within (path, real))
        return TRUE;
    }
  return FALSE;
}

/* What is asked is the directory that was opened, so that nobody can put another in its place meanwhile. */
static char *
dup_path_of (int fd)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  char path[PATH_MAX];
  gssize n = readlink (link, path, sizeof path);

  return n > 0 && n < (gssize) sizeof path ? g_strndup (path, (gsize) n) : NULL;
}

static gboolean
open_directory (RbProgramPlace  *self,
                const char      *path,
                const char      *directories,
                GError         **error)
{
  if (!g_path_is_absolute (path))
    {
      rb_set_error (error, RB_ERROR_FORBIDDEN, "directory_refused", "directory_refused: '%s' is not an absolute path", path);
      return FALSE;
    }

  self->directory_fd = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (self->directory_fd < 0)
    return fail (error, "Cannot work in", path);
  self->directory = dup_path_of (self->directory_fd);
  /* It is kept, told on the bus and handed to the service manager: none of them takes any other text. */
  if (self->directory != NULL && !g_utf8_validate (self->directory, -1, NULL))
    {
      rb_set_error (error, RB_ERROR_FORBIDDEN, "directory_refused", "directory_refused: the name of the directory is not UTF-8");
      return FALSE;
    }
  if (self->directory != NULL && (directories == NULL || rb_program_place_is_allowed (self->directory, directories)))
    return TRUE;

  rb_set_error (error, RB_ERROR_FORBIDDEN, "directory_refused",
                "directory_refused: '%s' is in none of the directories that [spawn] directories allows", path);
  return FALSE;
}

/* One for all runtimes of a kind, so that they find what they left. */
static gboolean
open_own_directory (RbProgramPlace  *self,
                    const char      *state_dir,
                    const char      *kind,
                    GError         **error)
{
  g_autofree char *path = g_build_filename (state_dir, "runtimes", kind, NULL);
  g_autoptr(GError) local_error = NULL;

  if (rb_file_make_directory (path, &local_error))
    return open_directory (self, path, NULL, error);
  rb_set_error (error, RB_ERROR_UNAVAILABLE, "spawn_failed", "%s", local_error->message);
  return FALSE;
}

/* A file in memory and no pipe: the prompt is there as a whole, whoever ends first. */
static gboolean
open_input (RbProgramPlace  *self,
            const char      *input,
            GError         **error)
{
  gsize length = input != NULL ? strlen (input) : 0;

  self->input_fd = input != NULL ? memfd_create ("prompt", MFD_CLOEXEC) : open ("/dev/null", O_RDONLY | O_CLOEXEC);
  if (self->input_fd < 0)
    return fail (error, "Cannot open", "the prompt");
  for (gsize written = 0; written < length;)
    {
      gssize n = write (self->input_fd, input + written, length - written);

      if (n < 0 && errno != EINTR)
        return fail (error, "Cannot write", "the prompt");
      written += n > 0 ? (gsize) n : 0;
    }
  if (input != NULL && lseek (self->input_fd, 0, SEEK_SET) < 0)
    return fail (error, "Cannot rewind", "the prompt");
  return TRUE;
}

static char *
dup_name (const RbProgramStart *start)
{
  g_autofree char *text = g_strdup_printf ("%s %" G_GINT64_FORMAT, start->token, g_get_real_time ());
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);

  return g_strdup_printf ("%s-%.*s", start->kind, HASH_LENGTH, hash);
}

RbProgramPlace *
rb_program_place_new (const RbProgramStart  *start,
                      const RbSpawnTerms    *terms,
                      const char            *state_dir,
                      GError               **error)
{
  g_autoptr(RbProgramPlace) self = g_new0 (RbProgramPlace, 1);
  gboolean is_there;

  self->directory_fd = self->input_fd = self->output_fd = -1;
  self->name = dup_name (start);
  if (start->directory != NULL)
    is_there = open_directory (self, start->directory, terms->directories != NULL ? terms->directories : "", error);
  else
    is_there = open_own_directory (self, state_dir, start->kind, error);
  return is_there && open_input (self, start->input, error) ? g_steal_pointer (&self) : NULL;
}

static void
close_if_open (int fd)
{
  if (fd >= 0)
    close (fd);
}

void
rb_program_place_free (RbProgramPlace *self)
{
  close_if_open (self->directory_fd);
  close_if_open (self->input_fd);
  close_if_open (self->output_fd);
  g_free (self->name);
  g_free (self->directory);
  g_free (self->log_file);
  g_free (self);
}

gboolean
rb_program_place_open_output (RbProgramPlace        *self,
                              const RbProgramStart  *start,
                              const char            *state_dir,
                              GError               **error)
{
  g_autofree char *path = NULL;

  if (start->keep_output)
    path = rb_program_log_dup_path (state_dir, self->name, error);
  if (start->keep_output && path == NULL)
    return FALSE;

  self->output_fd = open (path != NULL ? path : "/dev/null", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  self->log_file = g_steal_pointer (&path);
  if (self->output_fd >= 0 && self->log_file != NULL && !rb_program_log_hold (self->output_fd))
    rb_log_debug ("runtime_log_not_held", "path", self->log_file, "err", g_strerror (errno), NULL);
  return self->output_fd >= 0 || fail (error, "Cannot open", self->log_file != NULL ? self->log_file : "/dev/null");
}
