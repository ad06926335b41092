/* rb-fake-core.c: a core that records what it is asked and answers what a test says
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-fake-core.h"

#include "rb-channels.h"
#include "rb-claim.h"
#include "rb-dispatch.h"
#include "rb-error.h"
#include "rb-history.h"
#include "rb-json.h"
#include "rb-outbox-operator.h"
#include "rb-processing.h"
#include "rb-register.h"
#include "rb-reply.h"
#include "rb-send.h"
#include "rb-settle.h"
#include "rb-staged.h"
#include "rb-undispatched.h"
#include "rb-views.h"

struct _RbCore {
  GObject    parent_instance;

  GString   *calls;
  GError    *error;
  gboolean   hold;
  GQueue     held;       /* of GTask, owned */
  GPtrArray *channels;   /* of RbChannel, owned */
};

G_DEFINE_FINAL_TYPE (RbCore, rb_core, G_TYPE_OBJECT)

static void
rb_core_finalize (GObject *object)
{
  RbCore *self = RB_CORE (object);

  g_string_free (self->calls, TRUE);
  g_clear_error (&self->error);
  g_ptr_array_unref (self->channels);
  G_OBJECT_CLASS (rb_core_parent_class)->finalize (object);
}

static void
rb_core_class_init (RbCoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rb_core_finalize;
  g_signal_new ("stored", RB_TYPE_CORE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_STRING);
  g_signal_new ("storage-stuck", RB_TYPE_CORE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  g_signal_new ("changed", RB_TYPE_CORE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
rb_core_init (RbCore *self)
{
  self->calls = g_string_new (NULL);
  self->channels = g_ptr_array_new_with_free_func (g_object_unref);
  g_queue_init (&self->held);
}

RbCore *
rb_fake_core_new (void)
{
  return g_object_new (RB_TYPE_CORE, NULL);
}

char *
rb_fake_core_take_calls (RbCore *self)
{
  char *calls = g_strdup (self->calls->str);

  g_string_truncate (self->calls, 0);
  return calls;
}

const char *
rb_fake_core_peek_calls (RbCore *self)
{
  return self->calls->str;
}

void
rb_fake_core_set_error (RbCore       *self,
                        const GError *error)
{
  g_clear_error (&self->error);
  self->error = error != NULL ? g_error_copy (error) : NULL;
}

void
rb_fake_core_set_hold (RbCore  *self,
                       gboolean hold)
{
  self->hold = hold;
}

static void
finish (RbCore *self,
        GTask  *task)
{
  if (self->error != NULL)
    g_task_return_error (task, g_error_copy (self->error));
  else
    g_task_return_boolean (task, TRUE);
}

void
rb_fake_core_release (RbCore *self)
{
  GTask *task;

  while ((task = g_queue_pop_head (&self->held)) != NULL)
    {
      finish (self, task);
      g_object_unref (task);
    }
}

guint
rb_fake_core_get_n_held (RbCore *self)
{
  return self->held.length;
}

RbChannel *
rb_fake_core_get_channel (RbCore *self)
{
  return self->channels->len > 0 ? g_ptr_array_index (self->channels, self->channels->len - 1) : NULL;
}

guint
rb_fake_core_get_n_channels (RbCore *self)
{
  return self->channels->len;
}

static const char *
text (const char *value)
{
  return value != NULL ? value : "-";
}

void
rb_fake_core_finish_or_hold (RbCore *self,
                             GTask  *task)
{
  if (self->hold)
    {
      g_queue_push_tail (&self->held, task);
      return;
    }
  finish (self, task);
  g_object_unref (task);
}

static void G_GNUC_PRINTF (5, 6)
call (RbCore             *self,
      const RbCaller     *caller,
      GAsyncReadyCallback callback,
      gpointer            user_data,
      const char         *format,
      ...)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  va_list arguments;

  va_start (arguments, format);
  g_string_append_vprintf (self->calls, format, arguments);
  va_end (arguments);
  if (caller != NULL)
    g_string_append_printf (self->calls, " pid=%" G_GINT64_FORMAT " kernel=%d operator=%d", caller->pid, caller->kernel,
                            caller->operator_);
  g_string_append_c (self->calls, '\n');

  rb_fake_core_finish_or_hold (self, task);
}

static gboolean
done (GAsyncResult *result,
      GError      **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* The functions of the core that broker/wire and broker/ipc use. */

void
rb_channels_attach (RbCore    *core,
                    RbChannel *channel)
{
  g_string_append_printf (core->calls, "attach %" G_GINT64_FORMAT " receipts=%d legacy=%d\n", rb_channel_get_pid (channel),
                          rb_channel_has_receipts (channel), rb_channel_is_legacy (channel));
  g_ptr_array_add (core->channels, g_object_ref (channel));
}

void
rb_channels_detach (RbCore    *core,
                    RbChannel *channel)
{
  g_string_append_printf (core->calls, "detach %" G_GINT64_FORMAT "\n", rb_channel_get_pid (channel));
  g_assert_true (g_ptr_array_remove (core->channels, channel));
}

void
rb_channels_receipt (RbCore     *core,
                     RbChannel  *channel,
                     const char *push_id)
{
  g_string_append_printf (core->calls, "receipt %s\n", push_id);
}

void
rb_register_request_clear (RbRegisterRequest *self)
{
  g_free (self->agent_id);
  g_free (self->kind);
  g_free (self->client_kind);
  g_free (self->client_version);
  g_free (self->started_at);
  g_clear_pointer (&self->workspace, g_bytes_unref);
  g_free (self->tracking_ref);
  g_free (self->session_name);
  g_free (self->task_hint);
  g_free (self->runtime_session_id);
  g_strfreev (self->runtime_capabilities);
  g_free (self->execution_surface);
  g_free (self->background_exchange_mode);
  g_free (self->spawn_token);
}

void
rb_register_async (RbCore                  *core,
                   const RbCaller          *caller,
                   const RbRegisterRequest *request,
                   GAsyncReadyCallback      callback,
                   gpointer                 user_data)
{
  call (core, caller, callback, user_data, "register %s %" G_GINT64_FORMAT " %s", request->agent_id, request->plugin_pid,
        request->kind);
}

gboolean
rb_register_finish (RbCore       *core,
                    GAsyncResult *result,
                    char        **endpoint_id,
                    char        **owner_token,
                    GVariant    **session_naming,
                    GError      **error)
{
  if (!done (result, error))
    return FALSE;
  *endpoint_id = g_strdup ("ep_1");
  *owner_token = g_strdup ("token_1");
  return TRUE;
}

void
rb_heartbeat_async (RbCore             *core,
                    const RbCaller     *caller,
                    const char         *endpoint_id,
                    GAsyncReadyCallback callback,
                    gpointer            user_data)
{
  call (core, caller, callback, user_data, "heartbeat %s", endpoint_id);
}

gboolean
rb_heartbeat_finish (RbCore       *core,
                     GAsyncResult *result,
                     GError      **error)
{
  return done (result, error);
}

void
rb_reattach_async (RbCore             *core,
                   const RbCaller     *caller,
                   const char         *endpoint_id,
                   gint64              plugin_pid,
                   GAsyncReadyCallback callback,
                   gpointer            user_data)
{
  call (core, caller, callback, user_data, "reattach %s %" G_GINT64_FORMAT, endpoint_id, plugin_pid);
}

gboolean
rb_reattach_finish (RbCore       *core,
                    GAsyncResult *result,
                    guint        *n_pushed,
                    GError      **error)
{
  *n_pushed = 3;
  return done (result, error);
}

void
rb_unregister_async (RbCore             *core,
                     const RbCaller     *caller,
                     const char         *endpoint_id,
                     GAsyncReadyCallback callback,
                     gpointer            user_data)
{
  call (core, caller, callback, user_data, "unregister %s", endpoint_id);
}

gboolean
rb_unregister_finish (RbCore       *core,
                      GAsyncResult *result,
                      GError      **error)
{
  return done (result, error);
}

void
rb_task_hint_async (RbCore             *core,
                    const RbCaller     *caller,
                    const char         *endpoint_id,
                    gint64              plugin_pid,
                    const char         *task_hint,
                    GAsyncReadyCallback callback,
                    gpointer            user_data)
{
  call (core, caller, callback, user_data, "task-hint %s %" G_GINT64_FORMAT " %s", endpoint_id, plugin_pid, text (task_hint));
}

gboolean
rb_task_hint_finish (RbCore       *core,
                     GAsyncResult *result,
                     GError      **error)
{
  return done (result, error);
}

void
rb_send_request_clear (RbSendRequest *self)
{
  g_free (self->endpoint_id);
  g_free (self->to);
  g_free (self->content_type);
  g_clear_pointer (&self->content, g_bytes_unref);
  g_clear_pointer (&self->metadata, g_bytes_unref);
}

void
rb_send_async (RbCore              *core,
               const RbCaller      *caller,
               const RbSendRequest *request,
               GAsyncReadyCallback  callback,
               gpointer             user_data)
{
  call (core, caller, callback, user_data, "send %s %s %" G_GSIZE_FORMAT, request->endpoint_id, request->to,
        g_bytes_get_size (request->content));
}

gboolean
rb_send_finish (RbCore       *core,
                GAsyncResult *result,
                char        **message_id,
                RbSendStatus *status,
                char        **correlation_id,
                GError      **error)
{
  if (!done (result, error))
    return FALSE;
  *message_id = g_strdup ("m1");
  *status = RB_SEND_STORED;
  *correlation_id = g_strdup ("c1");
  return TRUE;
}

void
rb_listed_message_free (RbListedMessage *self)
{
  g_free (self);
}

void
rb_undispatched_list_async (RbCore             *core,
                            const RbCaller     *caller,
                            const char         *endpoint_id,
                            GAsyncReadyCallback callback,
                            gpointer            user_data)
{
  call (core, caller, callback, user_data, "list %s", text (endpoint_id));
}

GPtrArray *
rb_undispatched_list_finish (RbCore       *core,
                             GAsyncResult *result,
                             GError      **error)
{
  return done (result, error) ? g_ptr_array_new () : NULL;
}

void
rb_undispatched_count_async (RbCore             *core,
                             const RbCaller     *caller,
                             const char         *endpoint_id,
                             GAsyncReadyCallback callback,
                             gpointer            user_data)
{
  call (core, caller, callback, user_data, "count %s", text (endpoint_id));
}

gboolean
rb_undispatched_count_finish (RbCore       *core,
                              GAsyncResult *result,
                              guint        *n,
                              GError      **error)
{
  *n = 2;
  return done (result, error);
}

void
rb_dispatch_async (RbCore             *core,
                   const RbCaller     *caller,
                   const char         *undispatched_id,
                   const char         *endpoint_id,
                   GAsyncReadyCallback callback,
                   gpointer            user_data)
{
  call (core, caller, callback, user_data, "dispatch %s %s", text (undispatched_id), text (endpoint_id));
}

gboolean
rb_dispatch_finish (RbCore       *core,
                    GAsyncResult *result,
                    GError      **error)
{
  return done (result, error);
}

void
rb_reply_request_clear (RbReplyRequest *self)
{
  g_free (self->endpoint_id);
  g_free (self->endpoint_owner_token);
  g_free (self->source_message_id);
  g_free (self->assignment_id);
  g_free (self->reply_request_id);
  g_free (self->content_type);
  g_clear_pointer (&self->content, g_bytes_unref);
  g_clear_pointer (&self->metadata, g_bytes_unref);
}

void
rb_reply_async (RbCore               *core,
                const RbCaller       *caller,
                const RbReplyRequest *request,
                GAsyncReadyCallback   callback,
                gpointer              user_data)
{
  call (core, caller, callback, user_data, "reply %s %s", request->endpoint_id, text (request->reply_request_id));
}

gboolean
rb_reply_finish (RbCore       *core,
                 GAsyncResult *result,
                 char        **message_id,
                 char        **status,
                 GError      **error)
{
  if (!done (result, error))
    return FALSE;
  *message_id = g_strdup ("w1");
  *status = g_strdup ("delivered");
  return TRUE;
}

void
rb_processing_request_clear (RbProcessingRequest *self)
{
  g_free (self->endpoint_id);
  g_free (self->endpoint_owner_token);
  g_free (self->source_message_id);
  g_free (self->assignment_id);
  g_free (self->state_event_id);
  g_free (self->state);
  g_free (self->undispatched_id);
  g_free (self->reason_code);
  g_free (self->detail);
  g_free (self->reply_request_id);
  g_free (self->outbound_message_id);
}

void
rb_processing_async (RbCore                    *core,
                     const RbCaller            *caller,
                     const RbProcessingRequest *request,
                     GAsyncReadyCallback        callback,
                     gpointer                   user_data)
{
  call (core, caller, callback, user_data, "processing %s %s", request->endpoint_id, request->state);
}

gboolean
rb_processing_finish (RbCore       *core,
                      GAsyncResult *result,
                      GError      **error)
{
  return done (result, error);
}

void
rb_claim_request_clear (RbClaimRequest *self)
{
  g_free (self->endpoint_id);
  g_free (self->endpoint_owner_token);
  g_free (self->undispatched_id);
}

void
rb_claim_async (RbCore               *core,
                const RbCaller       *caller,
                const RbClaimRequest *request,
                GAsyncReadyCallback   callback,
                gpointer              user_data)
{
  call (core, caller, callback, user_data, "claim %s %" G_GINT64_FORMAT " %s %s staged=%d", text (request->endpoint_id),
        request->plugin_pid, text (request->endpoint_owner_token), text (request->undispatched_id), request->staged);
}

static RbEnvelope *
make_envelope (void)
{
  static const char metadata_text[] = "{\"traceparent\":\"00-0123456789abcdef0123456789abcdef-0123456789abcdef-01\"}";
  g_autoptr(GBytes) content = rb_json_slice_from_string ("hi");
  g_autoptr(GBytes) metadata = g_bytes_new_static (metadata_text, sizeof metadata_text - 1);

  return rb_envelope_new ("m1", "bob", NULL, content, "text", metadata);
}

RbGrant *
rb_claim_finish (RbCore       *core,
                 GAsyncResult *result,
                 GError      **error)
{
  static const guint8 random[24] = { 1 };
  g_autoptr(RbTarget) target = NULL;
  g_autoptr(RbAssignmentContext) context = NULL;
  g_autoptr(RbEnvelope) envelope = NULL;
  g_autoptr(RbMessage) message = NULL;
  RbTraceVerdict verdict;

  if (!done (result, error))
    return NULL;
  target = rb_target_new ("e", RB_TARGET_RESIDENT_ENDPOINT, NULL);
  context = rb_assignment_context_new ("u", "m1", "a1", target, NULL, NULL);
  envelope = make_envelope ();
  message = rb_message_new (envelope, "u", 1, random, &verdict);
  return rb_grant_new (context, message);
}

void
rb_history_request_clear (RbHistoryRequest *self)
{
  g_free (self->endpoint_id);
  g_free (self->endpoint_owner_token);
  g_clear_pointer (&self->conversation_ref, g_variant_unref);
  g_free (self->before);
  g_free (self->after);
}

void
rb_history_async (RbCore                 *core,
                  const RbCaller         *caller,
                  const RbHistoryRequest *request,
                  GAsyncReadyCallback     callback,
                  gpointer                user_data)
{
  g_autofree char *reference = request->conversation_ref != NULL ? g_variant_print (request->conversation_ref, FALSE) : NULL;

  call (core, caller, callback, user_data, "history %s %s %s limit=%d/%" G_GINT64_FORMAT " %s %s", text (request->endpoint_id),
        text (request->endpoint_owner_token), text (reference), request->has_limit, request->limit, text (request->before),
        text (request->after));
}

GVariant *
rb_history_finish (RbCore       *core,
                   GAsyncResult *result,
                   GError      **error)
{
  if (!done (result, error))
    return NULL;
  return g_variant_ref_sink (g_variant_new_parsed ("{'items': <[{'message_id': <'m1'>}]>, 'has_more': <false>}"));
}

void
rb_settle_request_clear (RbSettleRequest *self)
{
  g_free (self->endpoint_id);
  g_free (self->undispatched_id);
}

void
rb_settle_async (RbCore                *core,
                 const RbCaller        *caller,
                 const RbSettleRequest *request,
                 GAsyncReadyCallback    callback,
                 gpointer               user_data)
{
  call (core, caller, callback, user_data, "settle %s %" G_GINT64_FORMAT " %s", text (request->endpoint_id), request->plugin_pid,
        text (request->undispatched_id));
}

gboolean
rb_settle_finish (RbCore       *core,
                  GAsyncResult *result,
                  GError      **error)
{
  return done (result, error);
}

void
rb_staged_request_clear (RbStagedRequest *self)
{
  g_free (self->endpoint_id);
}

static void
on_client_gone (GCancellable *cancellable,
                RbCore       *core)
{
  g_string_append (core->calls, "client gone\n");
}

void
rb_staged_async (RbCore                *core,
                 const RbCaller        *caller,
                 const RbStagedRequest *request,
                 GCancellable          *cancellable,
                 GAsyncReadyCallback    callback,
                 gpointer               user_data)
{
  g_signal_connect_object (cancellable, "cancelled", G_CALLBACK (on_client_gone), core, 0);
  call (core, caller, callback, user_data, "staged %s %" G_GINT64_FORMAT " %.1f mark=%d", text (request->endpoint_id),
        request->plugin_pid, request->timeout_ms, request->mark_attempt);
}

GPtrArray *
rb_staged_finish (RbCore       *core,
                  GAsyncResult *result,
                  GError      **error)
{
  g_autoptr(RbStaging) staging = NULL;
  RbClaimed *claimed;

  if (!done (result, error))
    return NULL;
  claimed = g_new0 (RbClaimed, 1);
  claimed->undispatched_id = g_strdup ("u");
  claimed->source_message_id = g_strdup ("m1");
  claimed->assignment_id = g_strdup ("a1");
  claimed->envelope = make_envelope ();
  staging = rb_staging_new ();
  rb_staging_add (staging, "e", claimed, 1000);
  return rb_staging_dup_items (staging, "e");
}

void
rb_fake_core_call (RbCore             *core,
                   GAsyncReadyCallback callback,
                   gpointer            user_data,
                   const char         *text)
{
  call (core, NULL, callback, user_data, "%s", text);
}

void
rb_explain_async (RbCore             *core,
                  const char         *id,
                  GAsyncReadyCallback callback,
                  gpointer            user_data)
{
  call (core, NULL, callback, user_data, "explain %s", id);
}

GVariant *
rb_explain_finish (RbCore       *core,
                   GAsyncResult *result,
                   GError      **error)
{
  return done (result, error) ? g_variant_new_parsed ("{'place': <'inbox'>}") : NULL;
}
