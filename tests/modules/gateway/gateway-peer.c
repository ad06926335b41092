/* gateway-peer.c: a connector and the simulated gateway that it talks to, for tests
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "gateway-peer.h"

#include "rb-error.h"
#include "rb-fake-clock.h"
#include "rb-file.h"
#include "rb-gateway-connector.h"
#include "rb-gateway-cursor-file.h"
#include "rb-gateway-settings.h"
#include "rb-json.h"
#include "rb-test.h"

#include <stdarg.h>
#include <string.h>

static const RbModuleInfo info = {
  RB_MODULE_ABI, sizeof (RbModuleInfo), "gateway", "0", "", RB_MODULE_CONNECTOR, rb_gateway_setting_table, rb_gateway_connector_get_type,
};

static void
delivery_free (Delivery *delivery)
{
  rb_envelope_unref (delivery->envelope);
  g_free (delivery);
}

static void
on_delivery (RbConnector *connector,
             gint64       seq,
             RbEnvelope  *envelope,
             Peer        *peer)
{
  Delivery *delivery = g_new0 (Delivery, 1);

  delivery->seq = seq;
  delivery->envelope = rb_envelope_ref (envelope);
  g_ptr_array_add (peer->deliveries, delivery);
  if (peer->accepts)
    rb_connector_accept (connector, seq);
}

static void
on_connected (RbConnector *connector,
              Peer        *peer)
{
  peer->n_connected++;
}

static void
on_disconnected (RbConnector *connector,
                 const char  *reason,
                 Peer        *peer)
{
  peer->n_disconnected++;
  g_free (peer->last_reason);
  peer->last_reason = g_strdup (reason);
}

static void
on_superseded (RbConnector *connector,
               Peer        *peer)
{
  peer->n_superseded++;
}

/* Effective settings: the table's defaults, the gateway's url, then @args. */
static GHashTable *
collect_settings (Peer       *peer,
                  const char *key,
                  va_list     args)
{
  GHashTable *settings = g_hash_table_new (g_str_hash, g_str_equal);

  for (const RbModuleSetting *setting = rb_gateway_setting_table; setting->key != NULL; setting++)
    if (setting->default_value != NULL)
      g_hash_table_insert (settings, (char *) setting->key, (char *) setting->default_value);
  g_hash_table_insert (settings, (char *) "url", (char *) rb_sim_get_gateway_url (peer->sim));
  for (; key != NULL; key = va_arg (args, const char *))
    g_hash_table_insert (settings, (char *) key, va_arg (args, char *));
  return settings;
}

static gboolean
configure (Peer        *peer,
           GHashTable  *settings,
           GError     **error)
{
  RbModuleEnvironment environment = { peer->clock, "account", (char *) rb_sim_get_token (peer->sim), peer->state_dir, peer->state_dir,
                                      "0", "0.2.36" };
  g_autoptr(RbModuleContext) context = rb_module_context_new (&info, &environment, settings);

  peer->connector = g_object_new (RB_TYPE_GATEWAY_CONNECTOR, NULL);
  g_signal_connect (peer->connector, "delivery", G_CALLBACK (on_delivery), peer);
  g_signal_connect (peer->connector, "connected", G_CALLBACK (on_connected), peer);
  g_signal_connect (peer->connector, "disconnected", G_CALLBACK (on_disconnected), peer);
  g_signal_connect (peer->connector, "superseded", G_CALLBACK (on_superseded), peer);
  if (!rb_module_configure (RB_MODULE (peer->connector), context, error))
    return FALSE;
  peer->bounds = rb_module_context_get_bounds (context);
  rb_connector_set_window (peer->connector, 1000, 64 << 20);
  return TRUE;
}

static void
configure_ok (Peer       *peer,
              GHashTable *settings)
{
  g_autoptr(GError) error = NULL;

  configure (peer, settings, &error);
  g_assert_no_error (error);
}

Peer *
peer_new (const RbSimOptions *options,
          ...)
{
  Peer *peer = g_new0 (Peer, 1);
  g_autoptr(GHashTable) settings = NULL;
  g_autoptr(GError) error = NULL;
  const char *key;
  va_list args;

  peer->sim = rb_sim_new (options, &error);
  g_assert_no_error (error);
  peer->gateway = rb_sim_get_gateway (peer->sim);
  peer->clock = rb_fake_clock_new ();
  peer->state_dir = rb_test_make_dir ();
  peer->deliveries = g_ptr_array_new_with_free_func ((GDestroyNotify) delivery_free);

  va_start (args, options);
  key = va_arg (args, const char *);
  settings = collect_settings (peer, key, args);
  va_end (args);
  configure_ok (peer, settings);
  return peer;
}

Peer *
peer_new_connected (void)
{
  Peer *peer = peer_new (NULL, "keepalive-ms", "0", NULL);

  peer_start (peer);
  return peer;
}

static void
drop_connector (Peer *peer)
{
  peer_stop (peer);
  g_assert_finalize_object (peer->connector);
}

void
peer_renew (Peer *peer,
            ...)
{
  g_autoptr(GHashTable) settings = NULL;
  const char *key;
  va_list args;

  drop_connector (peer);
  va_start (args, peer);
  key = va_arg (args, const char *);
  settings = collect_settings (peer, key, args);
  va_end (args);
  configure_ok (peer, settings);
}

gboolean
peer_configure (Peer       *peer,
                const char *first_key,
                ...)
{
  g_autoptr(GHashTable) settings = NULL;
  g_autoptr(GError) error = NULL;
  va_list args;

  drop_connector (peer);
  va_start (args, first_key);
  settings = collect_settings (peer, first_key, args);
  va_end (args);
  if (configure (peer, settings, &error))
    return TRUE;
  g_assert_error (error, RB_ERROR, RB_ERROR_INVALID);
  g_assert_cmpstr (rb_error_get_reason (error), ==, "invalid_setting");
  g_assert_true (g_str_has_prefix (error->message, "[gateway] "));
  return FALSE;
}

void
peer_free (Peer *peer)
{
  g_autofree char *violations = NULL;

  drop_connector (peer);
  violations = rb_sim_dup_violations (peer->sim);
  g_assert_cmpstr (violations, ==, "");
  rb_sim_free (peer->sim);
  rb_test_settle ();
  g_ptr_array_unref (peer->deliveries);
  g_object_unref (peer->clock);
  g_free (peer->state_dir);
  g_free (peer->last_reason);
  g_free (peer);
}

gboolean
peer_try_start (Peer    *peer,
                GError **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  rb_module_start_async (RB_MODULE (peer->connector), NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_module_start_finish (RB_MODULE (peer->connector), result, error);
}

void
peer_start (Peer *peer)
{
  g_autoptr(GError) error = NULL;
  guint before = peer->n_connected;

  peer_try_start (peer, &error);
  g_assert_no_error (error);
  rb_test_wait_until (peer->n_connected == before + 1);
}

void
peer_stop (Peer *peer)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  rb_module_stop_async (RB_MODULE (peer->connector), NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  rb_module_stop_finish (RB_MODULE (peer->connector), result, &error);
  g_assert_no_error (error);
}

void
peer_wait_backoff (Peer   *peer,
                   gint64  ms)
{
  rb_fake_clock_advance (peer->clock, ms * 13 / 10);
}

RbEnvelope *
make_envelope (const char *to,
               const char *id,
               const char *text)
{
  g_autoptr(GBytes) content = rb_json_slice_from_string (text);
  g_autoptr(GBytes) metadata = g_bytes_new_static ("{ \"b\":1, \"a\" : [2.50] }", 23);

  return rb_envelope_new (id, NULL, to, content, NULL, metadata);
}

gboolean
peer_send (Peer          *peer,
           const char    *to,
           const char    *text,
           char         **message_id,
           RbSendStatus  *status,
           GError       **error)
{
  g_autoptr(RbEnvelope) envelope = make_envelope (to, "ours", text);
  g_autoptr(GAsyncResult) result = NULL;

  rb_connector_send_async (peer->connector, envelope, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_connector_send_finish (peer->connector, result, message_id, status, error);
}

/* What was said before is heard before; the acknowledgement of a turn comes after it. */
void
peer_sync (Peer *peer)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(GError) error = NULL;

      rb_test_settle ();
      peer_send (peer, "sync@sim", "sync", NULL, NULL, &error);
      g_assert_no_error (error);
    }
  rb_test_settle ();
}

void
peer_wait_acked (Peer   *peer,
                 gint64  seq)
{
  rb_test_wait_until ((rb_fake_clock_advance (peer->clock, 5), rb_sim_gateway_get_acked (peer->gateway) == seq));
}

gint64
peer_get_seq (Peer  *peer,
              guint  i)
{
  g_assert_cmpuint (i, <, peer->deliveries->len);
  return ((const Delivery *) g_ptr_array_index (peer->deliveries, i))->seq;
}

const char *
peer_get_id (Peer  *peer,
             guint  i)
{
  g_assert_cmpuint (i, <, peer->deliveries->len);
  return rb_envelope_get_id (((const Delivery *) g_ptr_array_index (peer->deliveries, i))->envelope);
}

static char *
cursor_path (Peer *peer)
{
  return g_build_filename (peer->state_dir, "delivery-cursor.json", NULL);
}

gint64
peer_read_cursor (Peer *peer)
{
  g_autofree char *path = cursor_path (peer);
  g_autofree char *text = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, NULL))
    return -1;
  return rb_gateway_cursor_parse (text, length);
}

void
peer_write_cursor (Peer       *peer,
                   const char *text)
{
  g_autofree char *path = cursor_path (peer);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

gint64
peer_get_number (Peer       *peer,
                 const char *event,
                 int         index,
                 const char *member)
{
  g_autofree char *text = rb_sim_dup_frame (peer->sim, event, index);
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(RbJson) json = NULL;
  g_autoptr(GError) error = NULL;
  gint64 value = -1;

  g_assert_nonnull (text);
  bytes = g_bytes_new (text, strlen (text));
  json = rb_json_parse_object (bytes, 0, &error);
  g_assert_no_error (error);
  rb_json_get_int (json, member, &value, &error);
  g_assert_no_error (error);
  return value;
}
