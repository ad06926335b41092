/* rb-connector-boundary.c: which URLs cannot be a Connector's
 *
 * The network's identity authority and its message gateway have names that are easily mixed up. Where the API host says which network
 * is meant, the mistake is told at the start instead of showing as a link that never comes up.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-connector-boundary.h"

#include "rb-error.h"
#include "rb-text.h"

#include <string.h>

static const struct {
  const char *api_host;
  const char *connector_host;
} networks[] = {
  { "api.masons.ai",         "connectorapi.masons.ai" },
  { "preview-api.masons.ai", "preview-connectorapi.masons.ai" },
};

static const char *const authorities[] = { "masons.ai", "preview.masons.ai", NULL };

static gboolean
has_scheme (const char *text)
{
  g_autofree char *scheme = g_uri_parse_scheme (text);

  return scheme != NULL && g_str_has_prefix (text + strlen (scheme), "://");
}

/* NULL: no URL. "": one without a host, which only schemes that need none may have. */
static char *
dup_url_host (const char *url)
{
  g_autoptr(GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;

  if (uri == NULL || (has_scheme (url) && (host == NULL || *host == '\0')))
    return NULL;
  return host != NULL ? g_utf8_strdown (host, -1) : g_strdup ("");
}

/* Without the slashes at its end. */
static char *
dup_trimmed (const char *api_host)
{
  char *text = rb_text_trim (api_host);
  gsize length = strlen (text);

  while (length > 0 && text[length - 1] == '/')
    text[--length] = '\0';
  return text;
}

char *
rb_connector_boundary_dup_host (const char *api_host)
{
  g_autofree char *text = dup_trimmed (api_host);
  g_autofree char *url = has_scheme (text) ? g_strdup (text) : g_strconcat ("https://", text, NULL);
  char *host = dup_url_host (url);

  return host != NULL ? host : g_utf8_strdown (text, -1);
}

static const char *
find_connector_host (const char *api_host)
{
  for (gsize i = 0; i < G_N_ELEMENTS (networks); i++)
    if (g_str_equal (networks[i].api_host, api_host))
      return networks[i].connector_host;
  return NULL;
}

gboolean
rb_connector_boundary_check (const char  *source,
                             const char  *account_id,
                             const char  *api_host,
                             const char  *connector_url,
                             GError     **error)
{
  g_autofree char *normal = rb_connector_boundary_dup_host (api_host);
  const char *expected = find_connector_host (normal);
  g_autofree char *host = NULL;

  if (expected == NULL)
    return TRUE;

  host = dup_url_host (connector_url);
  if (host == NULL)
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_credentials", "%s: account \"%s\" connectorUrl is not a valid WebSocket URL: %s", source,
                    account_id, connector_url);
      return FALSE;
    }
  if (!g_strv_contains (authorities, host))
    return TRUE;

  rb_set_error (error, RB_ERROR_INVALID, "bad_credentials",
                "%s: account \"%s\" connectorUrl points at the MASONS identity authority \"%s\", not the Connector transport host. "
                "For apiHost \"%s\", use \"wss://%s/gateway\". Root domains masons.ai and preview.masons.ai are MSTP identity / Web hosts; "
                "connectorUrl must be a Gateway transport URL.", source, account_id, host, normal, expected);
  return FALSE;
}
