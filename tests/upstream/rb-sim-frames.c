/* rb-sim-frames.c: the frames that the gateway says
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sim-frames.h"

#include "rb-sim-json.h"

JsonObject *
rb_sim_frame_message (const char *id,
                      const char *from,
                      const char *content,
                      const char *metadata)
{
  JsonObject *frame = rb_sim_json_new ("event", "MESSAGE_RECEIVED", "from", from, "content", content, "contentType", "text", NULL);
  g_autoptr(GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *sent_at = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S.000Z");

  if (id != NULL)
    json_object_set_string_member (frame, "messageId", id);
  json_object_set_string_member (frame, "sentAt", sent_at);
  rb_sim_json_set (frame, "metadata", metadata != NULL ? metadata : "{}");
  return frame;
}

JsonObject *
rb_sim_frame_send_ack (JsonObject *sent,
                       const char *status)
{
  const char *id = rb_sim_json_string (sent, "messageId");
  JsonObject *ack = rb_sim_json_new ("event", "SEND_ACK", "messageId", id != NULL ? id : "", NULL);

  if (status != NULL)
    json_object_set_string_member (ack, "status", status);
  return ack;
}

JsonObject *
rb_sim_frame_error (JsonObject            *sent,
                    const RbSimSendAnswer *answer)
{
  const char *id = rb_sim_json_string (sent, "messageId");
  const char *to = rb_sim_json_string (sent, "to");
  JsonObject *frame = rb_sim_json_new ("event", "ERROR", "code", answer->code != NULL ? answer->code : "TARGET_NOT_FOUND",
                                       "message", answer->message != NULL ? answer->message : "no such agent", NULL);

  if (id != NULL && answer->how == RB_SIM_SEND_ERROR)
    json_object_set_string_member (frame, "messageId", id);
  if (to != NULL)
    json_object_set_string_member (frame, "to", to);
  return frame;
}

char *
rb_sim_frame_reply_metadata (JsonObject *sent)
{
  g_autoptr(JsonObject) metadata = json_object_new ();
  const char *correlation = rb_sim_json_string (sent, "correlation_id");
  const char *message_id = rb_sim_json_string (sent, "message_id");
  g_autofree char *own_id = g_uuid_string_random ();

  if (correlation != NULL)
    json_object_set_string_member (metadata, "correlation_id", correlation);
  if (message_id != NULL)
    json_object_set_string_member (metadata, "in_reply_to", message_id);
  json_object_set_string_member (metadata, "message_id", own_id);
  return rb_sim_json_to_text (metadata);
}

void
rb_sim_frame_check_register (JsonObject  *sent,
                             RbSimRecord *record)
{
  if (g_strcmp0 (rb_sim_json_string (sent, "clientKind"), "runtime-broker") != 0)
    rb_sim_record_object (record, "register-frame/fields", "clientKind is not 'runtime-broker'");
  if (rb_sim_json_string (sent, "clientVersion") == NULL)
    rb_sim_record_object (record, "register-frame/fields", "no clientVersion");
  if (json_object_has_member (sent, "lastKnownSeq") && !rb_sim_json_is_int (sent, "lastKnownSeq"))
    rb_sim_record_object (record, "register-frame/fields", "lastKnownSeq is no integer");
}

void
rb_sim_frame_check_sent (JsonObject  *sent,
                         RbSimRecord *record)
{
  static const char *const wanted[] = { "messageId", "to", "content", "contentType" };

  for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++)
    if (rb_sim_json_string (sent, wanted[i]) == NULL)
      rb_sim_record_object (record, "send/fields", "SEND_MESSAGE without '%s'", wanted[i]);
  if (json_object_has_member (sent, "metadata") && rb_sim_json_object (sent, "metadata") == NULL)
    rb_sim_record_object (record, "send/fields", "SEND_MESSAGE with metadata that is no object");
}
