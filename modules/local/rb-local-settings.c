/* rb-local-settings.c: what the group [local] says, checked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-local-settings.h"

#include "rb-error.h"
#include "rb-local-address.h"

#define MIN_MAILBOX_BYTES G_GINT64_CONSTANT (1024)
#define MAX_MAILBOX_BYTES (G_GINT64_CONSTANT (1) << 40)
#define MAX_MAILBOX_LIMIT G_GINT64_CONSTANT (1000000)

const RbModuleSetting rb_local_setting_table[] = {
  { "handle", RB_SETTING_STRING, NULL, "Name on this machine; the address is <handle>@local (default: from the account id)" },
  { "database", RB_SETTING_PATH, NULL, "Database of the local network (default: <data directory>/local-network/network.db)" },
  { "mailbox-limit", RB_SETTING_INTEGER, "10000", "Messages that may wait in our mailbox" },
  { "mailbox-bytes", RB_SETTING_INTEGER, "67108864", "Bytes that may wait in our mailbox" },
  { NULL },
};

static char *
choose_handle (RbModuleContext  *context,
               GError          **error)
{
  const char *chosen = rb_module_context_get_string (context, "handle");
  const char *account_id = rb_module_context_get_environment (context)->account_id;
  g_autofree char *handle = NULL;

  if (chosen != NULL && *chosen != '\0')
    handle = rb_local_handle_is_valid (chosen) ? g_strdup (chosen) : NULL;
  else
    handle = rb_local_handle_from_account (account_id);

  if (handle == NULL)
    rb_set_error (error, RB_ERROR_INVALID, "invalid_setting",
                  "[local] handle: '%s' gives no handle: 1 to %d of a-z 0-9 . _ - that start with a letter, a digit or '_'",
                  chosen != NULL && *chosen != '\0' ? chosen : account_id, RB_LOCAL_HANDLE_MAX);
  return g_steal_pointer (&handle);
}

static char *
choose_database (RbModuleContext  *context,
                 GError          **error)
{
  const char *chosen = rb_module_context_get_string (context, "database");

  if (chosen == NULL || *chosen == '\0')
    {
      /* Existing programs may say where the data is by a relative path (protocol.md 3.5). */
      g_autofree char *data_dir = g_canonicalize_filename (rb_module_context_get_environment (context)->data_dir, NULL);

      return g_build_filename (data_dir, "local-network", "network.db", NULL);
    }
  if (g_path_is_absolute (chosen) && !g_str_has_suffix (chosen, G_DIR_SEPARATOR_S))
    return g_canonicalize_filename (chosen, NULL);

  rb_set_error (error, RB_ERROR_INVALID, "invalid_setting", "[local] database: '%s' is not the absolute path of a file", chosen);
  return NULL;
}

static gboolean
choose_number (RbModuleContext  *context,
               const char       *key,
               gint64            min,
               gint64            max,
               gint64           *value,
               GError          **error)
{
  *value = rb_module_context_get_integer (context, key);
  if (*value >= min && *value <= max)
    return TRUE;

  rb_set_error (error, RB_ERROR_INVALID, "invalid_setting",
                "[local] %s: %" G_GINT64_FORMAT " is not within %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT,
                key, *value, min, max);
  return FALSE;
}

/**
 * rb_local_settings_new:
 * @context: of the module
 * @error: return location for a #GError
 *
 * Fails with %RB_ERROR_INVALID "invalid_setting".
 *
 * Returns: (transfer full) (nullable): the checked settings
 */
RbLocalSettings *
rb_local_settings_new (RbModuleContext  *context,
                       GError          **error)
{
  g_autoptr(RbLocalSettings) self = g_new0 (RbLocalSettings, 1);

  g_return_val_if_fail (RB_IS_MODULE_CONTEXT (context), NULL);

  self->handle = choose_handle (context, error);
  if (self->handle == NULL)
    return NULL;
  self->database = choose_database (context, error);
  if (self->database == NULL)
    return NULL;
  if (!choose_number (context, "mailbox-limit", 1, MAX_MAILBOX_LIMIT, &self->mailbox_limit, error) ||
      !choose_number (context, "mailbox-bytes", MIN_MAILBOX_BYTES, MAX_MAILBOX_BYTES, &self->mailbox_bytes, error))
    return NULL;

  self->address = rb_local_address_new (self->handle);
  self->directory = g_path_get_dirname (self->database);
  self->owner = g_compute_checksum_for_string (G_CHECKSUM_SHA256,
                                               rb_module_context_get_environment (context)->runtime_token, -1);
  return g_steal_pointer (&self);
}

void
rb_local_settings_free (RbLocalSettings *self)
{
  g_return_if_fail (self != NULL);

  g_free (self->handle);
  g_free (self->address);
  g_free (self->owner);
  g_free (self->database);
  g_free (self->directory);
  g_free (self);
}
