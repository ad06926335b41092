/* rb-discovery.c: the discovery record: where a broker listens and how to prove that one may
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-discovery.h"

#include "rb-error.h"
#include "rb-file.h"
#include "rb-json.h"

#include <glib/gstdio.h>

#define FORMAT_VERSION 1
#define MAX_SIZE (64 * 1024)

void
rb_discovery_free (RbDiscovery *self)
{
  if (self == NULL)
    return;

  g_free (self->started_at);
  g_free (self->ipc_url);
  g_free (self->bearer_token);
  g_free (self->socket);
  g_free (self);
}

RbDiscovery *
rb_discovery_parse (GBytes  *text,
                    GError **error)
{
  g_autoptr(RbJson) json = rb_json_parse_object (text, MAX_SIZE, error);
  g_autoptr(RbDiscovery) self = NULL;
  gint64 version;

  if (json == NULL || !rb_json_get_int (json, "version", &version, error))
    return NULL;
  if (version != FORMAT_VERSION)
    {
      rb_set_error (error, RB_ERROR_INVALID, NULL, "'version' is not %d", FORMAT_VERSION);
      return NULL;
    }

  self = g_new0 (RbDiscovery, 1);
  if (!rb_json_get_int (json, "pid", &self->pid, error))
    return NULL;
  self->started_at = rb_json_dup_string (json, "startedAt", error);
  if (self->started_at == NULL)
    return NULL;
  self->ipc_url = rb_json_dup_string (json, "ipcUrl", error);
  if (self->ipc_url == NULL)
    return NULL;
  self->bearer_token = rb_json_dup_string (json, "bearerToken", error);
  if (self->bearer_token == NULL)
    return NULL;
  self->socket = rb_json_peek_string (json, "ipcSocket");
  return g_steal_pointer (&self);
}

/**
 * rb_discovery_read:
 * @path: the discovery file
 * @error: return location for a #GError
 *
 * Fails with %RB_ERROR_NOT_FOUND if there is no file or it is invalid in any way, and with an error of the domain %G_FILE_ERROR
 * if it could not be read. Source: protocol.md 3.6.
 *
 * Returns: (transfer full): the record
 */
RbDiscovery *
rb_discovery_read (const char  *path,
                   GError     **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autoptr(GBytes) bytes = NULL;
  RbDiscovery *self = NULL;
  char *text;
  gsize length;

  g_return_val_if_fail (path != NULL, NULL);

  text = rb_file_read (path, MAX_SIZE, &length, &local_error);
  if (text != NULL)
    {
      bytes = g_bytes_new_take (text, length);
      self = rb_discovery_parse (bytes, &local_error);
    }
  if (self != NULL)
    return self;

  if (local_error->domain == G_FILE_ERROR && local_error->code != G_FILE_ERROR_NOENT)
    g_propagate_error (error, g_steal_pointer (&local_error));
  else
    rb_set_error (error, RB_ERROR_NOT_FOUND, NULL, "No valid discovery record '%s': %s", path, local_error->message);
  return NULL;
}

static void
append_member (GString    *text,
               const char *name,
               const char *value)
{
  g_autoptr(GBytes) slice = rb_json_slice_from_string (value);
  gsize length;
  const char *data = g_bytes_get_data (slice, &length);

  g_string_append_printf (text, ",\n  \"%s\": ", name);
  g_string_append_len (text, data, (gssize) length);
}

/**
 * rb_discovery_write:
 * @self: a record
 * @path: the discovery file
 * @error: return location for a #GError
 *
 * Writes the record as rb_file_write_atomic() does, mode 0600, indented by two spaces, without a final newline.
 *
 * Returns: %TRUE if @path now holds it
 */
gboolean
rb_discovery_write (const RbDiscovery  *self,
                    const char         *path,
                    GError            **error)
{
  g_autoptr(GString) text = g_string_new (NULL);

  g_return_val_if_fail (self != NULL, FALSE);

  g_string_append_printf (text, "{\n  \"version\": %d,\n  \"pid\": %" G_GINT64_FORMAT, FORMAT_VERSION, self->pid);
  append_member (text, "startedAt", self->started_at);
  append_member (text, "ipcUrl", self->ipc_url);
  append_member (text, "bearerToken", self->bearer_token);
  if (self->socket != NULL)
    append_member (text, "ipcSocket", self->socket);
  append_member (text, "productVersion", RB_VERSION);
  g_string_append (text, "\n}");
  return rb_file_write_atomic (path, text->str, (gssize) text->len, 0600, error);
}

/**
 * rb_discovery_delete_own:
 * @self: our own record
 * @path: the discovery file
 *
 * Returns: whether the file was ours and is gone now
 */
gboolean
rb_discovery_delete_own (const RbDiscovery *self,
                         const char        *path)
{
  g_autoptr(RbDiscovery) found = rb_discovery_read (path, NULL);

  g_return_val_if_fail (self != NULL, FALSE);

  if (found == NULL
      || found->pid != self->pid
      || g_strcmp0 (found->ipc_url, self->ipc_url) != 0
      || g_strcmp0 (found->bearer_token, self->bearer_token) != 0)
    return FALSE;
  return g_unlink (path) == 0;
}
