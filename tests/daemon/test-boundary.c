/* test-boundary.c: which URLs cannot be a Connector's
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-connector-boundary.h"
#include "rb-error.h"
#include "rb-test.h"

#include <string.h>

/* Source: protocol.md 3.3, steps 1 and 2. */
static void
test_host (void)
{
  static const struct {
    const char *api_host;
    const char *host;
  } cases[] = {
    { "api.masons.ai", "api.masons.ai" },
    { "  API.Masons.AI\t", "api.masons.ai" },
    { "\xef\xbb\xbf" "api.masons.ai\xc2\xa0", "api.masons.ai" },
    { "api.masons.ai///", "api.masons.ai" },
    { "api.masons.ai:8443", "api.masons.ai" },
    { "https://api.masons.ai/", "api.masons.ai" },
    { "HTTP://user:word@api.masons.ai:80/v1?x#y", "api.masons.ai" },
    { "http://127.0.0.1:40123", "127.0.0.1" },
    { "http://[::1]:80", "::1" },
    { "api masons AI", "api masons ai" },
    { "", "" },
    { "/", "" },
    { "https://", "https" },
  };

  g_test_summary ("Of an API host the name counts, whatever is written around it; what is no URL stands for itself.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *host = rb_connector_boundary_dup_host (cases[i].api_host);

      g_assert_cmpstr (host, ==, cases[i].host);
    }
}

static void
test_accepted (void)
{
  static const struct {
    const char *api_host;
    const char *url;
  } cases[] = {
    { "api.masons.ai", "wss://connectorapi.masons.ai/gateway" },
    { "preview-api.masons.ai", "wss://preview-connectorapi.masons.ai/gateway" },
    { "api.masons.ai", "wss://gateway.example:8443/x" },
    { "api.masons.ai", "ws://127.0.0.1:1/" },
    { "api.masons.ai", "wss://masons.ai.example/gateway" },
    { "api.masons.ai", "wss://www.masons.ai/gateway" },
    { "api.masons.ai", "https://connectorapi.masons.ai" },
    { "api.example", "wss://masons.ai/gateway" },
    { "127.0.0.1:80", "not a url" },
    { "masons.ai", "wss://masons.ai" },
  };

  g_test_summary ("Any other host will do, any scheme too; for an API host that we do not know nothing is checked.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_true (rb_connector_boundary_check ("S", "a", cases[i].api_host, cases[i].url, &error));
      g_assert_no_error (error);
    }
}

static void
test_no_url (void)
{
  static const char *const urls[] = { "not a url", "connectorapi.masons.ai/gateway", "//connectorapi.masons.ai", "wss://", "wss:///x", "wss://[::1" };

  g_test_summary ("What is no URL is refused, and repeated.");

  for (guint i = 0; i < G_N_ELEMENTS (urls); i++)
    {
      g_autofree char *text = g_strdup_printf ("S: account \"work\" connectorUrl is not a valid WebSocket URL: %s", urls[i]);
      g_autoptr(GError) error = NULL;

      g_assert_false (rb_connector_boundary_check ("S", "work", "https://API.masons.ai/", urls[i], &error));
      g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
      g_assert_cmpstr (rb_error_get_reason (error), ==, "bad_credentials");
      g_assert_cmpstr (error->message, ==, text);
    }
}

/* Source: protocol.md 3.3, steps 4 and 5. */
static void
test_authority (void)
{
  static const struct {
    const char *api_host;
    const char *url;
    const char *text;
  } cases[] = {
    { "api.masons.ai", "wss://masons.ai/gateway",
      "S: account \"a\" connectorUrl points at the MASONS identity authority \"masons.ai\", not the Connector transport host. For apiHost "
      "\"api.masons.ai\", use \"wss://connectorapi.masons.ai/gateway\". Root domains masons.ai and preview.masons.ai are MSTP identity / Web "
      "hosts; connectorUrl must be a Gateway transport URL." },
    { " https://Preview-API.masons.ai:443/ ", "WSS://user@PREVIEW.Masons.AI:443",
      "S: account \"a\" connectorUrl points at the MASONS identity authority \"preview.masons.ai\", not the Connector transport host. For "
      "apiHost \"preview-api.masons.ai\", use \"wss://preview-connectorapi.masons.ai/gateway\". Root domains masons.ai and preview.masons.ai "
      "are MSTP identity / Web hosts; connectorUrl must be a Gateway transport URL." },
  };

  g_test_summary ("An identity authority in the place of the Connector is refused with what to write instead.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (rb_connector_boundary_check ("S", "a", cases[i].api_host, cases[i].url, &error));
      g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
      g_assert_cmpstr (error->message, ==, cases[i].text);
    }
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/boundary/host", test_host);
  g_test_add_func ("/boundary/accepted", test_accepted);
  g_test_add_func ("/boundary/no-url", test_no_url);
  g_test_add_func ("/boundary/authority", test_authority);
  return g_test_run ();
}
