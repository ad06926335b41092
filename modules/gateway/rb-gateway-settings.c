/* rb-gateway-settings.c: what the group [gateway] says, checked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-gateway-settings.h"

#include "rb-error.h"
#include "rb-text.h"

#include <string.h>

#define DAY_MS (G_GINT64_CONSTANT (24) * 60 * 60 * 1000)
#define MAX_COUNT G_GINT64_CONSTANT (1000000)

const RbModuleSetting rb_gateway_setting_table[] = {
  { "url", RB_SETTING_STRING, NULL, "Where the gateway is: ws:// or wss://" },
  { "runtime-session-id", RB_SETTING_STRING, NULL, "Take only the messages of this runtime session (default: the default stream)" },
  { "ca-file", RB_SETTING_PATH, NULL, "Trust the authorities in this PEM file instead of the system's" },
  { "proxy", RB_SETTING_STRING, "auto", "auto: what the system says; none; or the URL of a proxy" },
  { "handshake-timeout-ms", RB_SETTING_INTEGER, "10000", "How long opening the WebSocket may take" },
  { "register-timeout-ms", RB_SETTING_INTEGER, "15000", "How long the gateway may take to let us in" },
  { "send-ack-timeout-ms", RB_SETTING_INTEGER, "15000", "How long the gateway may take to acknowledge a message" },
  { "backoff-initial-ms", RB_SETTING_INTEGER, "1000", "Wait before the first new attempt to connect; it doubles" },
  { "backoff-max-ms", RB_SETTING_INTEGER, "30000", "Longest wait between two attempts to connect" },
  { "already-connected-delay-ms", RB_SETTING_INTEGER, "2000", "Wait while the gateway still holds an earlier connection of ours" },
  { "already-connected-limit", RB_SETTING_INTEGER, "30", "After so many of those refusals wait as after any other" },
  { "duplicate-memory", RB_SETTING_INTEGER, "4096", "Ids remembered of messages that came without a sequence number" },
  { "keepalive-ms", RB_SETTING_INTEGER, "10000", "Time between pings; three of it in silence and the link is given up; 0: none" },
  { NULL },
};

/* Where each number of the table above goes. */
static const struct {
  const char *key;
  gsize       offset;
  gint64      min;
  gint64      max;
} numbers[] = {
  { "handshake-timeout-ms", G_STRUCT_OFFSET (RbGatewaySettings, handshake_timeout_ms), 1, DAY_MS },
  { "register-timeout-ms", G_STRUCT_OFFSET (RbGatewaySettings, register_timeout_ms), 1, DAY_MS },
  { "send-ack-timeout-ms", G_STRUCT_OFFSET (RbGatewaySettings, send_ack_timeout_ms), 1, DAY_MS },
  { "backoff-initial-ms", G_STRUCT_OFFSET (RbGatewaySettings, backoff_initial_ms), 1, DAY_MS },
  { "backoff-max-ms", G_STRUCT_OFFSET (RbGatewaySettings, backoff_max_ms), 1, DAY_MS },
  { "already-connected-delay-ms", G_STRUCT_OFFSET (RbGatewaySettings, already_connected_delay_ms), 1, DAY_MS },
  { "already-connected-limit", G_STRUCT_OFFSET (RbGatewaySettings, already_connected_limit), 1, MAX_COUNT },
  { "duplicate-memory", G_STRUCT_OFFSET (RbGatewaySettings, duplicate_memory), 1, MAX_COUNT },
  { "keepalive-ms", G_STRUCT_OFFSET (RbGatewaySettings, keepalive_ms), 0, DAY_MS },
};

static gboolean
is_empty (const char *text)
{
  return text == NULL || *text == '\0';
}

static void
refuse (GError     **error,
        const char  *key,
        const char  *value,
        const char  *problem)
{
  rb_set_error (error, RB_ERROR_INVALID, "invalid_setting", "[gateway] %s: '%s' %s", key, value != NULL ? value : "", problem);
}

static char *
describe_host (GUri *uri)
{
  const char *host = g_uri_get_host (uri);
  gboolean is_ipv6 = strchr (host, ':') != NULL;
  g_autofree char *name = g_strconcat (is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "", NULL);

  return g_uri_get_port (uri) > 0 ? g_strdup_printf ("%s:%d", name, g_uri_get_port (uri)) : g_steal_pointer (&name);
}

static gboolean
choose_url (RbGatewaySettings  *self,
            RbModuleContext    *context,
            GError            **error)
{
  const char *url = rb_module_context_get_string (context, "url");
  g_autoptr(GUri) uri = NULL;

  if (is_empty (url))
    {
      rb_set_error (error, RB_ERROR_INVALID, "invalid_setting", "[gateway] url: is not set; it says where the gateway is");
      return FALSE;
    }

  uri = g_uri_parse (url, G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED | G_URI_FLAGS_SCHEME_NORMALIZE, NULL);
  if (uri == NULL || is_empty (g_uri_get_host (uri)) ||
      !g_strv_contains ((const char *const[]) { "ws", "wss", NULL }, g_uri_get_scheme (uri)))
    {
      refuse (error, "url", uri != NULL && g_uri_get_userinfo (uri) != NULL ? "..." : url, "is not a valid WebSocket URL (ws:// or wss://)");
      return FALSE;
    }
  self->url = g_strdup (url);
  self->host = describe_host (uri);
  return TRUE;
}

static gboolean
choose_session (RbGatewaySettings  *self,
                RbModuleContext    *context,
                GError            **error)
{
  const char *chosen = rb_module_context_get_string (context, "runtime-session-id");
  const char *state_dir = rb_module_context_get_environment (context)->state_dir;
  g_autofree char *digest = NULL;
  g_autofree char *name = NULL;

  if (is_empty (chosen))
    {
      self->cursor_file = g_build_filename (state_dir, "delivery-cursor.json", NULL);
      return TRUE;
    }

  self->session_id = rb_text_session_id (chosen);
  if (self->session_id == NULL)
    {
      refuse (error, "runtime-session-id", chosen, "is no session id: 1 to 256 characters, not starting with '__masons_'");
      return FALSE;
    }
  digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, self->session_id, -1);
  name = g_strconcat (digest, ".json", NULL);
  self->cursor_file = g_build_filename (state_dir, "delivery-cursors", name, NULL);
  return TRUE;
}

static gboolean
choose_proxy (RbGatewaySettings  *self,
              RbModuleContext    *context,
              GError            **error)
{
  static const char *const known[] = { "http", "https", "socks", "socks4", "socks4a", "socks5", NULL };
  const char *proxy = rb_module_context_get_string (context, "proxy");
  g_autoptr(GUri) uri = NULL;

  self->use_system_proxy = is_empty (proxy) || g_str_equal (proxy, "auto");
  if (self->use_system_proxy || g_str_equal (proxy, "none"))
    return TRUE;

  uri = g_uri_parse (proxy, G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED, NULL);
  if (uri == NULL || is_empty (g_uri_get_host (uri)) || !g_strv_contains (known, g_uri_get_scheme (uri)))
    {
      /* It may carry a password. */
      refuse (error, "proxy", uri != NULL && g_uri_get_userinfo (uri) != NULL ? "..." : proxy,
              "is not 'auto', 'none' or the URL of a proxy (http, https, socks, socks4, socks4a or socks5)");
      return FALSE;
    }
  self->proxy = g_strdup (proxy);
  return TRUE;
}

static gboolean
choose_numbers (RbGatewaySettings  *self,
                RbModuleContext    *context,
                GError            **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      gint64 value = rb_module_context_get_integer (context, numbers[i].key);

      if (value < numbers[i].min || value > numbers[i].max)
        {
          rb_set_error (error, RB_ERROR_INVALID, "invalid_setting",
                        "[gateway] %s: %" G_GINT64_FORMAT " is not within %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT,
                        numbers[i].key, value, numbers[i].min, numbers[i].max);
          return FALSE;
        }
      G_STRUCT_MEMBER (gint64, self, numbers[i].offset) = value;
    }
  if (self->backoff_max_ms >= self->backoff_initial_ms)
    return TRUE;

  rb_set_error (error, RB_ERROR_INVALID, "invalid_setting", "[gateway] backoff-max-ms: is below backoff-initial-ms");
  return FALSE;
}

/**
 * rb_gateway_settings_new:
 * @context: of the module
 * @error: return location for a #GError
 *
 * Fails with %RB_ERROR_INVALID "invalid_setting".
 *
 * Returns: (transfer full) (nullable): the checked settings
 */
RbGatewaySettings *
rb_gateway_settings_new (RbModuleContext  *context,
                         GError          **error)
{
  g_autoptr(RbGatewaySettings) self = g_new0 (RbGatewaySettings, 1);
  const RbModuleEnvironment *environment;
  const char *ca_file;

  g_return_val_if_fail (RB_IS_MODULE_CONTEXT (context), NULL);

  if (!choose_url (self, context, error) || !choose_session (self, context, error) ||
      !choose_proxy (self, context, error) || !choose_numbers (self, context, error))
    return NULL;

  ca_file = rb_module_context_get_string (context, "ca-file");
  self->ca_file = is_empty (ca_file) ? NULL : g_strdup (ca_file);
  environment = rb_module_context_get_environment (context);
  self->token = g_strdup (environment->runtime_token);
  self->client_version = g_strdup (environment->client_version);
  return g_steal_pointer (&self);
}

void
rb_gateway_settings_free (RbGatewaySettings *self)
{
  g_return_if_fail (self != NULL);

  g_free (self->url);
  g_free (self->host);
  g_free (self->token);
  g_free (self->client_version);
  g_free (self->session_id);
  g_free (self->cursor_file);
  g_free (self->ca_file);
  g_free (self->proxy);
  g_free (self);
}
