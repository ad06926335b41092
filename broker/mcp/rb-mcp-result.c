/* rb-mcp-result.c: what a tool says, and what it says when something went wrong (no effects)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-result.h"

#include "rb-error.h"
#include "rb-json-writer.h"

#include <gio/gio.h>
#include <string.h>

/* By the wire's code (protocol.md, Appendix A), where there is more to say than by ours. */
static const struct {
  const char *reason;
  const char *advice;
} advices[] = {
  { "broker_not_running", "Start the broker (runtime-brokerd, or without --no-start it is started for you), then call again." },
  { "broker_start_failed", "Ask the person to run 'brokerctl doctor', which says what is missing." },
  { "broker_start_timeout", "Call again in a while; 'brokerctl doctor' says what holds it up." },
  { "broker_did_not_answer", "It may have had its effect. Accept, progress and the reply to work may be called again with the same arguments; before "
                             "sending again, or answering an answer again, look with search_messages." },
  { "invalid_arguments", "Call again with arguments as in the tool's schema." },
  { "not_at_hand", "Only what wait_for_message or claim_message gave to this session can be worked on; list_inbox shows what can be claimed." },
  { "ambiguous_message", "Give more of the id." },
  { "already_ended", "Nothing is left to do for this message." },
  { "not_accepted_yet", "Call accept_message first." },
  { "already_accepted", "It is this session's to answer: use reply_message, settle_message or fail_message." },
  { "no_assignment", "It is an answer to something this session sent: reply to it or leave it." },
  { "runtime_assignment_unknown", "The broker has given it to somebody else, or it returned to the inbox because it was not accepted in time: see "
                                  "list_inbox, and claim_message." },
  { "runtime_assignment_in_progress", "This session works on it already." },
  { "runtime_self_claim_rejected", "Somebody else has it, or it is gone; list_inbox shows what can be claimed." },
  { "runtime_assignment_reply_idempotency_conflict", "This message was answered before, with other words; only the first answer was sent." },
  { "connector_send_outcome_unknown", "It may have been sent. Do not send it again before asking the recipient." },
  { "runtime_conversation_history_unsupported", "This network keeps no history; search_messages searches what this broker has seen." },
  { "not_offered_by_local", "The local network has no such service; search_messages searches what this broker has seen." },
};

const char *
rb_mcp_advice (const GError *error)
{
  const char *reason = rb_error_get_reason (error);

  for (gsize i = 0; reason != NULL && i < G_N_ELEMENTS (advices); i++)
    if (strcmp (advices[i].reason, reason) == 0)
      return advices[i].advice;
  if (error->domain != RB_ERROR)
    return "Call again; if it fails again, ask the person to run 'brokerctl doctor'.";

  switch ((RbError) error->code)
    {
    case RB_ERROR_INVALID:
    case RB_ERROR_UNPROCESSABLE:
    case RB_ERROR_TOO_LARGE:
      return "Change the arguments; the same call fails again.";
    case RB_ERROR_UNAUTHORIZED:
    case RB_ERROR_FORBIDDEN:
      return "This session may not do that.";
    case RB_ERROR_NOT_FOUND:
      return "Check the id: list_inbox, search_messages and list_endpoints show what there is.";
    case RB_ERROR_BAD_STATE:
      return "Look at the message with explain_message, which says where it is and what can be done.";
    case RB_ERROR_UNAVAILABLE:
    case RB_ERROR_TIMED_OUT:
      return "Nothing was lost; call again in a while.";
    case RB_ERROR_OUTCOME_UNKNOWN:
      return "It may or may not have happened. Look with search_messages before doing it again.";
    case RB_ERROR_NOT_SUPPORTED:
      return "This broker or its network does not offer that.";
    case RB_ERROR_REJECTED:
      return "The network refused it for good.";
    case RB_ERROR_CORRUPT:
    case RB_ERROR_INTERNAL:
    case RB_ERROR_N_CODES:
      break;
    }
  return "Ask the person to run 'brokerctl doctor'.";
}

static void
write_text (RbJsonWriter *writer,
            const char   *text)
{
  rb_json_writer_begin_array (writer, "content");
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "type", "text");
  rb_json_writer_string (writer, "text", text);
  rb_json_writer_end_object (writer);
  rb_json_writer_end_array (writer);
}

GBytes *
rb_mcp_result_new (GBytes *object)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  gsize size;
  const char *data = g_bytes_get_data (object, &size);
  g_autofree char *text = g_strndup (data, size);

  rb_json_writer_begin_object (writer, NULL);
  write_text (writer, text);
  rb_json_writer_slice (writer, "structuredContent", object);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

static const char *
get_code (const GError *error)
{
  const char *reason = rb_error_get_reason (error);

  if (reason != NULL)
    return reason;
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ? "cancelled" : "internal";
}

GBytes *
rb_mcp_result_new_error (const GError *error)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autofree char *text = g_strdup_printf ("%s: %s\nWhat to do: %s", get_code (error), error->message, rb_mcp_advice (error));

  rb_json_writer_begin_object (writer, NULL);
  write_text (writer, text);
  rb_json_writer_boolean (writer, "isError", TRUE);
  rb_json_writer_begin_object (writer, "_meta");
  rb_json_writer_begin_object (writer, "io.github.runtimebroker/error");
  rb_json_writer_string (writer, "code", get_code (error));
  rb_json_writer_string (writer, "message", error->message);
  rb_json_writer_end_object (writer);
  rb_json_writer_end_object (writer);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}
