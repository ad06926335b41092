/* rb-client-service.c: whether the session's service is the broker that a client wants, and where it is called
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-service.h"

#include "rb-paths.h"

#include <gio/gio.h>

#define ACCOUNT "default"                /* of the service, unless its settings say otherwise */
#define ANY_TOKEN "any"                  /* the socket in the runtime directory does not depend on it */

/* What decides whose broker a daemon is, and would be inherited by one that we start. */
static const char *const deciding[] = { "MASONS_BROKER_API_HOST", "MASONS_BROKER_CREDENTIALS_FILE", "OPENCLAW_HOME", "CREDENTIALS_DIRECTORY",
                                        "RB_MODULE_PATH" };

static const struct {
  const char *variable;
  const char *usual;       /* below the home */
} directories[] = {
  { "XDG_CONFIG_HOME", ".config" },
  { "XDG_DATA_HOME", ".local/share" },
};

static const char *
get (const char *name)
{
  const char *value = g_getenv (name);

  return value != NULL && *value != '\0' ? value : NULL;
}

static gboolean
is_same_path (const char *a,
              const char *b)
{
  g_autofree char *first = g_canonicalize_filename (a, NULL);
  g_autofree char *second = g_canonicalize_filename (b, NULL);

  return g_str_equal (first, second);
}

static gboolean
has_usual_directories (const char *home)
{
  const char *own = get ("HOME");

  if (home == NULL || (own != NULL && !is_same_path (own, home)))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (directories); i++)
    {
      const char *value = get (directories[i].variable);
      g_autofree char *usual = g_build_filename (home, directories[i].usual, NULL);

      if (value != NULL && !is_same_path (value, usual))
        return FALSE;
    }
  return TRUE;
}

static gboolean
has_usual_data_dir (const RbClientOptions *options)
{
  g_autofree char *usual = rb_paths_dup_data_dir (NULL);

  return options->data_dir == NULL || is_same_path (options->data_dir, usual);
}

gboolean
rb_client_service_is_meant (const RbClientOptions *options,
                            const char            *home)
{
  if (options->socket != NULL || options->program != NULL || !has_usual_data_dir (options) || !has_usual_directories (home))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (deciding); i++)
    if (get (deciding[i]) != NULL)
      return FALSE;
  return TRUE;
}

char *
rb_client_service_dup_socket (const RbClientOptions *options)
{
  g_autofree char *directory = rb_paths_dup_runtime_dir (NULL);
  g_autofree char *prefix = directory != NULL ? g_strconcat (directory, "/", NULL) : NULL;
  g_autoptr(RbPaths) paths = rb_paths_new (options->account_id, ANY_TOKEN, NULL, NULL);

  /* Elsewhere others could listen in its place. */
  if (prefix == NULL || paths == NULL || !g_str_has_prefix (paths->socket, prefix))
    return NULL;
  return g_strdup (paths->socket);
}

char *
rb_client_service_dup_bus (const RbClientOptions *options)
{
  const char *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS");
  g_autofree char *directory = rb_paths_dup_runtime_dir (NULL);
  g_autofree char *path = directory != NULL ? g_build_filename (directory, "bus", NULL) : NULL;
  g_autofree char *escaped = NULL;

  if (!g_str_equal (options->account_id, ACCOUNT))
    return NULL;
  if (address != NULL && *address != '\0')
    return g_str_has_prefix (address, "disabled:") || g_str_has_prefix (address, "autolaunch:") ? NULL : g_strdup (address);
  if (path == NULL || !g_file_test (path, G_FILE_TEST_EXISTS))
    return NULL;
  escaped = g_dbus_address_escape_value (path);
  return g_strconcat ("unix:path=", escaped, NULL);
}

gboolean
rb_client_service_is_of (const RbClientOptions *options,
                         const char            *account_id,
                         const char            *data_dir)
{
  g_autofree char *own = rb_paths_dup_data_dir (options->data_dir);

  return (account_id == NULL || g_str_equal (account_id, options->account_id)) && (data_dir == NULL || is_same_path (data_dir, own));
}
