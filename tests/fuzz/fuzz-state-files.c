/* fuzz-state-files.c: any bytes at all in the place of the files that others may have written beside our state
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-buffer-file.h"
#include "rb-credentials.h"
#include "rb-discovery.h"
#include "rb-import.h"
#include "rb-json.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
check_discovery (GBytes *text)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbDiscovery) discovery = rb_discovery_parse (text, &error);

  g_assert_true ((discovery != NULL) == (error == NULL));
  if (discovery == NULL)
    return;
  g_assert_true (g_utf8_validate (discovery->ipc_url, -1, NULL));
  g_assert_true (g_utf8_validate (discovery->bearer_token, -1, NULL));
  g_assert_nonnull (discovery->started_at);
}

/* Takes both. Whole, or a reason that can be shown. */
static void
check_credentials (RbCredentials *owned,
                   GError        *owned_error)
{
  g_autoptr(RbCredentials) credentials = owned;
  g_autoptr(GError) error = owned_error;

  g_assert_true ((credentials != NULL) == (error == NULL));
  if (error != NULL)
    {
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return;
    }
  g_assert_cmpstr (credentials->connector_url, !=, "");
  g_assert_cmpstr (credentials->token, !=, "");
  g_assert_null (strpbrk (credentials->token, "\r\n"));
  g_assert_cmpstr (credentials->api_host, !=, "");
  g_assert_nonnull (credentials->origin);
  g_assert_nonnull (credentials->api_host_origin);
}

static void
check_both_credentials (GBytes *text)
{
  static const char *const hosts[] = { NULL, "api.masons.ai" };

  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      RbCredentialsQuery query = { "default", "/c.json", "/o.json", hosts[i], hosts[i] != NULL ? "environment" : NULL };
      GError *error = NULL;
      RbCredentials *credentials = rb_credentials_parse (&query, text, &error);

      check_credentials (credentials, error);
      error = NULL;
      credentials = rb_credentials_parse_openclaw (&query, text, &error);
      check_credentials (credentials, error);
    }
}

/* No line counts twice, and each message can be taken in. */
static void
check_buffer (const guint8 *data,
              gsize         size)
{
  g_autoptr(RbBufferFile) file = rb_buffer_file_parse ((const char *) data, size, 1);
  guint n_lines = 1;

  for (gsize i = 0; i < size; i++)
    n_lines += data[i] == '\n';
  g_assert_cmpuint (file->messages->len + file->n_assignments + file->n_damaged, <=, n_lines);

  for (guint i = 0; i < file->messages->len; i++)
    {
      const RbImportedMessage *message = file->messages->pdata[i];
      g_autoptr(RbJson) metadata = rb_json_parse_object (rb_envelope_get_metadata (message->envelope), 0, NULL);
      g_autofree char *preview = rb_json_slice_preview (rb_envelope_get_content (message->envelope), 80);

      g_assert_cmpstr (message->id, !=, "");
      g_assert_nonnull (rb_envelope_get_from (message->envelope));
      g_assert_nonnull (metadata);
      g_assert_true (g_utf8_validate (preview, -1, NULL));
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr(GBytes) text = g_bytes_new (data, size);

  check_discovery (text);
  check_both_credentials (text);
  check_buffer (data, size);
  return 0;
}
