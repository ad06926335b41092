/* local-peer.c: an account on the network of this machine, for tests
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "local-peer.h"

#include "rb-error.h"
#include "rb-json.h"
#include "rb-local-connector.h"
#include "rb-local-settings.h"
#include "rb-test.h"

#include <stdarg.h>

static const RbModuleInfo info = {
  RB_MODULE_ABI, sizeof (RbModuleInfo), "local", "0", "", RB_MODULE_CONNECTOR, rb_local_setting_table, rb_local_connector_get_type,
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

static GHashTable *
collect_settings (va_list args)
{
  GHashTable *settings = g_hash_table_new (g_str_hash, g_str_equal);
  const char *key;

  while ((key = va_arg (args, const char *)) != NULL)
    g_hash_table_insert (settings, (char *) key, va_arg (args, char *));
  return settings;
}

Peer *
peer_new (const char *data_dir,
          const char *account,
          RbClock    *clock,
          ...)
{
  Peer *peer = g_new0 (Peer, 1);
  g_autofree char *token = g_strconcat ("secret of ", account, NULL);
  RbModuleEnvironment environment = { clock, account, token, data_dir, data_dir, "0", "0" };
  g_autoptr(RbModuleContext) context = NULL;
  g_autoptr(GHashTable) settings = NULL;
  g_autoptr(GError) error = NULL;
  va_list args;

  va_start (args, clock);
  settings = collect_settings (args);
  va_end (args);

  peer->clock = g_object_ref (clock);
  peer->deliveries = g_ptr_array_new_with_free_func ((GDestroyNotify) delivery_free);
  peer->connector = g_object_new (RB_TYPE_LOCAL_CONNECTOR, NULL);
  g_signal_connect (peer->connector, "delivery", G_CALLBACK (on_delivery), peer);
  g_signal_connect (peer->connector, "connected", G_CALLBACK (on_connected), peer);
  g_signal_connect (peer->connector, "disconnected", G_CALLBACK (on_disconnected), peer);
  g_signal_connect (peer->connector, "superseded", G_CALLBACK (on_superseded), peer);

  context = rb_module_context_new (&info, &environment, settings);
  rb_module_configure (RB_MODULE (peer->connector), context, &error);
  g_assert_no_error (error);
  peer->bounds = rb_module_context_get_bounds (context);
  return peer;
}

Peer *
peer_new_started (const char *data_dir,
                  const char *account,
                  RbClock    *clock)
{
  Peer *peer = peer_new (data_dir, account, clock, NULL);

  rb_connector_set_window (peer->connector, 100, 1 << 20);
  peer_start (peer);
  return peer;
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
peer_free (Peer *peer)
{
  peer_stop (peer);
  g_assert_finalize_object (peer->connector);
  g_ptr_array_unref (peer->deliveries);
  g_object_unref (peer->clock);
  g_free (peer->last_reason);
  g_free (peer);
}

RbEnvelope *
make_envelope (const char *to,
               const char *id,
               const char *text)
{
  g_autoptr(GBytes) content = rb_json_slice_from_string (text);
  g_autoptr(GBytes) metadata = g_bytes_new_static ("{ \"b\":1, \"a\" : [2.50] }", 22);

  return rb_envelope_new (id, NULL, to, content, NULL, metadata);
}

gboolean
peer_send (Peer          *peer,
           const char    *to,
           const char    *id,
           const char    *text,
           char         **message_id,
           RbSendStatus  *status,
           GError       **error)
{
  g_autoptr(RbEnvelope) envelope = make_envelope (to, id, text);
  g_autoptr(GAsyncResult) result = NULL;

  rb_connector_send_async (peer->connector, envelope, NULL, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  return rb_connector_send_finish (peer->connector, result, message_id, status, error);
}

void
peer_send_ok (Peer       *peer,
              const char *to,
              const char *id,
              const char *text)
{
  g_autoptr(GError) error = NULL;

  peer_send (peer, to, id, text, NULL, NULL, &error);
  g_assert_no_error (error);
}

/* A round trip through the thread comes after what was asked before. What was rung may ask for a read, and that one for another. */
void
peer_settle (Peer *peer)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(GError) error = NULL;

      rb_test_settle ();
      g_assert_false (peer_send (peer, "nobody@local", NULL, "x", NULL, NULL, &error));
      g_assert_cmpstr (rb_error_get_reason (error), ==, "unknown_recipient");
    }
  rb_test_settle ();
}

gint64
peer_get_seq (Peer  *peer,
              guint  i)
{
  g_assert_cmpuint (i, <, peer->deliveries->len);
  return ((const Delivery *) g_ptr_array_index (peer->deliveries, i))->seq;
}

RbEnvelope *
peer_get_message (Peer  *peer,
                  guint  i)
{
  g_assert_cmpuint (i, <, peer->deliveries->len);
  return ((const Delivery *) g_ptr_array_index (peer->deliveries, i))->envelope;
}

char *
peer_dup_text (Peer  *peer,
               guint  i)
{
  return rb_json_slice_to_string (rb_envelope_get_content (peer_get_message (peer, i)), NULL);
}
