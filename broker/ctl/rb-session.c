/* rb-session.c: an endpoint for the length of one verb: sends, and waits for an answer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-session.h"

#include "rb-error.h"
#include "rb-json-writer.h"

#include <glib/gi18n.h>

/* How long the end of a session waits for a broker that is being restarted. */
#define SETTLE_MS 3000

struct _RbSession {
  RbCtl            *ctl;
  RbClientEndpoint *endpoint;
  char             *message_id;     /* ours, in the metadata: replies to assignments name it */
  GPtrArray        *received;       /* of RbClientMessage: answers to what was sent */
  GHashTable       *seen;           /* their source message ids: one whose receipt got lost comes again */
  guint64           timer;
  gboolean          timed_out;
};

/* The broker mints the correlation and keeps it to itself; but what reaches this endpoint with a correlation answers the one
 * message it sent, and one that says otherwise in in_reply_to is for somebody else. */
static gboolean
is_reply (RbSession             *self,
          RbClientMessage *message)
{
  g_autofree char *correlation_id = rb_client_message_dup_metadata_member (message, "correlation_id");
  g_autofree char *in_reply_to = rb_client_message_dup_metadata_member (message, "in_reply_to");

  if (correlation_id == NULL)
    return FALSE;
  return in_reply_to == NULL || g_str_equal (in_reply_to, self->message_id) || g_str_equal (in_reply_to, correlation_id);
}

static gboolean
on_message (RbClient         *client,
            RbClientEndpoint *endpoint,
            RbClientMessage  *message,
            RbSession        *self)
{
  if (endpoint != self->endpoint || !is_reply (self, message))
    return FALSE;
  if (message->source_message_id == NULL || g_hash_table_add (self->seen, g_strdup (message->source_message_id)))
    g_ptr_array_add (self->received, g_object_ref (message));
  return TRUE;
}

static gboolean
connect_client (RbSession  *self,
                GError    **error)
{
  RbClient *client = rb_ctl_get_client (self->ctl);
  g_autoptr(GAsyncResult) result = NULL;

  rb_client_connect_async (client, self->ctl->cancellable, rb_ctl_store_result, &result);
  return rb_client_connect_finish (client, rb_ctl_wait (&result), error);
}

static gboolean
register_endpoint (RbSession   *self,
                   const char  *name,
                   GError     **error)
{
  static const char *const capabilities[] = { "foreground_channel_v1", NULL };
  const RbClientRegistration registration = { .agent_id = name,
                                              .kind = "custom",
                                              .session_name = name,
                                              .capabilities = capabilities,
                                              .execution_surface = "headless" };
  g_autoptr(RbClientEndpoint) endpoint = rb_client_endpoint_new_for (&registration);
  g_autoptr(GAsyncResult) result = NULL;

  rb_client_register_async (self->ctl->client, endpoint, self->ctl->cancellable, rb_ctl_store_result, &result);
  self->endpoint = rb_client_register_finish (self->ctl->client, rb_ctl_wait (&result), error);
  return self->endpoint != NULL;
}

RbSession *
rb_session_new (RbCtl       *ctl,
                const char  *name,
                GError     **error)
{
  g_autoptr(RbSession) self = g_new0 (RbSession, 1);

  self->ctl = ctl;
  self->message_id = g_uuid_string_random ();
  self->received = g_ptr_array_new_with_free_func (g_object_unref);
  self->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_signal_connect (rb_ctl_get_client (ctl), "message", G_CALLBACK (on_message), self);
  if (!connect_client (self, error) || !register_endpoint (self, name, error))
    return NULL;
  return g_steal_pointer (&self);
}

static void
on_timer (gpointer user_data)
{
  RbSession *self = user_data;

  self->timer = 0;
  self->timed_out = TRUE;
}

/* The broker died after it had pushed the answer and before it could note our receipt: it pushes it again when we are back, and what
 * nobody takes then would end in somebody's inbox. */
static void
settle (RbSession *self)
{
  RbClient *client = self->ctl->client;
  RbClock *clock = rb_client_get_clock (client);

  if (g_hash_table_size (self->seen) == 0 || rb_client_get_phase (client) != RB_CLIENT_RECONNECTING)
    return;

  self->timed_out = FALSE;
  self->timer = rb_clock_add (clock, SETTLE_MS, on_timer, self);
  while (rb_client_get_phase (client) == RB_CLIENT_RECONNECTING && !self->timed_out)
    g_main_context_iteration (NULL, TRUE);
}

void
rb_session_free (RbSession *self)
{
  RbClient *client = self->ctl->client;
  g_autoptr(GAsyncResult) unregistered = NULL;
  g_autoptr(GAsyncResult) closed = NULL;

  settle (self);
  g_signal_handlers_disconnect_by_data (client, self);
  rb_clock_clear (rb_client_get_clock (client), &self->timer);
  if (self->endpoint != NULL && rb_client_get_phase (client) == RB_CLIENT_CONNECTED)
    {
      rb_client_unregister_async (client, self->endpoint, NULL, rb_ctl_store_result, &unregistered);
      rb_client_unregister_finish (client, rb_ctl_wait (&unregistered), NULL);
    }
  rb_client_close_async (client, rb_ctl_store_result, &closed);
  rb_client_close_finish (client, rb_ctl_wait (&closed));
  /* A closed client stays closed; whoever asks next gets a new one. */
  g_clear_object (&self->ctl->client);
  g_clear_object (&self->endpoint);
  g_ptr_array_unref (self->received);
  g_hash_table_unref (self->seen);
  g_free (self->message_id);
  g_free (self);
}

RbClientEndpoint *
rb_session_get_endpoint (RbSession *self)
{
  return self->endpoint;
}

void
rb_receipt_clear (RbReceipt *self)
{
  g_clear_pointer (&self->message_id, g_free);
  g_clear_pointer (&self->status, g_free);
}

static GBytes *
make_metadata (RbSession    *self,
               const RbJson *given)
{
  g_autofree char *member = NULL;
  g_autoptr(GBytes) empty = g_bytes_new_static ("{}", 2);

  if (given == NULL)
    {
      member = g_strdup_printf ("\"message_id\":\"%s\"", self->message_id);
      return rb_json_object_edit (empty, NULL, member);
    }
  if (rb_json_get_member_type (given, "message_id") == RB_JSON_STRING)
    {
      g_free (self->message_id);
      self->message_id = rb_json_peek_string (given, "message_id");
      return g_bytes_ref (rb_json_get_text (given));
    }
  member = g_strdup_printf ("\"message_id\":\"%s\"", self->message_id);
  return rb_json_object_edit (rb_json_get_text (given), (const char *const[]) { "message_id", NULL }, member);
}

gboolean
rb_session_send (RbSession    *self,
                 const char   *to,
                 const char   *content,
                 const char   *content_type,
                 const RbJson *metadata,
                 RbReceipt    *receipt,
                 GError      **error)
{
  g_autoptr(GBytes) complete = make_metadata (self, metadata);
  g_autofree char *text = g_strndup (g_bytes_get_data (complete, NULL), g_bytes_get_size (complete));
  g_autoptr(GAsyncResult) result = NULL;

  rb_client_send_async (self->ctl->client, self->endpoint, to, content, content_type, text, self->ctl->cancellable,
                        rb_ctl_store_result, &result);
  return rb_client_send_finish (self->ctl->client, rb_ctl_wait (&result), &receipt->message_id, &receipt->status, NULL, error);
}

RbClientMessage *
rb_session_wait_reply (RbSession  *self,
                       gint64      timeout_ms,
                       GError    **error)
{
  RbClock *clock = rb_client_get_clock (self->ctl->client);

  self->timed_out = FALSE;
  if (timeout_ms > 0)
    self->timer = rb_clock_add (clock, timeout_ms, on_timer, self);
  while (self->received->len == 0 && !self->timed_out && !g_cancellable_is_cancelled (self->ctl->cancellable))
    g_main_context_iteration (NULL, TRUE);
  rb_clock_clear (clock, &self->timer);

  if (self->received->len > 0)
    return g_ptr_array_steal_index (self->received, 0);
  if (!g_cancellable_set_error_if_cancelled (self->ctl->cancellable, error))
    rb_set_error (error, RB_ERROR_TIMED_OUT, "no_reply", _ ("no reply came in time"));
  return NULL;
}
