/* test-credentials.c: the peer's credentials file, OpenClaw's, and every way in which they can be wrong
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-credentials.h"
#include "rb-error.h"
#include "rb-test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define AT "MASONS_BROKER_CREDENTIALS_FILE at /c.json"
#define GOOD "\"connectorUrl\":\"wss://gw.example/gateway\",\"token\":\"t0ken\""

static GBytes *
bytes_of (const char *text)
{
  return text != NULL ? g_bytes_new_static (text, strlen (text)) : NULL;
}

static RbCredentials *
parse (const char  *text,
       const char  *account,
       const char  *api_host,
       GError     **error)
{
  RbCredentialsQuery query = { account, "/c.json", "/home/.openclaw/openclaw.json", api_host, api_host != NULL ? "environment X" : NULL };
  g_autoptr(GBytes) bytes = bytes_of (text);

  return rb_credentials_parse (&query, bytes, error);
}

static RbCredentials *
parse_openclaw (const char  *text,
                const char  *account,
                const char  *api_host,
                GError     **error)
{
  RbCredentialsQuery query = { account, NULL, "/o.json", api_host, api_host != NULL ? "environment X" : NULL };
  g_autoptr(GBytes) bytes = bytes_of (text);

  return rb_credentials_parse_openclaw (&query, bytes, error);
}

static void
assert_refused (RbCredentials *credentials,
                const GError  *error,
                const char    *text)
{
  g_assert_null (credentials);
  g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "bad_credentials");
  if (g_str_has_suffix (text, "..."))
    g_assert_cmpint (strncmp (error->message, text, strlen (text) - 3), ==, 0);
  else
    g_assert_cmpstr (error->message, ==, text);
}

/* Source: protocol.md 3.2, its table and the boundary of 3.3. */
static void
test_refused (void)
{
  static const struct {
    const char *text;
    const char *message;   /* "..." at the end: the parser's text follows */
  } cases[] = {
    { "", AT " is not valid JSON: ..." },
    { "{\"accounts\":", AT " is not valid JSON: ..." },
    { "{'accounts':{}}", AT " is not valid JSON: ..." },
    { "\xff", AT " is not valid JSON: ..." },
    { "[]", AT ": top-level must be an object" },
    { "null", AT ": top-level must be an object" },
    { "\"x\"", AT ": top-level must be an object" },
    { "{}", AT ": missing or invalid \"accounts\" object" },
    { "{\"accounts\":[]}", AT ": missing or invalid \"accounts\" object" },
    { "{\"accounts\":null}", AT ": missing or invalid \"accounts\" object" },
    { "{\"accounts\":{}}", AT ": account \"a\" not found (available: <none>)" },
    { "{\"accounts\":{\"b\":{},\"c d\":{}}}", AT ": account \"a\" not found (available: b, c d)" },
    { "{\"accounts\":{\"a\":[]}}", AT ": account \"a\" not found (available: a)" },
    { "{\"accounts\":{\"a\":null}}", AT ": account \"a\" not found (available: a)" },
    { "{\"accounts\":{\"a\":{}}}", AT ": account \"a\" missing required field \"connectorUrl\"" },
    { "{\"accounts\":{\"a\":{\"connectorUrl\":\"\",\"token\":1}}}", AT ": account \"a\" missing required field \"connectorUrl\"" },
    { "{\"accounts\":{\"a\":{\"connectorUrl\":1}}}", AT ": account \"a\" missing required field \"connectorUrl\"" },
    { "{\"accounts\":{\"a\":{\"connectorUrl\":\"u\",\"apiHost\":1}}}", AT ": account \"a\" missing required field \"token\"" },
    { "{\"accounts\":{\"a\":{\"connectorUrl\":\"u\",\"token\":\"\"}}}", AT ": account \"a\" missing required field \"token\"" },
    { "{\"accounts\":{\"a\":{\"connectorUrl\":\"u\",\"token\":[\"x\"]}}}", AT ": account \"a\" missing required field \"token\"" },
    { "{\"accounts\":{\"a\":{" GOOD ",\"apiHost\":1,\"handle\":1}}}",
      AT ": account \"a\" optional field \"apiHost\" must be a string when present" },
    { "{\"accounts\":{\"a\":{" GOOD ",\"apiHost\":null}}}",
      AT ": account \"a\" optional field \"apiHost\" must be a string when present" },
    { "{\"accounts\":{\"a\":{" GOOD ",\"handle\":{}}}}",
      AT ": account \"a\" optional field \"handle\" must be a string when present" },
    { "{\"accounts\":{\"a\":{\"connectorUrl\":\"gateway\",\"token\":\"t\"}}}",
      AT ": account \"a\" connectorUrl is not a valid WebSocket URL: gateway" },
    { "{\"accounts\":{\"a\":{\"connectorUrl\":\"wss://masons.ai\",\"token\":\"t\",\"apiHost\":\"api.masons.ai\"}}}",
      AT ": account \"a\" connectorUrl points at the MASONS identity authority \"masons.ai\", ..." },
    { "{\"accounts\":{\"a\":{\"connectorUrl\":\"wss://gw.example\",\"token\":\"t\\r\\nX: y\"}}}",
      AT ": account \"a\" field \"token\" must not contain control characters" },
  };

  g_test_summary ("Each check in its order, with the peer's own words; the first that fails is told.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      RbCredentials *credentials = parse (cases[i].text, "a", NULL, &error);

      assert_refused (credentials, error, cases[i].message);
    }
}

/* Source: protocol.md 3.2, precedence of the API host. */
static void
test_accepted (void)
{
  static const struct {
    const char *account;
    const char *override;
    const char *url;
    const char *token;
    const char *api_host;
    const char *api_host_origin;
  } cases[] = {
    { "a", NULL, "wss://gw.example/gateway", "t0ken", "preview-api.masons.ai", "default of profile masons" },
    { "a", "http://127.0.0.1:8", "wss://gw.example/gateway", "t0ken", "http://127.0.0.1:8", "environment X" },
    { "b", NULL, "ws://127.0.0.1:1", "other", "api.example", "/c.json: account \"b\"" },
    { "b", "api.masons.ai", "ws://127.0.0.1:1", "other", "api.masons.ai", "environment X" },
    { "c", NULL, "wss://gw.example/gateway", "t0ken", "preview-api.masons.ai", "default of profile masons" },
  };
  static const char text[] =
    "{\"version\":7,\"accounts\":{"
    "\"a\":{" GOOD ",\"more\":[1]},"
    "\"b\":{\"connectorUrl\":\"ws://127.0.0.1:1\",\"token\":\"other\",\"apiHost\":\"api.example\",\"handle\":\"bob\"},"
    "\"c\":{" GOOD ",\"apiHost\":\"\"},"
    "\"broken\":3}}";

  g_test_summary ("The account's own fields; its API host between what weighs more and the usual one. Other accounts do not matter.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(RbCredentials) credentials = parse (text, cases[i].account, cases[i].override, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (credentials->connector_url, ==, cases[i].url);
      g_assert_cmpstr (credentials->token, ==, cases[i].token);
      g_assert_cmpstr (credentials->api_host, ==, cases[i].api_host);
      g_assert_cmpstr (credentials->api_host_origin, ==, cases[i].api_host_origin);
      g_assert_true (g_str_has_prefix (credentials->origin, "/c.json: account \""));
    }
}

static void
test_override_decides_boundary (void)
{
  static const char text[] = "{\"accounts\":{\"a\":{\"connectorUrl\":\"wss://masons.ai\",\"token\":\"t\",\"apiHost\":\"api.masons.ai\"}}}";
  g_autoptr(GError) error = NULL;
  g_autoptr(RbCredentials) credentials = parse (text, "a", "api.example", &error);

  g_test_summary ("The boundary follows the API host that is used, not the one that was overridden.");

  g_assert_no_error (error);
  g_assert_nonnull (credentials);
}

/* Source: protocol.md 3.2, OpenClaw config. */
static void
test_openclaw_refused (void)
{
  static const char *const missing[] = {
    NULL,
    "",
    "{",
    "[]",
    "{}",
    "{\"channels\":[]}",
    "{\"channels\":{\"agent-network\":[]}}",
    "{\"channels\":{\"agent-network\":{\"accounts\":[]}}}",
    "{\"channels\":{\"agent-network\":{\"accounts\":{\"a\":[]}}}}",
    "{\"channels\":{\"agent-network\":{\"accounts\":{\"b\":{" GOOD "}}}}}",
    "{\"channels\":{\"agent-network\":{\"accounts\":{\"a\":{\"token\":\"t\"}}}}}",
    "{\"channels\":{\"agent-network\":{\"accounts\":{\"a\":{\"connectorUrl\":\"u\",\"token\":\"\"}}}}}",
    "{\"channels\":{\"agent-network\":{\"accounts\":{\"a\":{\"connectorUrl\":1,\"token\":\"t\"}}}}}",
  };
  static const char authority[] =
    "{\"channels\":{\"agent-network\":{\"apiHost\":\"api.masons.ai\",\"accounts\":{\"a\":{\"connectorUrl\":\"x\",\"token\":\"t\"}}}}}";
  g_autoptr(GError) boundary_error = NULL;
  RbCredentials *credentials;

  g_test_summary ("OpenClaw's file counts as empty when it is not what it should be; then the account has no credentials.");

  for (guint i = 0; i < G_N_ELEMENTS (missing); i++)
    {
      g_autoptr(GError) error = NULL;

      credentials = parse_openclaw (missing[i], "a", NULL, &error);
      assert_refused (credentials, error,
                      "agent-network credentials missing for account \"a\"; run setup before lazy-spawning the broker "
                      "(or set MASONS_BROKER_CREDENTIALS_FILE for Plugin hosts)");
    }

  credentials = parse_openclaw (authority, "a", NULL, &boundary_error);
  assert_refused (credentials, boundary_error,
                  "OpenClaw agent-network config: account \"a\" connectorUrl is not a valid WebSocket URL: x");
}

static void
test_openclaw_accepted (void)
{
  static const char text[] = "{\"channels\":{\"agent-network\":{\"apiHost\":\"api.example\",\"accounts\":{\"a\":{" GOOD ",\"apiHost\":\"no\"}}}}}";
  static const char plain[] = "{\"channels\":{\"agent-network\":{\"apiHost\":7,\"accounts\":{\"a\":{" GOOD "}}}}}";
  static const struct {
    const char *text;
    const char *override;
    const char *api_host;
  } cases[] = { { text, NULL, "api.example" }, { text, "h", "h" }, { plain, NULL, "preview-api.masons.ai" } };

  g_test_summary ("OpenClaw's API host stands above its accounts.");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(RbCredentials) credentials = parse_openclaw (cases[i].text, "a", cases[i].override, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (credentials->api_host, ==, cases[i].api_host);
      g_assert_cmpstr (credentials->token, ==, "t0ken");
      g_assert_cmpstr (credentials->origin, ==, "/o.json: account \"a\"");
    }
}

static void
assert_unreadable (const char *path,
                   const char *before,
                   const char *after)
{
  RbCredentialsQuery query = { .account_id = "a", .credentials_file = path, .openclaw_file = "/nonexistent" };
  g_autofree char *full = g_strconcat (before, path, after, NULL);
  g_autoptr(GError) error = NULL;
  RbCredentials *credentials = rb_credentials_read (&query, &error);

  assert_refused (credentials, error, full);
}

static void
test_files (void)
{
  g_autofree char *dir = rb_test_make_dir ();
  g_autofree char *missing = g_build_filename (dir, "missing.json", NULL);
  g_autofree char *below = g_build_filename (dir, "file.json", "missing.json", NULL);
  g_autofree char *path = g_build_filename (dir, "file.json", NULL);
  g_autofree char *fifo = g_build_filename (dir, "fifo", NULL);
  RbCredentialsQuery query = { .account_id = "a", .credentials_file = path, .openclaw_file = missing };
  g_autoptr(RbCredentials) credentials = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A file that is missing, one that is no file, and one that is read.");

  g_assert_true (g_file_set_contents (path, "{\"accounts\":{\"a\":{" GOOD "}}}", -1, NULL));
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  assert_unreadable (missing, "MASONS_BROKER_CREDENTIALS_FILE points to non-existent path: ", "");
  assert_unreadable (below, "MASONS_BROKER_CREDENTIALS_FILE points to non-existent path: ", "");
  assert_unreadable (dir, "failed to read MASONS_BROKER_CREDENTIALS_FILE at ", ": ...");
  assert_unreadable (fifo, "failed to read MASONS_BROKER_CREDENTIALS_FILE at ", ": ...");

  credentials = rb_credentials_read (&query, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (credentials->token, ==, "t0ken");
}

static void
test_named (void)
{
  RbCredentialsQuery query = { .account_id = "b", .named_by = "keyring" };
  g_autoptr(GBytes) text = bytes_of ("{\"accounts\":{\"a\":{\"token\":\"other\"},\"b\":{" GOOD ",\"handle\":\"bo\"}}}");
  g_autoptr(GError) error = NULL;
  g_autoptr(RbCredentials) credentials = rb_credentials_parse (&query, text, &error);
  g_autoptr(GBytes) kept = rb_credentials_take_account (&query, text, &error);
  g_autoptr(RbCredentials) again = rb_credentials_parse (&query, kept, &error);

  g_test_summary ("A text that is no file is called by its name; of it the account's part alone is kept, whole.");

  g_assert_no_error (error);
  g_assert_cmpstr (credentials->origin, ==, "keyring: account \"b\"");
  g_assert_cmpstr (again->token, ==, "t0ken");
  g_assert_null (g_strstr_len (g_bytes_get_data (kept, NULL), (gssize) g_bytes_get_size (kept), "other"));
  g_assert_nonnull (g_strstr_len (g_bytes_get_data (kept, NULL), (gssize) g_bytes_get_size (kept), "\"handle\":\"bo\""));

  query.account_id = "c";
  g_assert_null (rb_credentials_take_account (&query, text, &error));
  assert_refused (NULL, error, "keyring: account \"c\" not found (available: a, b)");
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/credentials/refused", test_refused);
  g_test_add_func ("/credentials/accepted", test_accepted);
  g_test_add_func ("/credentials/override-decides-boundary", test_override_decides_boundary);
  g_test_add_func ("/credentials/openclaw/refused", test_openclaw_refused);
  g_test_add_func ("/credentials/openclaw/accepted", test_openclaw_accepted);
  g_test_add_func ("/credentials/files", test_files);
  g_test_add_func ("/credentials/named", test_named);
  return g_test_run ();
}
