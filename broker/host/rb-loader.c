/* rb-loader.c: finds, checks and opens the file of a module
 *
 * A module runs with all our rights, so its file must be one that nobody else could have written: a regular file owned by root or
 * by us, in directories of which the same holds all the way up. It is opened once and checked through the descriptor; the dynamic
 * linker then gets the path, and the path must name the checked inode before and after. (Handing it /proc/self/fd/N instead would
 * confuse debuggers, and the linker too, which takes two files under one such name for the same.) Only root and we ourselves
 * could play games in between.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-loader.h"

#include "rb-elf.h"

#include <errno.h>
#include <fcntl.h>
#include <gmodule.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

GType
rb_loader_interface_type (RbModuleKind kind)
{
  switch (kind)
    {
    case RB_MODULE_CONNECTOR:
      return RB_TYPE_CONNECTOR;
    case RB_MODULE_UPSTREAM:
      return RB_TYPE_UPSTREAM;
    case RB_MODULE_SPAWN_DRIVER:
      return RB_TYPE_SPAWN_DRIVER;
    case RB_MODULE_EMITTER:
      return RB_TYPE_EMITTER;
    }
  g_return_val_if_reached (G_TYPE_INVALID);
}

static gboolean
is_bare_name (const char *name)
{
  if (!g_ascii_isalnum (*name))
    return FALSE;
  for (const char *at = name; *at != '\0'; at++)
    if (!g_ascii_isalnum (*at) && *at != '-' && *at != '_')
      return FALSE;
  return TRUE;
}

static gboolean
is_trusted_owner (const struct stat *info)
{
  return info->st_uid == 0 || info->st_uid == geteuid ();
}

/* The group that some systems make for each user, with the user's id and nobody else in it: with such groups goes a umask of 002, and what is
 * writable by that group is writable by its owner alone. */
static gboolean
is_private_group (const struct stat *info)
{
  const struct passwd *user;
  const struct group *group;

  if (info->st_gid != info->st_uid)
    return FALSE;

  user = getpwuid (info->st_uid);
  group = getgrgid (info->st_gid);
  return user != NULL && group != NULL && user->pw_gid == info->st_gid && g_strcmp0 (user->pw_name, group->gr_name) == 0 &&
         (group->gr_mem == NULL || group->gr_mem[0] == NULL);
}

static gboolean
is_writable_by_others (const struct stat *info)
{
  if ((info->st_mode & S_IWOTH) != 0)
    return TRUE;
  return (info->st_mode & S_IWGRP) != 0 && (info->st_uid == 0 || !is_private_group (info));
}

/* Others may add files to a sticky directory such as /tmp, but not replace ours. */
static gboolean
is_trusted_directory (const struct stat *info)
{
  if (!is_trusted_owner (info))
    return FALSE;
  if (!is_writable_by_others (info))
    return TRUE;
  return info->st_uid == 0 && (info->st_mode & S_ISVTX) != 0;
}

/* The directory that holds the module itself may not be sticky and shared: a new name there is as good as a replaced one. */
static gboolean
check_directories (const char  *directory,
                   const char  *path,
                   GError     **error)
{
  g_autofree char *current = g_strdup (directory);

  while (TRUE)
    {
      gboolean is_own = g_str_equal (current, directory);
      g_autofree char *parent = g_path_get_dirname (current);
      struct stat info;

      if (lstat (current, &info) != 0)
        {
          rb_set_error (error, RB_ERROR_NOT_FOUND, "module_not_found", "Cannot look at '%s': %s", current, g_strerror (errno));
          return FALSE;
        }
      if (!is_trusted_directory (&info) || (is_own && is_writable_by_others (&info)))
        {
          rb_set_error (error, RB_ERROR_FORBIDDEN, is_trusted_owner (&info) ? "module_writable" : "module_wrong_owner",
                        "'%s' is refused: others may change the directory '%s'", path, current);
          return FALSE;
        }
      if (g_str_equal (parent, current))
        return TRUE;
      g_free (current);
      current = g_steal_pointer (&parent);
    }
}

static gboolean
check_file (const struct stat  *info,
            const char         *path,
            GError            **error)
{
  if (!S_ISREG (info->st_mode))
    {
      rb_set_error (error, RB_ERROR_INVALID, "module_not_regular", "'%s' is not a regular file", path);
      return FALSE;
    }
  if (!is_trusted_owner (info))
    {
      rb_set_error (error, RB_ERROR_FORBIDDEN, "module_wrong_owner", "'%s' belongs to user %u, not to root or us", path,
                    (guint) info->st_uid);
      return FALSE;
    }
  if (is_writable_by_others (info))
    {
      rb_set_error (error, RB_ERROR_FORBIDDEN, "module_writable", "'%s' is writable by others (mode %04o)", path,
                    (guint) (info->st_mode & 07777));
      return FALSE;
    }
  return TRUE;
}

static gboolean
is_same_file (const char        *path,
              const struct stat *checked)
{
  struct stat now;

  return lstat (path, &now) == 0 && now.st_dev == checked->st_dev && now.st_ino == checked->st_ino;
}

static GModule *
open_module (const char         *path,
             const struct stat  *checked,
             GError            **error)
{
  g_autoptr(GError) local_error = NULL;
  GModule *module = NULL;

  if (is_same_file (path, checked))
    module = g_module_open_full (path, G_MODULE_BIND_LOCAL, &local_error);
  if (module == NULL)
    {
      rb_set_error (error, RB_ERROR_INVALID, "module_damaged", "Cannot load '%s': %s", path,
                    local_error != NULL ? local_error->message : "it was replaced meanwhile");
      return NULL;
    }
  if (!is_same_file (path, checked))
    {
      rb_set_error (error, RB_ERROR_INVALID, "module_damaged", "Cannot load '%s': it was replaced meanwhile", path);
      g_module_close (module);
      return NULL;
    }
  return module;
}

static gboolean
is_file_name_of (const char         *path,
                 const RbModuleInfo *info)
{
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *bare = g_strconcat (info->name, ".so", NULL);
  g_autofree char *full = g_strconcat (rb_module_kind_to_string (info->kind), "-", info->name, ".so", NULL);

  return g_str_equal (base, bare) || g_str_equal (base, full);
}

/* In this order: each check makes the next field safe to read. */
static gboolean
check_info (const RbModuleInfo  *info,
            RbModuleKind         kind,
            const char          *path,
            GError             **error)
{
  const char *reason = NULL;
  g_autofree char *text = NULL;

  if (info->abi != RB_MODULE_ABI)
    {
      reason = "module_wrong_abi";
      text = g_strdup_printf ("is built for ABI %u, this broker has %u", info->abi, (guint) RB_MODULE_ABI);
    }
  else if (info->size != sizeof (RbModuleInfo))
    {
      reason = "module_wrong_size";
      text = g_strdup_printf ("describes itself in %u bytes instead of %u", info->size, (guint) sizeof (RbModuleInfo));
    }
  else if (info->kind != kind)
    {
      reason = "module_wrong_kind";
      text = g_strdup_printf ("is not a module of the kind '%s'", rb_module_kind_to_string (kind));
    }
  else if (info->name == NULL || !is_bare_name (info->name) || !is_file_name_of (path, info))
    {
      reason = "module_wrong_name";
      text = g_strdup_printf ("says that its name is '%s'", info->name != NULL ? info->name : "");
    }
  else if (info->get_type == NULL)
    {
      reason = "module_bad_type";
      text = g_strdup ("names no type");
    }

  if (reason == NULL)
    return TRUE;
  rb_set_error (error, RB_ERROR_INVALID, reason, "'%s' %s", path, text);
  return FALSE;
}

static gboolean
check_type (const RbModuleInfo  *info,
            const char          *path,
            GError             **error)
{
  GType type = info->get_type ();

  if (type != G_TYPE_INVALID
      && g_type_is_a (type, G_TYPE_OBJECT)
      && !G_TYPE_IS_ABSTRACT (type)
      && g_type_is_a (type, rb_loader_interface_type (info->kind)))
    return TRUE;

  rb_set_error (error, RB_ERROR_INVALID, "module_bad_type", "The type of '%s' does not implement the interface of a '%s'", path,
                rb_module_kind_to_string (info->kind));
  return FALSE;
}

static const RbModuleInfo *
load (const char         *path,
      const struct stat  *checked,
      RbModuleKind        kind,
      GError            **error)
{
  GModule *module = open_module (path, checked, error);
  gpointer symbol = NULL;

  if (module == NULL)
    return NULL;

  if (!g_module_symbol (module, RB_MODULE_INFO_SYMBOL, &symbol) || symbol == NULL)
    {
      rb_set_error (error, RB_ERROR_INVALID, "module_no_info", "'%s' has no symbol '%s'", path, RB_MODULE_INFO_SYMBOL);
      g_module_close (module);
      return NULL;
    }
  if (!check_info (symbol, kind, path, error))
    {
      g_module_close (module);
      return NULL;
    }

  /* get_type() registers a type, which cannot be taken back. */
  g_module_make_resident (module);
  return check_type (symbol, path, error) ? symbol : NULL;
}

/* Opens <directory>/<file>; @path becomes its name without symbolic links on the way. */
static int
open_file (const char  *directory,
           const char  *file,
           char       **path,
           GError     **error)
{
  g_autofree char *shown = g_build_filename (directory, file, NULL);
  char *real = realpath (directory, NULL);
  int fd = -1;

  if (real != NULL)
    {
      *path = g_build_filename (real, file, NULL);
      fd = open (*path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    }
  if (fd < 0)
    {
      int saved_errno = errno;

      if (saved_errno == ELOOP)
        rb_set_error (error, RB_ERROR_INVALID, "module_not_regular", "'%s' is a symbolic link", shown);
      else
        rb_set_error (error, RB_ERROR_NOT_FOUND, "module_not_found", "Cannot open '%s': %s", shown, g_strerror (saved_errno));
      g_clear_pointer (path, g_free);
    }
  free (real);
  return fd;
}

static int
find_file (const char *const  *directories,
           RbModuleKind        kind,
           const char         *name,
           char              **path,
           GError            **error)
{
  g_autofree char *bare = g_strconcat (name, ".so", NULL);
  g_autofree char *full = g_strconcat (rb_module_kind_to_string (kind), "-", name, ".so", NULL);
  const char *files[] = { full, bare };

  for (gsize i = 0; directories != NULL && directories[i] != NULL; i++)
    for (gsize j = 0; j < G_N_ELEMENTS (files); j++)
      {
        g_autoptr(GError) local_error = NULL;
        int fd = open_file (directories[i], files[j], path, &local_error);

        if (fd >= 0)
          return fd;
        if (g_error_matches (local_error, RB_ERROR, RB_ERROR_NOT_FOUND))
          continue;
        g_propagate_error (error, g_steal_pointer (&local_error));
        return -1;
      }

  rb_set_error (error, RB_ERROR_NOT_FOUND, "module_not_found", "No module '%s' of the kind '%s' in any module directory", name,
                rb_module_kind_to_string (kind));
  return -1;
}

static int
open_by_name (const char *const  *directories,
              RbModuleKind        kind,
              const char         *name,
              char              **path,
              GError            **error)
{
  g_autofree char *directory = NULL;
  g_autofree char *file = NULL;

  if (is_bare_name (name))
    return find_file (directories, kind, name, path, error);
  if (!g_path_is_absolute (name))
    {
      rb_set_error (error, RB_ERROR_INVALID, "module_name_invalid", "'%s' is neither a module's name nor an absolute path", name);
      return -1;
    }

  directory = g_path_get_dirname (name);
  file = g_path_get_basename (name);
  return open_file (directory, file, path, error);
}

/**
 * rb_loader_open:
 * @directories: (array zero-terminated=1): searched in order, first for `<kind>-<name>.so`, then for `<name>.so`
 * @kind: the kind wanted
 * @name: a bare name, or an absolute path
 * @path: (out) (nullable): the file, as far as one was found, also on failure
 * @error: return location for a #GError
 *
 * Loads a module and makes it resident. A module that fails any check before the one of its type has run none of its own code but
 * what the dynamic linker runs.
 *
 * Returns: (transfer none): its constant
 */
const RbModuleInfo *
rb_loader_open (const char *const  *directories,
                RbModuleKind        kind,
                const char         *name,
                char              **path,
                GError            **error)
{
  const RbModuleInfo *info = NULL;
  g_autofree char *directory = NULL;
  struct stat checked;
  int fd;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (path != NULL && *path == NULL, NULL);

  fd = open_by_name (directories, kind, name, path, error);
  if (fd < 0)
    return NULL;

  directory = g_path_get_dirname (*path);
  if (fstat (fd, &checked) != 0)
    rb_set_error (error, RB_ERROR_UNAVAILABLE, NULL, "Cannot look at '%s': %s", *path, g_strerror (errno));
  else if (check_file (&checked, *path, error)
           && check_directories (directory, *path, error)
           && rb_elf_check (fd, *path, error))
    info = load (*path, &checked, kind, error);
  close (fd);
  return info;
}
