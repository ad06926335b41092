/* rb-credentials.c: who we are on profile masons, and where its servers are
 *
 * People and scripts look for the texts of these refusals, which are the peer's to the letter.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-credentials.h"

#include "rb-connector-boundary.h"
#include "rb-error.h"
#include "rb-file.h"
#include "rb-json-writer.h"
#include "rb-json.h"

#define MAX_BYTES (4 * 1024 * 1024)
#define VARIABLE "MASONS_BROKER_CREDENTIALS_FILE"
#define REASON "bad_credentials"

void
rb_credentials_free (RbCredentials *self)
{
  if (self == NULL)
    return;

  g_free (self->connector_url);
  g_free (self->token);
  g_free (self->api_host);
  g_free (self->origin);
  g_free (self->api_host_origin);
  g_free (self);
}

/* Takes the strings. */
static RbCredentials *
credentials_new (const RbCredentialsQuery *query,
                 const char               *path,
                 char                     *connector_url,
                 char                     *token,
                 char                     *api_host)
{
  RbCredentials *self = g_new0 (RbCredentials, 1);

  self->connector_url = connector_url;
  self->token = token;
  self->origin = g_strdup_printf ("%s: account \"%s\"", path, query->account_id);
  if (query->api_host != NULL)
    {
      self->api_host = g_strdup (query->api_host);
      self->api_host_origin = g_strdup (query->api_host_origin);
      g_free (api_host);
    }
  else if (api_host != NULL)
    {
      self->api_host = api_host;
      self->api_host_origin = g_strdup (self->origin);
    }
  else
    {
      self->api_host = g_strdup (RB_CREDENTIALS_API_HOST);
      self->api_host_origin = g_strdup ("default of profile masons");
    }
  return self;
}

/* The token travels in a header: one that would end the line it is written on cannot be meant. */
static gboolean
check_token (const char  *source,
             const char  *account_id,
             const char  *token,
             GError     **error)
{
  for (const char *at = token; *at != '\0'; at++)
    if (g_ascii_iscntrl (*at))
      {
        rb_set_error (error, RB_ERROR_INVALID, REASON, "%s: account \"%s\" field \"token\" must not contain control characters", source,
                      account_id);
        return FALSE;
      }
  return TRUE;
}

static gboolean
check (const RbCredentials *self,
       const char          *source,
       const char          *account_id,
       GError             **error)
{
  return rb_connector_boundary_check (source, account_id, self->api_host, self->connector_url, error) &&
         check_token (source, account_id, self->token, error);
}

/* NULL unless it is a string with something in it. */
static char *
dup_filled (const RbJson *object,
            const char   *name)
{
  char *text = rb_json_peek_string (object, name);

  if (text != NULL && *text == '\0')
    g_clear_pointer (&text, g_free);
  return text;
}

static char *
list_accounts (const RbJson *accounts)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < rb_json_get_length (accounts); i++)
    {
      g_autofree char *name = rb_json_dup_member_name (accounts, i);

      g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", name);
    }
  return g_string_free (text, FALSE);
}

static RbJson *
parse_top (const char  *source,
           GBytes      *text,
           GError     **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autoptr(RbJson) root = rb_json_parse (text, MAX_BYTES, &local_error);

  if (root == NULL)
    rb_set_error (error, RB_ERROR_INVALID, REASON, "%s is not valid JSON: %s", source, local_error->message);
  else if (rb_json_get_root_type (root) != RB_JSON_OBJECT)
    rb_set_error (error, RB_ERROR_INVALID, REASON, "%s: top-level must be an object", source);
  else
    return g_steal_pointer (&root);
  return NULL;
}

static RbJson *
open_account (const char    *source,
              const RbJson  *root,
              const char    *account_id,
              GError       **error)
{
  g_autoptr(RbJson) accounts = NULL;
  g_autofree char *available = NULL;

  if (rb_json_get_member_type (root, "accounts") != RB_JSON_OBJECT)
    {
      rb_set_error (error, RB_ERROR_INVALID, REASON, "%s: missing or invalid \"accounts\" object", source);
      return NULL;
    }
  accounts = rb_json_open (root, "accounts", error);
  if (accounts == NULL)
    return NULL;
  if (rb_json_get_member_type (accounts, account_id) == RB_JSON_OBJECT)
    return rb_json_open (accounts, account_id, error);

  available = list_accounts (accounts);
  rb_set_error (error, RB_ERROR_INVALID, REASON, "%s: account \"%s\" not found (available: %s)", source, account_id,
                *available != '\0' ? available : "<none>");
  return NULL;
}

/* protocol.md 3.2, rows 7 to 10. */
static gboolean
check_fields (const char    *source,
              const char    *account_id,
              const RbJson  *account,
              GError       **error)
{
  static const struct {
    const char *name;
    gboolean    required;
  } fields[] = { { "connectorUrl", TRUE }, { "token", TRUE }, { "apiHost", FALSE }, { "handle", FALSE } };

  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      RbJsonType type = rb_json_get_member_type (account, fields[i].name);
      g_autofree char *value = dup_filled (account, fields[i].name);

      if (fields[i].required && value == NULL)
        {
          rb_set_error (error, RB_ERROR_INVALID, REASON, "%s: account \"%s\" missing required field \"%s\"", source, account_id,
                        fields[i].name);
          return FALSE;
        }
      if (type != RB_JSON_STRING && type != RB_JSON_ABSENT)
        {
          rb_set_error (error, RB_ERROR_INVALID, REASON, "%s: account \"%s\" optional field \"%s\" must be a string when present", source,
                        account_id, fields[i].name);
          return FALSE;
        }
    }
  return TRUE;
}

static const char *
get_name (const RbCredentialsQuery *query)
{
  return query->named_by != NULL ? query->named_by : VARIABLE;
}

static char *
dup_source (const RbCredentialsQuery *query)
{
  return query->credentials_file != NULL ? g_strdup_printf ("%s at %s", get_name (query), query->credentials_file)
                                         : g_strdup (get_name (query));
}

RbCredentials *
rb_credentials_parse (const RbCredentialsQuery  *query,
                      GBytes                    *text,
                      GError                   **error)
{
  g_autofree char *source = dup_source (query);
  g_autoptr(RbJson) root = parse_top (source, text, error);
  g_autoptr(RbJson) account = root != NULL ? open_account (source, root, query->account_id, error) : NULL;
  g_autoptr(RbCredentials) self = NULL;

  if (account == NULL || !check_fields (source, query->account_id, account, error))
    return NULL;

  self = credentials_new (query, query->credentials_file != NULL ? query->credentials_file : source, dup_filled (account, "connectorUrl"),
                          dup_filled (account, "token"), dup_filled (account, "apiHost"));
  return check (self, source, query->account_id, error) ? g_steal_pointer (&self) : NULL;
}

GBytes *
rb_credentials_take_account (const RbCredentialsQuery  *query,
                             GBytes                    *text,
                             GError                   **error)
{
  g_autofree char *source = dup_source (query);
  g_autoptr(RbJson) root = parse_top (source, text, error);
  g_autoptr(RbJson) account = root != NULL ? open_account (source, root, query->account_id, error) : NULL;
  RbJsonWriter *writer;

  if (account == NULL)
    return NULL;
  writer = rb_json_writer_new ();
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_begin_object (writer, "accounts");
  rb_json_writer_slice (writer, query->account_id, rb_json_get_text (account));
  rb_json_writer_end_object (writer);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

/* NULL where anything on the way is not an object. */
static RbJson *
open_network (GBytes *text)
{
  g_autoptr(RbJson) root = text != NULL ? rb_json_parse_object (text, MAX_BYTES, NULL) : NULL;
  g_autoptr(RbJson) channels = root != NULL ? rb_json_open (root, "channels", NULL) : NULL;

  return channels != NULL ? rb_json_open (channels, "agent-network", NULL) : NULL;
}

RbCredentials *
rb_credentials_parse_openclaw (const RbCredentialsQuery  *query,
                               GBytes                    *text,
                               GError                   **error)
{
  g_autoptr(RbJson) network = open_network (text);
  g_autoptr(RbJson) accounts = network != NULL ? rb_json_open (network, "accounts", NULL) : NULL;
  g_autoptr(RbJson) account = accounts != NULL ? rb_json_open (accounts, query->account_id, NULL) : NULL;
  g_autofree char *connector_url = account != NULL ? dup_filled (account, "connectorUrl") : NULL;
  g_autofree char *token = account != NULL ? dup_filled (account, "token") : NULL;
  g_autoptr(RbCredentials) self = NULL;

  if (connector_url == NULL || token == NULL)
    {
      rb_set_error (error, RB_ERROR_INVALID, REASON,
                    "agent-network credentials missing for account \"%s\"; run setup before lazy-spawning the broker "
                    "(or set " VARIABLE " for Plugin hosts)", query->account_id);
      return NULL;
    }

  self = credentials_new (query, query->openclaw_file, g_steal_pointer (&connector_url), g_steal_pointer (&token),
                          dup_filled (network, "apiHost"));
  return check (self, "OpenClaw agent-network config", query->account_id, error) ? g_steal_pointer (&self) : NULL;
}

static GBytes *
read_file (const char  *path,
           GError     **error)
{
  gsize length;
  char *text = rb_file_read (path, MAX_BYTES, &length, error);

  return text != NULL ? g_bytes_new_take (text, length) : NULL;
}

static gboolean
is_missing (const GError *error)
{
  return g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT) || g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOTDIR);
}

RbCredentials *
rb_credentials_read (const RbCredentialsQuery  *query,
                     GError                   **error)
{
  const char *path = query->credentials_file != NULL ? query->credentials_file : query->openclaw_file;
  g_autoptr(GError) local_error = NULL;
  g_autoptr(GBytes) text = read_file (path, &local_error);

  if (query->credentials_file == NULL)
    return rb_credentials_parse_openclaw (query, text, error);
  if (text != NULL)
    return rb_credentials_parse (query, text, error);

  if (is_missing (local_error))
    rb_set_error (error, RB_ERROR_INVALID, REASON, "%s points to non-existent path: %s", get_name (query), path);
  else
    rb_set_error (error, RB_ERROR_INVALID, REASON, "failed to read %s at %s: %s", get_name (query), path, local_error->message);
  return NULL;
}
