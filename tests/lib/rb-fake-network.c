/* rb-fake-network.c: connector, upstream and emitter that record what they were asked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-fake-network.h"

#include "rb-error.h"
#include "rb-json.h"

#include <string.h>

/* connector */

static void connector_module_init (RbModuleInterface *iface);
static void connector_iface_init (RbConnectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbFakeConnector, rb_fake_connector, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, connector_module_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_CONNECTOR, connector_iface_init))

static void
connector_module_init (RbModuleInterface *iface)
{
}

static void
fake_set_window (RbConnector *connector,
                 guint        messages,
                 gsize        bytes)
{
  RB_FAKE_CONNECTOR (connector)->window_messages = messages;
}

static void
fake_accept (RbConnector *connector,
             gint64       seq)
{
  g_assert_false (rb_fake_connector_has_accepted (RB_FAKE_CONNECTOR (connector), seq));
  g_array_append_val (RB_FAKE_CONNECTOR (connector)->accepted, seq);
}

static void
fake_release (RbConnector *connector,
              gint64       seq)
{
  g_array_append_val (RB_FAKE_CONNECTOR (connector)->released, seq);
}

static void
answer_send (GTask        *task,
             const GError *error)
{
  RbEnvelope *envelope = g_task_get_task_data (task);

  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_pointer (task, g_strdup (rb_envelope_get_id (envelope)), g_free);
}

static void
fake_send_async (RbConnector         *connector,
                 RbEnvelope          *envelope,
                 GCancellable        *cancellable,
                 GAsyncReadyCallback  callback,
                 gpointer             user_data)
{
  RbFakeConnector *self = RB_FAKE_CONNECTOR (connector);
  g_autoptr(GTask) task = g_task_new (connector, cancellable, callback, user_data);

  g_ptr_array_add (self->sent, rb_envelope_ref (envelope));
  g_task_set_task_data (task, rb_envelope_ref (envelope), (GDestroyNotify) rb_envelope_unref);
  if (self->hold)
    g_ptr_array_add (self->waiting, g_steal_pointer (&task));
  else
    answer_send (task, self->failure);
}

static gboolean
fake_send_finish (RbConnector   *connector,
                  GAsyncResult  *result,
                  char         **message_id,
                  RbSendStatus  *status,
                  GError       **error)
{
  *message_id = g_task_propagate_pointer (G_TASK (result), error);
  *status = RB_SEND_DELIVERED;
  return *message_id != NULL;
}

static const char *
fake_get_address (RbConnector *connector)
{
  const char *address = RB_FAKE_CONNECTOR (connector)->address;

  return address != NULL ? address : "me@fake";
}

static void
connector_iface_init (RbConnectorInterface *iface)
{
  iface->set_window = fake_set_window;
  iface->accept = fake_accept;
  iface->release = fake_release;
  iface->send_async = fake_send_async;
  iface->send_finish = fake_send_finish;
  iface->get_address = fake_get_address;
}

static void
rb_fake_connector_finalize (GObject *object)
{
  RbFakeConnector *self = RB_FAKE_CONNECTOR (object);

  g_array_unref (self->accepted);
  g_array_unref (self->released);
  g_ptr_array_unref (self->sent);
  g_ptr_array_unref (self->waiting);
  g_clear_error (&self->failure);
  G_OBJECT_CLASS (rb_fake_connector_parent_class)->finalize (object);
}

static void
rb_fake_connector_class_init (RbFakeConnectorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rb_fake_connector_finalize;
}

static void
rb_fake_connector_init (RbFakeConnector *self)
{
  self->accepted = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->released = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->sent = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_envelope_unref);
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
}

RbFakeConnector *
rb_fake_connector_new (void)
{
  return g_object_new (RB_TYPE_FAKE_CONNECTOR, NULL);
}

void
rb_fake_connector_deliver (RbFakeConnector *self,
                           gint64           seq,
                           const char      *id,
                           const char      *from,
                           const char      *content,
                           const char      *metadata)
{
  g_autoptr(GBytes) text = rb_json_slice_from_string (content);
  g_autoptr(GBytes) object = metadata != NULL ? g_bytes_new (metadata, strlen (metadata)) : NULL;
  g_autoptr(RbEnvelope) envelope = rb_envelope_new (id, from, NULL, text, "text", object);

  rb_connector_emit_delivery (RB_CONNECTOR (self), seq, envelope);
}

static gboolean
contains (GArray *array,
          gint64  seq)
{
  for (guint i = 0; i < array->len; i++)
    if (g_array_index (array, gint64, i) == seq)
      return TRUE;
  return FALSE;
}

gboolean
rb_fake_connector_has_accepted (RbFakeConnector *self,
                                gint64           seq)
{
  return contains (self->accepted, seq);
}

gboolean
rb_fake_connector_has_released (RbFakeConnector *self,
                                gint64           seq)
{
  return contains (self->released, seq);
}

void
rb_fake_connector_answer (RbFakeConnector *self,
                          const GError    *error)
{
  g_autoptr(GPtrArray) waiting = g_steal_pointer (&self->waiting);

  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < waiting->len; i++)
    answer_send (g_ptr_array_index (waiting, i), error);
}

char *
rb_fake_connector_sent_metadata (RbFakeConnector *self,
                                 guint            i,
                                 const char      *member)
{
  g_autoptr(RbJson) metadata = NULL;

  g_assert_cmpuint (i, <, self->sent->len);
  metadata = rb_json_parse_object (rb_envelope_get_metadata (g_ptr_array_index (self->sent, i)), 0, NULL);
  g_assert_nonnull (metadata);
  return rb_json_peek_string (metadata, member);
}

/* upstream */

static void upstream_module_init (RbModuleInterface *iface);
static void upstream_iface_init (RbUpstreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbFakeUpstream, rb_fake_upstream, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, upstream_module_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_UPSTREAM, upstream_iface_init))

static void
upstream_module_init (RbModuleInterface *iface)
{
}

static RbUpstreamFeatures
fake_get_features (RbUpstream *upstream)
{
  return RB_FAKE_UPSTREAM (upstream)->features;
}

static GVariant *
grant (RbFakeUpstream *self)
{
  g_autofree char *id = g_strdup_printf ("ep_%u", ++self->n_endpoints);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "endpoint_id", "s", id);
  g_variant_dict_insert (&dict, "heartbeat_after_seconds", "d", self->heartbeat_after_seconds);
  return g_variant_dict_end (&dict);
}

typedef struct {
  RbUpstreamCall  call;
  GVariant       *arguments;
} FakeCall;

static void
fake_call_free (gpointer data)
{
  FakeCall *self = data;

  g_variant_unref (self->arguments);
  g_free (self);
}

/* FALSE: whoever responds leaves it to us. */
static gboolean
ask_to_respond (RbFakeUpstream *self,
                GTask          *task)
{
  const FakeCall *call = g_task_get_task_data (task);
  GError *error = NULL;
  GVariant *answer = self->respond != NULL ? self->respond (call->call, call->arguments, self->respond_data, &error) : NULL;

  if (answer != NULL)
    g_task_return_pointer (task, g_variant_take_ref (answer), (GDestroyNotify) g_variant_unref);
  else if (error != NULL)
    g_task_return_error (task, error);
  return answer != NULL || error != NULL;
}

static void
answer_call (RbFakeUpstream *self,
             GTask          *task)
{
  RbUpstreamCall call = ((FakeCall *) g_task_get_task_data (task))->call;
  GVariant *answer;

  if (ask_to_respond (self, task))
    return;
  if (self->failures[call] != NULL || (self->answers[call] == NULL && self->failure != NULL))
    {
      g_task_return_error (task, g_error_copy (self->failures[call] != NULL ? self->failures[call] : self->failure));
      return;
    }

  if (self->answers[call] != NULL)
    answer = g_variant_ref (self->answers[call]);
  else if (call == RB_UPSTREAM_REGISTER_ENDPOINT)
    answer = grant (self);
  else if (self->answer != NULL)
    answer = g_variant_ref (self->answer);
  else
    answer = g_variant_new ("a{sv}", NULL);
  g_task_return_pointer (task, g_variant_take_ref (answer), (GDestroyNotify) g_variant_unref);
}

static void
note_ack (RbFakeUpstream *self,
          GVariant       *arguments)
{
  const char *key = "", *status = "", *detail = NULL;

  g_variant_lookup (arguments, "idempotency_key", "&s", &key);
  g_variant_lookup (arguments, "status", "&s", &status);
  g_variant_lookup (arguments, "detail", "&s", &detail);
  g_ptr_array_add (self->acks, g_strconcat (key, " ", status, detail != NULL ? " " : NULL, detail, NULL));
}

static void
fake_call_async (RbUpstream          *upstream,
                 RbUpstreamCall       call,
                 GVariant            *arguments,
                 GCancellable        *cancellable,
                 GAsyncReadyCallback  callback,
                 gpointer             user_data)
{
  RbFakeUpstream *self = RB_FAKE_UPSTREAM (upstream);
  g_autoptr(GTask) task = g_task_new (upstream, cancellable, callback, user_data);
  FakeCall *data = g_new (FakeCall, 1);

  self->n_calls[call]++;
  g_clear_pointer (&self->arguments[call], g_variant_unref);
  self->arguments[call] = g_variant_ref_sink (arguments);
  if (call == RB_UPSTREAM_CONTROL_ACK)
    note_ack (self, arguments);
  *data = (FakeCall) { call, g_variant_ref (self->arguments[call]) };
  g_task_set_task_data (task, data, fake_call_free);
  if (self->hold || self->holds[call])
    g_ptr_array_add (self->waiting, g_steal_pointer (&task));
  else
    answer_call (self, task);
}

static GVariant *
fake_call_finish (RbUpstream    *upstream,
                  GAsyncResult  *result,
                  GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
upstream_iface_init (RbUpstreamInterface *iface)
{
  iface->get_features = fake_get_features;
  iface->call_async = fake_call_async;
  iface->call_finish = fake_call_finish;
}

static void
rb_fake_upstream_finalize (GObject *object)
{
  RbFakeUpstream *self = RB_FAKE_UPSTREAM (object);

  g_ptr_array_unref (self->waiting);
  g_ptr_array_unref (self->acks);
  g_clear_pointer (&self->answer, g_variant_unref);
  for (guint i = 0; i < RB_UPSTREAM_N_CALLS; i++)
    {
      g_clear_pointer (&self->arguments[i], g_variant_unref);
      g_clear_pointer (&self->answers[i], g_variant_unref);
      g_clear_error (&self->failures[i]);
    }
  g_clear_error (&self->failure);
  G_OBJECT_CLASS (rb_fake_upstream_parent_class)->finalize (object);
}

static void
rb_fake_upstream_class_init (RbFakeUpstreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rb_fake_upstream_finalize;
}

static void
rb_fake_upstream_init (RbFakeUpstream *self)
{
  self->features = RB_UPSTREAM_LOCAL_INBOX;
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  self->acks = g_ptr_array_new_with_free_func (g_free);
}

RbFakeUpstream *
rb_fake_upstream_new (void)
{
  return g_object_new (RB_TYPE_FAKE_UPSTREAM, NULL);
}

void
rb_fake_upstream_answer (RbFakeUpstream *self)
{
  g_autoptr(GPtrArray) waiting = g_steal_pointer (&self->waiting);

  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < waiting->len; i++)
    answer_call (self, g_ptr_array_index (waiting, i));
}

void
rb_fake_upstream_answer_one (RbFakeUpstream *self,
                             guint           i)
{
  g_autoptr(GTask) task = g_ptr_array_steal_index (self->waiting, i);

  answer_call (self, task);
}

void
rb_fake_upstream_control (RbFakeUpstream *self,
                          const char     *text)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) event = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

  g_assert_no_error (error);
  rb_upstream_emit_control (RB_UPSTREAM (self), event);
}

void
rb_fake_upstream_set_answer (RbFakeUpstream *self,
                             RbUpstreamCall  call,
                             GVariant       *answer)
{
  g_clear_pointer (&self->answers[call], g_variant_unref);
  self->answers[call] = g_variant_ref_sink (answer);
}

void
rb_fake_upstream_set_failure (RbFakeUpstream *self,
                              RbUpstreamCall  call,
                              GError         *error)
{
  g_clear_error (&self->failures[call]);
  self->failures[call] = error;
}

/* emitter */

static void emitter_module_init (RbModuleInterface *iface);
static void emitter_iface_init (RbEmitterInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbFakeEmitter, rb_fake_emitter, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, emitter_module_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_EMITTER, emitter_iface_init))

static void
emitter_module_init (RbModuleInterface *iface)
{
}

static gboolean
fake_is_authority (RbEmitter *emitter)
{
  return RB_FAKE_EMITTER (emitter)->is_authority;
}

static void
fake_emit_async (RbEmitter           *emitter,
                 RbEvent             *event,
                 GCancellable        *cancellable,
                 GAsyncReadyCallback  callback,
                 gpointer             user_data)
{
  RbFakeEmitter *self = RB_FAKE_EMITTER (emitter);
  g_autoptr(GTask) task = g_task_new (emitter, cancellable, callback, user_data);

  g_ptr_array_add (self->events, rb_event_ref (event));
  if (self->heard != NULL)
    self->heard (event, self->heard_data);
  if (self->hold)
    g_ptr_array_add (self->waiting, g_steal_pointer (&task));
  else if (self->failure != NULL)
    g_task_return_error (task, g_error_copy (self->failure));
  else
    g_task_return_boolean (task, TRUE);
}

static gboolean
fake_emit_finish (RbEmitter     *emitter,
                  GAsyncResult  *result,
                  GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
emitter_iface_init (RbEmitterInterface *iface)
{
  iface->is_authority = fake_is_authority;
  iface->emit_async = fake_emit_async;
  iface->emit_finish = fake_emit_finish;
}

static void
rb_fake_emitter_finalize (GObject *object)
{
  RbFakeEmitter *self = RB_FAKE_EMITTER (object);

  g_ptr_array_unref (self->events);
  g_ptr_array_unref (self->waiting);
  g_clear_error (&self->failure);
  G_OBJECT_CLASS (rb_fake_emitter_parent_class)->finalize (object);
}

static void
rb_fake_emitter_class_init (RbFakeEmitterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rb_fake_emitter_finalize;
}

static void
rb_fake_emitter_init (RbFakeEmitter *self)
{
  self->events = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_event_unref);
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
}

RbFakeEmitter *
rb_fake_emitter_new (gboolean is_authority)
{
  RbFakeEmitter *self = g_object_new (RB_TYPE_FAKE_EMITTER, NULL);

  self->is_authority = is_authority;
  return self;
}

static gboolean
has_text (RbFakeEmitter *self,
          guint          i,
          const char    *text)
{
  gsize size;
  const char *data = g_bytes_get_data (rb_event_get_payload (g_ptr_array_index (self->events, i)), &size);

  return g_strstr_len (data, size, text) != NULL;
}

guint
rb_fake_emitter_count (RbFakeEmitter *self,
                       const char    *text)
{
  guint n = 0;

  for (guint i = 0; i < self->events->len; i++)
    n += has_text (self, i, text) ? 1 : 0;
  return n;
}

static void
answer_emit (GTask        *task,
             const GError *error)
{
  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_boolean (task, TRUE);
}

void
rb_fake_emitter_answer_one (RbFakeEmitter *self,
                            guint          i,
                            const GError  *error)
{
  g_autoptr(GTask) task = g_ptr_array_steal_index (self->waiting, i);

  answer_emit (task, error);
}

void
rb_fake_emitter_answer (RbFakeEmitter *self,
                        const GError  *error)
{
  g_autoptr(GPtrArray) waiting = g_steal_pointer (&self->waiting);

  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < waiting->len; i++)
    answer_emit (g_ptr_array_index (waiting, i), error);
}

char *
rb_fake_emitter_member (RbFakeEmitter *self,
                        const char    *text,
                        const char    *member)
{
  for (guint i = self->events->len; i-- > 0;)
    {
      g_autoptr(RbJson) json = NULL;
      g_autoptr(GBytes) slice = NULL;

      if (!has_text (self, i, text))
        continue;

      json = rb_json_parse_object (rb_event_get_payload (g_ptr_array_index (self->events, i)), 0, NULL);
      g_assert_nonnull (json);
      slice = rb_json_dup_slice (json, member);
      return slice != NULL ? g_strndup (g_bytes_get_data (slice, NULL), g_bytes_get_size (slice)) : NULL;
    }
  g_assert_not_reached ();
}
