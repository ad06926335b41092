/* rb-client-message.c: one message as it reached this adapter
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-message-private.h"

static void
assignment_free (RbClientAssignment *self)
{
  g_free (self->undispatched_id);
  g_free (self->source_message_id);
  g_free (self->assignment_id);
  g_clear_pointer (&self->target, rb_target_free);
  g_free (self->delivery_intent);
  g_free (self->reply_correlation_id);
  g_free (self->original_trace_id);
  g_free (self);
}

/**
 * RbClientMessage:
 *
 * One message as it reached this adapter. It never changes.
 *
 * A message with an [property@Rb.ClientMessage:assignment-id] is work: somebody
 * waits for its outcome, so it is accepted, started, and then replied to or
 * failed ([method@Rb.Client.report_async], [method@Rb.Client.reply_async]).
 * One without is just said to us. [method@Rb.Client.answer_async] answers both.
 *
 * Source: sections 5.4 and 11.3 of the broker's protocol.
 */
G_DEFINE_FINAL_TYPE (RbClientMessage, rb_client_message, G_TYPE_OBJECT)

enum {
  PROP_0, PROP_ID, PROP_SENDER, PROP_CONTENT, PROP_CONTENT_TYPE, PROP_ENDPOINT_ID, PROP_ASSIGNMENT_ID, PROP_UNDISPATCHED_ID,
  PROP_DELIVERY_INTENT, PROP_REPLY_CORRELATION_ID, PROP_TRACE_ID, PROP_METADATA, N_PROPS,
};
static GParamSpec *properties[N_PROPS];

static const char *(*const getters[N_PROPS]) (RbClientMessage *self) = {
  [PROP_ID] = rb_client_message_get_id,
  [PROP_SENDER] = rb_client_message_get_sender,
  [PROP_CONTENT] = rb_client_message_get_content,
  [PROP_CONTENT_TYPE] = rb_client_message_get_content_type,
  [PROP_ENDPOINT_ID] = rb_client_message_get_endpoint_id,
  [PROP_ASSIGNMENT_ID] = rb_client_message_get_assignment_id,
  [PROP_UNDISPATCHED_ID] = rb_client_message_get_undispatched_id,
  [PROP_DELIVERY_INTENT] = rb_client_message_get_delivery_intent,
  [PROP_REPLY_CORRELATION_ID] = rb_client_message_get_reply_correlation_id,
  [PROP_TRACE_ID] = rb_client_message_get_trace_id,
};

static void
rb_client_message_get_property (GObject    *object,
                                guint       id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  RbClientMessage *self = RB_CLIENT_MESSAGE (object);

  if (id == PROP_METADATA)
    g_value_take_string (value, rb_client_message_dup_metadata (self));
  else if (id < N_PROPS)
    g_value_set_string (value, getters[id] (self));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
rb_client_message_finalize (GObject *object)
{
  RbClientMessage *self = RB_CLIENT_MESSAGE (object);

  g_free (self->push_id);
  g_free (self->endpoint_id);
  g_free (self->from);
  g_free (self->content);
  g_free (self->content_type);
  g_clear_pointer (&self->metadata, rb_json_unref);
  g_free (self->source_message_id);
  g_clear_pointer (&self->assignment, assignment_free);
  G_OBJECT_CLASS (rb_client_message_parent_class)->finalize (object);
}

static GParamSpec *
text (const char *name)
{
  return g_param_spec_string (name, NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static void
rb_client_message_class_init (RbClientMessageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = rb_client_message_get_property;
  object_class->finalize = rb_client_message_finalize;

  /**
   * RbClientMessage:id: (getter get_id)
   *
   * The network's id of the message; %NULL: it has none. The same message may
   * come twice, and then has the same id.
   */
  properties[PROP_ID] = text ("id");
  /**
   * RbClientMessage:sender: (getter get_sender)
   *
   * The address of who sent it, such as `anna@local`.
   */
  properties[PROP_SENDER] = text ("sender");
  /**
   * RbClientMessage:content: (getter get_content)
   *
   * The text. U+0000, which C strings cannot hold, became U+FFFD.
   */
  properties[PROP_CONTENT] = text ("content");
  /**
   * RbClientMessage:content-type: (getter get_content_type)
   *
   * What the text is: `text`, `markdown`, `json`, ...
   */
  properties[PROP_CONTENT_TYPE] = text ("content-type");
  /**
   * RbClientMessage:endpoint-id: (getter get_endpoint_id)
   *
   * The id of the endpoint that it is for; %NULL: the broker did not say.
   */
  properties[PROP_ENDPOINT_ID] = text ("endpoint-id");
  /**
   * RbClientMessage:assignment-id: (getter get_assignment_id)
   *
   * The id of the assignment, when the message is work; else %NULL.
   */
  properties[PROP_ASSIGNMENT_ID] = text ("assignment-id");
  /**
   * RbClientMessage:undispatched-id: (getter get_undispatched_id)
   *
   * The id under which the message of an assignment waited in the inbox; else
   * %NULL.
   */
  properties[PROP_UNDISPATCHED_ID] = text ("undispatched-id");
  /**
   * RbClientMessage:delivery-intent: (getter get_delivery_intent)
   *
   * Why an assignment came here, such as `external_handoff`; %NULL: not told.
   */
  properties[PROP_DELIVERY_INTENT] = text ("delivery-intent");
  /**
   * RbClientMessage:reply-correlation-id: (getter get_reply_correlation_id)
   *
   * The conversation that an assignment's reply goes to; %NULL: none.
   */
  properties[PROP_REPLY_CORRELATION_ID] = text ("reply-correlation-id");
  /**
   * RbClientMessage:trace-id: (getter get_trace_id)
   *
   * The trace that an assignment belongs to; %NULL: none.
   */
  properties[PROP_TRACE_ID] = text ("trace-id");
  /**
   * RbClientMessage:metadata: (getter dup_metadata)
   *
   * What came along with the text: a JSON object, as text.
   */
  properties[PROP_METADATA] = text ("metadata");
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
rb_client_message_init (RbClientMessage *self)
{
}

/**
 * rb_client_message_get_id: (get-property id)
 * @self: a message
 *
 * The network's id of the message; %NULL: it has none. The same message may
 * come twice, and then has the same id.
 *
 * Returns: (transfer none) (nullable): the value
 */
const char *
rb_client_message_get_id (RbClientMessage *self)
{
  g_return_val_if_fail (RB_IS_CLIENT_MESSAGE (self), NULL);

  return self->source_message_id;
}

/**
 * rb_client_message_get_sender: (get-property sender)
 * @self: a message
 *
 * The address of who sent it, such as `anna@local`.
 *
 * Returns: (transfer none): the value
 */
const char *
rb_client_message_get_sender (RbClientMessage *self)
{
  g_return_val_if_fail (RB_IS_CLIENT_MESSAGE (self), NULL);

  return self->from;
}

/**
 * rb_client_message_get_content: (get-property content)
 * @self: a message
 *
 * The text. U+0000, which C strings cannot hold, became U+FFFD.
 *
 * Returns: (transfer none): the value
 */
const char *
rb_client_message_get_content (RbClientMessage *self)
{
  g_return_val_if_fail (RB_IS_CLIENT_MESSAGE (self), NULL);

  return self->content;
}

/**
 * rb_client_message_get_content_type: (get-property content-type)
 * @self: a message
 *
 * What the text is: `text`, `markdown`, `json`, ...
 *
 * Returns: (transfer none): the value
 */
const char *
rb_client_message_get_content_type (RbClientMessage *self)
{
  g_return_val_if_fail (RB_IS_CLIENT_MESSAGE (self), NULL);

  return self->content_type;
}

/**
 * rb_client_message_get_endpoint_id: (get-property endpoint-id)
 * @self: a message
 *
 * The id of the endpoint that it is for; %NULL: the broker did not say.
 *
 * Returns: (transfer none) (nullable): the value
 */
const char *
rb_client_message_get_endpoint_id (RbClientMessage *self)
{
  g_return_val_if_fail (RB_IS_CLIENT_MESSAGE (self), NULL);

  return self->endpoint_id;
}

/**
 * rb_client_message_get_assignment_id: (get-property assignment-id)
 * @self: a message
 *
 * The id of the assignment, when the message is work; else %NULL.
 *
 * Returns: (transfer none) (nullable): the value
 */
const char *
rb_client_message_get_assignment_id (RbClientMessage *self)
{
  g_return_val_if_fail (RB_IS_CLIENT_MESSAGE (self), NULL);

  return self->assignment != NULL ? self->assignment->assignment_id : NULL;
}

/**
 * rb_client_message_get_undispatched_id: (get-property undispatched-id)
 * @self: a message
 *
 * The id under which the message of an assignment waited in the inbox; else
 * %NULL.
 *
 * Returns: (transfer none) (nullable): the value
 */
const char *
rb_client_message_get_undispatched_id (RbClientMessage *self)
{
  g_return_val_if_fail (RB_IS_CLIENT_MESSAGE (self), NULL);

  return self->assignment != NULL ? self->assignment->undispatched_id : NULL;
}

/**
 * rb_client_message_get_delivery_intent: (get-property delivery-intent)
 * @self: a message
 *
 * Why an assignment came here, such as `external_handoff`; %NULL: not told.
 *
 * Returns: (transfer none) (nullable): the value
 */
const char *
rb_client_message_get_delivery_intent (RbClientMessage *self)
{
  g_return_val_if_fail (RB_IS_CLIENT_MESSAGE (self), NULL);

  return self->assignment != NULL ? self->assignment->delivery_intent : NULL;
}

/**
 * rb_client_message_get_reply_correlation_id: (get-property reply-correlation-id)
 * @self: a message
 *
 * The conversation that an assignment's reply goes to; %NULL: none.
 *
 * Returns: (transfer none) (nullable): the value
 */
const char *
rb_client_message_get_reply_correlation_id (RbClientMessage *self)
{
  g_return_val_if_fail (RB_IS_CLIENT_MESSAGE (self), NULL);

  return self->assignment != NULL ? self->assignment->reply_correlation_id : NULL;
}

/**
 * rb_client_message_get_trace_id: (get-property trace-id)
 * @self: a message
 *
 * The trace that an assignment belongs to; %NULL: none.
 *
 * Returns: (transfer none) (nullable): the value
 */
const char *
rb_client_message_get_trace_id (RbClientMessage *self)
{
  g_return_val_if_fail (RB_IS_CLIENT_MESSAGE (self), NULL);

  return self->assignment != NULL ? self->assignment->original_trace_id : NULL;
}

/**
 * rb_client_message_dup_metadata: (get-property metadata)
 * @self: a message
 *
 * What came along with the text, byte for byte as it was sent.
 *
 * Returns: (transfer full): a JSON object, as text; `{}` when nothing came
 */
char *
rb_client_message_dup_metadata (RbClientMessage *self)
{
  GBytes *json;

  g_return_val_if_fail (RB_IS_CLIENT_MESSAGE (self), NULL);

  json = rb_json_get_text (self->metadata);
  return g_strndup (g_bytes_get_data (json, NULL), g_bytes_get_size (json));
}

/**
 * rb_client_message_dup_metadata_member:
 * @self: a message
 * @name: a member of the metadata
 *
 * A text of the metadata, such as `correlation_id`.
 *
 * Returns: (transfer full) (nullable): the text; %NULL when it is absent, empty
 *   or of another type
 */
char *
rb_client_message_dup_metadata_member (RbClientMessage *self,
                                       const char      *name)
{
  g_autofree char *value = NULL;

  g_return_val_if_fail (RB_IS_CLIENT_MESSAGE (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  value = rb_json_peek_string (self->metadata, name);
  return value != NULL && *value != '\0' ? g_steal_pointer (&value) : NULL;
}
