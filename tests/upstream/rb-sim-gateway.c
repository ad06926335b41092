/* rb-sim-gateway.c: the Connector's side of the WebSocket, and everything that can go wrong on it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The link that registered last is where deliveries go; others are on their way in or out. A silent link is gone but for a
 * duplicate of its descriptor, which keeps the TCP connection open: nobody reads or answers on it. */
#include "config.h"

#include "rb-sim-gateway.h"

#include "rb-sim-frames.h"
#include "rb-sim-gateway-private.h"
#include "rb-sim-json.h"
#include "rb-sim-link.h"

#include <string.h>
#include <unistd.h>

#define PROTOCOL_VERSION 4
#define CLOSE_GOING_AWAY 1001
#define CLOSE_REPLACED 4001

typedef struct {
  RbSimGateway *gateway;
  GSource      *source;
  char         *frame;
} Late;

struct _RbSimGateway {
  RbSimRecord  *record;
  RbSimMailbox *mailbox;
  RbSimScript  *script;
  char         *token;
  char         *handle;
  GPtrArray    *links;          /* of RbSimLink, in the order they came */
  GArray       *silent;         /* of int: descriptors held open */
  GPtrArray    *late;           /* of Late */
  GHashTable   *ack_members;    /* name -> JSON text */
  guint         n_opened;
  guint         n_minted;
  gboolean      is_exclusive;
  gboolean      echoes;
  gboolean      ignores_gaps;
};

static void
late_free (gpointer data)
{
  Late *late = data;

  g_source_destroy (late->source);
  g_source_unref (late->source);
  g_free (late->frame);
  g_free (late);
}

static void
close_descriptor (gpointer data)
{
  close (*(int *) data);
}

/* Where deliveries go: NULL when nobody registered. */
static RbSimLink *
find_registered (RbSimGateway *self)
{
  for (guint i = self->links->len; i > 0; i--)
    if (rb_sim_link_is_registered (g_ptr_array_index (self->links, i - 1)))
      return g_ptr_array_index (self->links, i - 1);
  return NULL;
}

static RbSimLink *
find_current (RbSimGateway *self)
{
  RbSimLink *link = find_registered (self);

  for (guint i = self->links->len; link == NULL && i > 0; i--)
    if (rb_sim_link_is_open (g_ptr_array_index (self->links, i - 1)))
      link = g_ptr_array_index (self->links, i - 1);
  return link;
}

static void
say (RbSimLink  *link,
     JsonObject *frame)
{
  g_autofree char *text = rb_sim_json_to_text (frame);

  rb_sim_link_say (link, text);
}

/* Ends of a connection */

static void
silence_link (RbSimGateway *self,
              RbSimLink    *link)
{
  int fd = rb_sim_link_dup_descriptor (link);

  if (fd >= 0)
    g_array_append_val (self->silent, fd);
  g_ptr_array_remove (self->links, link);
}

static void
end_link (RbSimGateway *self,
          RbSimLink    *link,
          RbSimEnd      end,
          guint16       code,
          const char   *reason)
{
  switch (end)
    {
    case RB_SIM_END_CLOSE:
      rb_sim_link_close (link, code, reason);
      break;
    case RB_SIM_END_DROP:
      g_ptr_array_remove (self->links, link);
      break;
    case RB_SIM_END_SILENCE:
      silence_link (self, link);
      break;
    }
}

/* TRUE when the link came to its end here. */
static gboolean
ends_at (RbSimGateway *self,
         RbSimLink    *link,
         RbSimPoint    point)
{
  g_autoptr(RbSimEnding) ending = rb_sim_script_take_ending (self->script, point);

  if (ending == NULL)
    return FALSE;
  end_link (self, link, ending->end, ending->code, ending->reason);
  return TRUE;
}

/* What was not acknowledged yet, for one who asks. */
static void
replay_unacked (RbSimGateway *self,
                gint64        above)
{
  g_autoptr(GPtrArray) list = rb_sim_mailbox_list (self->mailbox, above);

  for (guint i = 0; i < list->len; i++)
    rb_sim_gateway_say_frame (self, ((RbSimMail *) g_ptr_array_index (list, i))->frame);
}

/* SEND_MESSAGE */

/* A message to our own agent is a message of its mailbox, and in an echoing world so is what anybody would answer. */
static void
loop_back (RbSimGateway *self,
           JsonObject   *sent)
{
  const char *to = rb_sim_json_string (sent, "to");
  const char *content = rb_sim_json_string (sent, "content");
  JsonObject *metadata = rb_sim_json_object (sent, "metadata");
  gboolean is_own = g_strcmp0 (to, self->handle) == 0;
  g_autofree char *text = NULL;

  if (to == NULL || content == NULL || (!is_own && !self->echoes))
    return;
  if (is_own)
    text = metadata != NULL ? rb_sim_json_to_text (metadata) : NULL;
  else
    text = rb_sim_frame_reply_metadata (metadata);
  rb_sim_gateway_say_frame (self, rb_sim_gateway_keep (self, is_own ? rb_sim_json_string (sent, "messageId") : NULL, to, content, text)->frame);
}

static gboolean
on_late (gpointer user_data)
{
  Late *late = user_data;
  RbSimGateway *self = late->gateway;
  RbSimLink *link = find_current (self);

  if (link != NULL)
    rb_sim_link_say (link, late->frame);
  g_ptr_array_remove (self->late, late);
  return G_SOURCE_REMOVE;
}

static void
say_later (RbSimGateway *self,
           JsonObject   *frame,
           guint         delay_ms)
{
  Late *late = g_new0 (Late, 1);

  late->gateway = self;
  late->frame = rb_sim_json_to_text (frame);
  late->source = g_timeout_source_new (delay_ms);
  g_source_set_callback (late->source, on_late, late, NULL);
  g_source_attach (late->source, g_main_context_get_thread_default ());
  g_ptr_array_add (self->late, late);
}

static void
answer_send (RbSimGateway          *self,
             RbSimLink             *link,
             JsonObject            *sent,
             const RbSimSendAnswer *answer)
{
  g_autoptr(JsonObject) delivered = rb_sim_frame_send_ack (sent, "delivered");
  g_autoptr(JsonObject) stored = rb_sim_frame_send_ack (sent, "stored");
  g_autoptr(JsonObject) bare = rb_sim_frame_send_ack (sent, NULL);
  g_autoptr(JsonObject) error = rb_sim_frame_error (sent, answer);

  switch (answer->how)
    {
    case RB_SIM_SEND_DELIVERED:
      say (link, delivered);
      break;
    case RB_SIM_SEND_STORED:
      say (link, stored);
      break;
    case RB_SIM_SEND_NO_STATUS:
      say (link, bare);
      break;
    case RB_SIM_SEND_NEVER:
      break;
    case RB_SIM_SEND_LATE:
      say_later (self, delivered, answer->delay_ms);
      break;
    case RB_SIM_SEND_ERROR:
    case RB_SIM_SEND_ERROR_NO_ID:
      say (link, error);
      break;
    case RB_SIM_SEND_CLOSE:
      end_link (self, link, RB_SIM_END_CLOSE, CLOSE_GOING_AWAY, "going away");
      break;
    case RB_SIM_SEND_DROP:
      end_link (self, link, RB_SIM_END_DROP, 0, NULL);
      break;
    }
}

static void
on_send_message (RbSimGateway *self,
                 RbSimLink    *link,
                 JsonObject   *frame,
                 const char   *text)
{
  const RbSimSendAnswer plain = { .how = RB_SIM_SEND_DELIVERED };
  g_autoptr(RbSimSendAnswer) answer = rb_sim_script_take_answer (self->script, text);
  gboolean is_refused = answer != NULL && (answer->how == RB_SIM_SEND_ERROR || answer->how == RB_SIM_SEND_ERROR_NO_ID);

  rb_sim_frame_check_sent (frame, self->record);
  if (!rb_sim_link_is_registered (link))
    rb_sim_record_object (self->record, "send/registered", "SEND_MESSAGE before REGISTER_ACK");
  answer_send (self, link, frame, answer != NULL ? answer : &plain);
  if (!is_refused)
    loop_back (self, frame);
}

/* REGISTER */

static void
refuse_register (RbSimLink  *link,
                 const char *reason)
{
  g_autoptr(JsonObject) ack = rb_sim_json_new ("event", "REGISTER_ACK", "status", "error", "reason", reason, NULL);

  say (link, ack);
}

/* NULL when it may register. */
static char *
find_refusal (RbSimGateway *self,
              JsonObject   *frame)
{
  char *reason = rb_sim_script_take_refusal (self->script);

  if (reason != NULL)
    return reason;
  if (rb_sim_json_int (frame, "protocolVersion", 0) != PROTOCOL_VERSION)
    return g_strdup ("Unsupported protocol version");
  if (g_strcmp0 (rb_sim_json_string (frame, "token"), self->token) != 0)
    return g_strdup ("Invalid token");
  if (self->is_exclusive && find_registered (self) != NULL)
    return g_strdup ("Already connected");
  return NULL;
}

static void
replace_others (RbSimGateway *self,
                RbSimLink    *link)
{
  for (guint i = 0; i < self->links->len; i++)
    {
      RbSimLink *other = g_ptr_array_index (self->links, i);

      if (other != link && rb_sim_link_is_registered (other))
        rb_sim_link_close (other, CLOSE_REPLACED, "Replaced by new Runtime");
    }
}

static void
say_registered (RbSimGateway *self,
                RbSimLink    *link)
{
  g_autoptr(JsonObject) ack = rb_sim_json_new ("event", "REGISTER_ACK", "status", "ok", NULL);
  g_autoptr(JsonObject) agent = rb_sim_json_new ("handle", self->handle, "name", "Simulated agent", NULL);
  g_autoptr(JsonObject) owner = rb_sim_json_new ("handle", "owner@sim", "displayName", "Simulated owner", NULL);
  GHashTableIter iter;
  gpointer name;
  gpointer json;

  json_object_set_int_member (ack, "protocolVersion", PROTOCOL_VERSION);
  json_object_set_object_member (ack, "agent", g_steal_pointer (&agent));
  json_object_set_object_member (ack, "owner", g_steal_pointer (&owner));
  json_object_set_int_member (ack, "deliverySeq", rb_sim_mailbox_get_acked (self->mailbox));
  g_hash_table_iter_init (&iter, self->ack_members);
  while (g_hash_table_iter_next (&iter, &name, &json))
    rb_sim_json_set (ack, name, json);
  say (link, ack);
}

static void
on_register (RbSimGateway *self,
             RbSimLink    *link,
             JsonObject   *frame)
{
  gint64 known = rb_sim_json_int (frame, "lastKnownSeq", -1);
  g_autofree char *reason = NULL;

  rb_sim_frame_check_register (frame, self->record);
  if (ends_at (self, link, RB_SIM_ON_REGISTER))
    return;
  reason = find_refusal (self, frame);
  if (reason != NULL)
    {
      refuse_register (link, reason);
      return;
    }
  rb_sim_mailbox_catch_up (self->mailbox, known);
  replace_others (self, link);
  rb_sim_link_set_registered (link, TRUE);
  say_registered (self, link);
  if (!ends_at (self, link, RB_SIM_AFTER_ACK))
    replay_unacked (self, MAX (known, 0));
}

/* The other frames */

static void
on_delivery_ack (RbSimGateway *self,
                 JsonObject   *frame)
{
  gint64 up_to = rb_sim_json_int (frame, "upToSeq", -1);

  if (up_to < 0 || up_to > rb_sim_mailbox_get_last (self->mailbox))
    rb_sim_record_object (self->record, "delivery-ack/range", "upToSeq %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT, up_to,
                          rb_sim_mailbox_get_last (self->mailbox));
  else
    rb_sim_mailbox_ack (self->mailbox, up_to);
}

static void
on_text (RbSimLink  *link,
         const char *text,
         gpointer    user_data)
{
  RbSimGateway *self = user_data;
  g_autoptr(JsonObject) frame = rb_sim_json_parse (text);
  const char *event = rb_sim_json_string (frame, "event");

  if (event == NULL)
    rb_sim_record_object (self->record, "frame/json", "%s", text);
  else if (g_str_equal (event, "REGISTER"))
    on_register (self, link, frame);
  else if (g_str_equal (event, "SEND_MESSAGE"))
    on_send_message (self, link, frame, text);
  else if (g_str_equal (event, "DELIVERY_ACK"))
    on_delivery_ack (self, frame);
  else if (g_str_equal (event, "REQUEST_GAP_FILL") && !self->ignores_gaps)
    replay_unacked (self, rb_sim_json_int (frame, "sinceSeq", 0));
}

static void
on_gone (RbSimLink *link,
         gpointer   user_data)
{
  RbSimGateway *self = user_data;

  g_ptr_array_remove (self->links, link);
}

static const RbSimLinkCallbacks link_callbacks = { .on_text = on_text, .on_gone = on_gone };

RbSimGateway *
rb_sim_gateway_new (RbSimRecord *record,
                    const char  *token,
                    const char  *handle)
{
  RbSimGateway *self = g_new0 (RbSimGateway, 1);

  self->record = record;
  self->token = g_strdup (token);
  self->handle = g_strdup (handle);
  self->mailbox = rb_sim_mailbox_new ();
  self->script = rb_sim_script_new ();
  self->links = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_sim_link_free);
  self->silent = g_array_new (FALSE, FALSE, sizeof (int));
  g_array_set_clear_func (self->silent, close_descriptor);
  self->late = g_ptr_array_new_with_free_func (late_free);
  self->ack_members = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
rb_sim_gateway_free (RbSimGateway *self)
{
  g_ptr_array_unref (self->links);
  g_array_unref (self->silent);
  g_ptr_array_unref (self->late);
  g_hash_table_unref (self->ack_members);
  rb_sim_script_free (self->script);
  rb_sim_mailbox_free (self->mailbox);
  g_free (self->token);
  g_free (self->handle);
  g_free (self);
}

void
rb_sim_gateway_reset (RbSimGateway *self)
{
  rb_sim_gateway_drop_all (self);
  rb_sim_script_clear (self->script);
  rb_sim_mailbox_clear (self->mailbox);
  g_ptr_array_set_size (self->late, 0);
  g_hash_table_remove_all (self->ack_members);
  self->n_opened = 0;
  self->is_exclusive = FALSE;
  self->echoes = FALSE;
  self->ignores_gaps = FALSE;
}

void
rb_sim_gateway_accept (RbSimGateway *self,
                       RbSimWire    *wire,
                       const char   *key)
{
  RbSimLink *link = rb_sim_link_new (wire, key, self->record, &link_callbacks, self);

  self->n_opened++;
  g_ptr_array_add (self->links, link);
  ends_at (self, link, RB_SIM_AFTER_UPGRADE);
}

void
rb_sim_gateway_refuse (RbSimGateway *self,
                       const char   *reason,
                       guint         times)
{
  rb_sim_script_add_refusal (self->script, reason, times);
}

void
rb_sim_gateway_set_ack (RbSimGateway *self,
                        const char   *member,
                        const char   *json)
{
  if (json != NULL)
    g_hash_table_replace (self->ack_members, g_strdup (member), g_strdup (json));
  else
    g_hash_table_remove (self->ack_members, member);
}

void
rb_sim_gateway_end_at (RbSimGateway *self,
                       RbSimPoint    point,
                       RbSimEnd      end,
                       guint16       code,
                       const char   *reason,
                       guint         times)
{
  const RbSimEnding ending = { .point = point, .end = end, .code = code, .reason = (char *) reason, .times = times };

  rb_sim_script_add_ending (self->script, &ending);
}

void
rb_sim_gateway_set_exclusive (RbSimGateway *self,
                              gboolean      exclusive)
{
  self->is_exclusive = exclusive;
}

gboolean
rb_sim_gateway_is_registered (RbSimGateway *self)
{
  return find_registered (self) != NULL;
}

guint
rb_sim_gateway_count_open (RbSimGateway *self)
{
  guint n = 0;

  for (guint i = 0; i < self->links->len; i++)
    n += rb_sim_link_is_open (g_ptr_array_index (self->links, i));
  return n;
}

guint
rb_sim_gateway_count_opened (RbSimGateway *self)
{
  return self->n_opened;
}

void
rb_sim_gateway_answer_sends (RbSimGateway          *self,
                             const RbSimSendAnswer *answer)
{
  rb_sim_script_add_answer (self->script, answer);
}

void
rb_sim_gateway_set_echo (RbSimGateway *self,
                         gboolean      echo)
{
  self->echoes = echo;
}

void
rb_sim_gateway_set_gap_fill (RbSimGateway *self,
                             gboolean      answers)
{
  self->ignores_gaps = !answers;
}

void
rb_sim_gateway_say_frame (RbSimGateway *self,
                          JsonObject   *frame)
{
  RbSimLink *link = find_registered (self);

  if (link != NULL)
    say (link, frame);
}

RbSimMail *
rb_sim_gateway_keep (RbSimGateway *self,
                     const char   *id,
                     const char   *from,
                     const char   *content,
                     const char   *metadata)
{
  g_autofree char *minted = id == NULL ? g_strdup_printf ("msg-%u", ++self->n_minted) : NULL;
  g_autoptr(JsonObject) frame = rb_sim_frame_message (id != NULL ? id : minted, from, content, metadata);

  return rb_sim_mailbox_add (self->mailbox, frame);
}

gint64
rb_sim_gateway_get_acked (RbSimGateway *self)
{
  return rb_sim_mailbox_get_acked (self->mailbox);
}

RbSimMailbox *
rb_sim_gateway_get_mailbox (RbSimGateway *self)
{
  return self->mailbox;
}

gboolean
rb_sim_gateway_send_text (RbSimGateway *self,
                          const char   *text)
{
  RbSimLink *link = find_current (self);

  if (link != NULL)
    rb_sim_link_say (link, text);
  return link != NULL;
}

gboolean
rb_sim_gateway_send_binary (RbSimGateway *self,
                            GBytes       *bytes)
{
  RbSimLink *link = find_current (self);

  if (link != NULL)
    rb_sim_link_say_binary (link, bytes);
  return link != NULL;
}

gboolean
rb_sim_gateway_send_raw (RbSimGateway *self,
                         const void   *bytes,
                         gsize         size)
{
  RbSimLink *link = find_current (self);

  if (link != NULL)
    rb_sim_link_say_raw (link, bytes, size);
  return link != NULL;
}

gboolean
rb_sim_gateway_end (RbSimGateway *self,
                    RbSimEnd      end,
                    guint16       code,
                    const char   *reason)
{
  RbSimLink *link = find_current (self);

  if (link != NULL)
    end_link (self, link, end, code, reason);
  return link != NULL;
}

void
rb_sim_gateway_drop_all (RbSimGateway *self)
{
  g_ptr_array_set_size (self->links, 0);
  g_array_set_size (self->silent, 0);
}
