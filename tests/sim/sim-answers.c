/* sim-answers.c: what adapters make of the answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-asks-private.h"

#include "rb-json.h"

#include <string.h>

static void
on_registered (const SimAsk *ask,
               const RbJson *answer)
{
  g_autofree char *id = rb_json_peek_string (answer, "endpoint_id");
  g_autofree char *token = rb_json_peek_string (answer, "endpoint_owner_token");

  sim_check (ask->asks->oracle, 6, id != NULL && token != NULL, "a registration is granted without an id or a token");
  sim_process_add (ask->process, id, token, ask->endpoint_kind);
  sim_oracle_registered (ask->asks->oracle, ask->process->pid, id, token);
}

static void
on_claimed (const SimAsk *ask,
            const RbJson *answer)
{
  g_autoptr(RbJson) assignment = rb_json_open (answer, "assignment", NULL);
  g_autofree char *id = assignment != NULL ? rb_json_peek_string (assignment, "assignmentId") : NULL;
  g_autofree char *source = assignment != NULL ? rb_json_peek_string (assignment, "sourceMessageId") : NULL;

  sim_check (ask->asks->oracle, 6, id != NULL && source != NULL, "a claim is granted without an assignment");
  sim_process_add_job (ask->process, source, id, ask->endpoint_id);
  sim_oracle_claimed (ask->asks->oracle, ask->process->pid, ask->endpoint_id, source, id);
}

static void
take_staged (const SimAsk *ask,
             const RbJson *item)
{
  g_autofree char *assignment_id = rb_json_peek_string (item, "assignment_id");
  g_autofree char *message_id = rb_json_peek_string (item, "source_message_id");

  sim_process_add_job (ask->process, message_id, assignment_id, ask->endpoint_id);
}

static void
on_staged (const SimAsk *ask,
           GBytes       *body)
{
  g_autofree char *text = g_strndup (g_bytes_get_data (body, NULL), g_bytes_get_size (body));

  /* As an adapter that knows its own broker's way of writing: the ids stand in one order. */
  for (const char *at = text; (at = strstr (at, "{\"endpoint_id\":")) != NULL; at++)
    {
      const char *end = strstr (at, ",\"message\":");
      g_autofree char *head = end != NULL ? g_strdup_printf ("%.*s}", (int) (end - at), at) : NULL;
      g_autoptr(GBytes) bytes = head != NULL ? g_bytes_new (head, strlen (head)) : NULL;
      g_autoptr(RbJson) item = bytes != NULL ? rb_json_parse_object (bytes, 0, NULL) : NULL;

      if (item != NULL)
        take_staged (ask, item);
    }
}

/* It has no more to say of it, though it may repeat itself. */
static void
end_job (const SimAsk *ask)
{
  SimJob *job = sim_process_find_job (ask->process, ask->assignment_id);

  if (job != NULL)
    job->is_over = TRUE;
}

static void
on_reported (const SimAsk *ask,
             gboolean      is_granted,
             const char   *code)
{
  SimJob *job = sim_process_find_job (ask->process, ask->assignment_id);

  if (job != NULL && g_strcmp0 (code, "runtime_assignment_unknown") == 0)
    job->is_over = TRUE;
  if (!is_granted)
    return;
  if (job != NULL && strcmp (ask->text, "adapter_accepted") == 0)
    job->is_accepted = TRUE;
  if (strcmp (ask->text, "processing_failed") == 0 || strcmp (ask->text, "expired") == 0)
    end_job (ask);
  sim_oracle_reported (ask->asks->oracle, ask->message_id, ask->assignment_id, ask->text);
}

void
sim_ask_granted (const SimAsk *ask,
                 GBytes       *body)
{
  g_autoptr(RbJson) answer = rb_json_parse_object (body, 0, NULL);
  g_autofree char *wire_id = rb_json_peek_string (answer, "messageId");

  switch (ask->kind)
    {
    case SIM_ASK_REGISTER:
      on_registered (ask, answer);
      break;
    case SIM_ASK_UNREGISTER:
      sim_process_remove (ask->process, ask->endpoint_id);
      sim_oracle_unregistered (ask->asks->oracle, ask->endpoint_id);
      break;
    case SIM_ASK_SEND:
      sim_oracle_has_sent (ask->asks->oracle, ask->endpoint_id, ask->text, wire_id);
      break;
    case SIM_ASK_REPORT:
      on_reported (ask, TRUE, NULL);
      break;
    case SIM_ASK_REPLY:
      end_job (ask);
      sim_oracle_replied (ask->asks->oracle, ask->message_id, ask->assignment_id, ask->request_id, wire_id, ask->text);
      break;
    case SIM_ASK_CLAIM:
      on_claimed (ask, answer);
      break;
    case SIM_ASK_STAGED:
      on_staged (ask, body);
      break;
    case SIM_ASK_SETTLE:
      sim_oracle_settled (ask->asks->oracle, ask->message_id);
      break;
    case SIM_ASK_STRANGE:
      sim_check (ask->asks->oracle, 8, !ask->was_there, "'%s' is granted to a stranger", ask->what);
      break;
    case SIM_ASK_EXPLAIN:
      sim_check (ask->asks->oracle, 1, rb_json_get_member_type (answer, "next") != RB_JSON_ABSENT ||
                 rb_json_get_member_type (answer, "reason") != RB_JSON_ABSENT || rb_json_get_member_type (answer, "ended") != RB_JSON_ABSENT,
                 "explain does not say what comes next for '%s', nor why it ended", ask->message_id);
      break;
    case SIM_ASK_REATTACH:
    case SIM_ASK_LIST:
    case SIM_ASK_DISPATCH:
    case SIM_ASK_OTHER:
      break;
    }
}

void
sim_ask_refused (const SimAsk *ask,
                 guint         status,
                 GBytes       *body)
{
  g_autoptr(RbJson) answer = rb_json_parse_object (body, 0, NULL);
  g_autofree char *code = answer != NULL ? rb_json_peek_string (answer, "code") : NULL;
  g_autofree char *error = answer != NULL ? rb_json_peek_string (answer, "error") : NULL;
  const char *said = code != NULL ? code : error;

  sim_trace (ask->asks->oracle, "broker", "refuses: %u %s", status, said);
  sim_check (ask->asks->oracle, 6, status < 500 || status == 503 || status == 502 || status == 504, "'%s' is answered %u %s", ask->what,
             status, said);
  sim_check (ask->asks->oracle, 6, !ask->asks->is_calm || g_strcmp0 (said, "request_timed_out") != 0, "nobody answers '%s'", ask->what);
  if (ask->process == NULL)
    return;
  if (ask->kind == SIM_ASK_REPORT)
    on_reported (ask, FALSE, said);
  if (g_strcmp0 (said, "endpoint_unknown") == 0 && ask->kind != SIM_ASK_STRANGE && ask->endpoint_id != NULL)
    sim_process_remove (ask->process, ask->endpoint_id);
}
