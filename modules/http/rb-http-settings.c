/* rb-http-settings.c: what the group [http] says, checked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-http-settings.h"

#include "rb-error.h"
#include "rb-text.h"

#include <string.h>

#define HOUR_MS G_GINT64_CONSTANT (3600000)
#define MAX_CONNECTIONS 1024

const RbModuleSetting rb_http_setting_table[] = {
  { "api-host", RB_SETTING_STRING, "preview-api.masons.ai", "Host or origin of the upstream API" },
  { "ca-file", RB_SETTING_PATH, NULL, "Certificates to trust instead of the system's" },
  { "proxy", RB_SETTING_STRING, "auto", "auto (the desktop's), none, or a URI; never used for this machine itself" },
  { "connections", RB_SETTING_INTEGER, "64", "Requests in flight at once, for upstream and emitter each" },
  { "request-timeout-ms", RB_SETTING_INTEGER, "15000", "Time a whole request may take" },
  { "list-timeout-ms", RB_SETTING_INTEGER, "30000", "The same for claim candidates and conversation history" },
  { "whoami-backoff-ms", RB_SETTING_INTEGER, "500", "First wait before we ask again who we are; doubles" },
  { "whoami-backoff-max-ms", RB_SETTING_INTEGER, "30000", "Longest such wait" },
  { "event-silence-ms", RB_SETTING_INTEGER, "90000", "A control event stream without a byte for so long is reopened; 0: never" },
  { "event-backoff-ms", RB_SETTING_INTEGER, "1000", "First wait before the control event stream is reopened; doubles" },
  { "event-backoff-max-ms", RB_SETTING_INTEGER, "30000", "Longest such wait" },
  { "ack-attempts", RB_SETTING_INTEGER, "6", "How often an acknowledgement of a control event is tried" },
  { "ack-backoff-ms", RB_SETTING_INTEGER, "500", "First wait between these attempts; doubles" },
  { "closed-endpoint-lookup", RB_SETTING_BOOLEAN, "true", "Ask whether the endpoint that a message names was closed" },
  { NULL },
};

static char *
invalid_host (const char  *api_host,
              const char  *why,
              GError     **error)
{
  rb_set_error (error, RB_ERROR_INVALID, "invalid_setting", "[http] api-host: '%s' %s", api_host, why);
  return NULL;
}

/**
 * rb_http_base_from_host:
 * @api_host: a host, or an origin with `http://` or `https://`; white space around it and slashes at its end do not count
 * @error: return location for a #GError
 *
 * Fails with %RB_ERROR_INVALID "invalid_setting". Source: protocol.md 14.1.
 *
 * Returns: (transfer full) (nullable): what all paths of section 14 are appended to, `/v1` included
 */
char *
rb_http_base_from_host (const char  *api_host,
                        GError     **error)
{
  g_autofree char *text = rb_text_trim (api_host);
  g_autofree char *base = NULL;
  g_autoptr(GUri) uri = NULL;
  gsize length = strlen (text);

  while (length > 0 && text[length - 1] == '/')
    text[--length] = '\0';

  /* Without its slashes a bare scheme would pass for a host. */
  if (length == 0 || text[length - 1] == ':' || strpbrk (text, " \t\r\n\"<>\\^`{|}") != NULL)
    return invalid_host (api_host, "is neither a host nor an origin", error);
  if (g_str_has_prefix (text, "http://") || g_str_has_prefix (text, "https://"))
    base = g_strconcat (text, "/v1", NULL);
  else
    base = g_strconcat ("https://", text, "/v1", NULL);

  uri = g_uri_parse (base, G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED, NULL);
  if (uri == NULL || g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0')
    return invalid_host (api_host, "is neither a host nor an origin", error);
  if (g_uri_get_userinfo (uri) != NULL || g_uri_get_query (uri) != NULL || g_uri_get_fragment (uri) != NULL)
    return invalid_host ("...", "must have neither user, query nor fragment", error);
  return g_steal_pointer (&base);
}

static gboolean
choose_base (RbHttpSettings   *self,
             RbModuleContext  *context,
             GError          **error)
{
  const char *api_host = rb_module_context_get_string (context, "api-host");

  self->base = rb_http_base_from_host (api_host != NULL ? api_host : "", error);
  return self->base != NULL;
}

static gboolean
choose_proxy (RbHttpSettings   *self,
              RbModuleContext  *context,
              GError          **error)
{
  const char *proxy = rb_module_context_get_string (context, "proxy");

  self->proxy = g_strdup (proxy != NULL && *proxy != '\0' ? proxy : "auto");
  if (g_str_equal (self->proxy, "auto") || g_str_equal (self->proxy, "none") || g_uri_is_valid (self->proxy, G_URI_FLAGS_NONE, NULL))
    return TRUE;

  rb_set_error (error, RB_ERROR_INVALID, "invalid_setting", "[http] proxy: must be 'auto', 'none' or a URI such as 'http://host:3128'");
  return FALSE;
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
                "[http] %s: %" G_GINT64_FORMAT " is not within %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT, key, *value, min, max);
  return FALSE;
}

static gboolean
choose_limits (RbHttpSettings   *self,
               RbModuleContext  *context,
               GError          **error)
{
  gint64 connections;
  gint64 attempts;

  if (!choose_number (context, "connections", 1, MAX_CONNECTIONS, &connections, error) ||
      !choose_number (context, "request-timeout-ms", 1, HOUR_MS, &self->request_timeout_ms, error) ||
      !choose_number (context, "list-timeout-ms", 1, HOUR_MS, &self->list_timeout_ms, error) ||
      !choose_number (context, "event-silence-ms", 0, HOUR_MS, &self->event_silence_ms, error) ||
      !choose_number (context, "ack-attempts", 1, 100, &attempts, error))
    return FALSE;

  self->connections = (guint) connections;
  self->ack_attempts = (guint) attempts;
  return TRUE;
}

/* A longest wait is at least as long as the first one (protocol.md 2). */
static gboolean
choose_backoffs (RbHttpSettings   *self,
                 RbModuleContext  *context,
                 GError          **error)
{
  return choose_number (context, "whoami-backoff-ms", 1, HOUR_MS, &self->whoami_backoff_ms, error) &&
         choose_number (context, "whoami-backoff-max-ms", self->whoami_backoff_ms, HOUR_MS, &self->whoami_backoff_max_ms, error) &&
         choose_number (context, "event-backoff-ms", 1, HOUR_MS, &self->event_backoff_ms, error) &&
         choose_number (context, "event-backoff-max-ms", self->event_backoff_ms, HOUR_MS, &self->event_backoff_max_ms, error) &&
         choose_number (context, "ack-backoff-ms", 1, HOUR_MS, &self->ack_backoff_ms, error);
}

/**
 * rb_http_settings_new:
 * @context: of the module
 * @error: return location for a #GError
 *
 * Fails with %RB_ERROR_INVALID "invalid_setting".
 *
 * Returns: (transfer full) (nullable): the checked settings
 */
RbHttpSettings *
rb_http_settings_new (RbModuleContext  *context,
                      GError          **error)
{
  g_autoptr(RbHttpSettings) self = g_new0 (RbHttpSettings, 1);

  g_return_val_if_fail (RB_IS_MODULE_CONTEXT (context), NULL);

  if (!choose_base (self, context, error) || !choose_proxy (self, context, error) || !choose_limits (self, context, error) ||
      !choose_backoffs (self, context, error))
    return NULL;

  self->token = g_strdup (rb_module_context_get_environment (context)->runtime_token);
  self->ca_file = g_strdup (rb_module_context_get_string (context, "ca-file"));
  self->closed_lookup = rb_module_context_get_boolean (context, "closed-endpoint-lookup");
  return g_steal_pointer (&self);
}

void
rb_http_settings_free (RbHttpSettings *self)
{
  g_return_if_fail (self != NULL);

  g_free (self->base);
  g_free (self->token);
  g_free (self->ca_file);
  g_free (self->proxy);
  g_free (self);
}
