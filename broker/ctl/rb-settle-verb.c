/* rb-settle-verb.c: brokerctl settle: a person declares a message handled
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-json-writer.h"
#include "rb-pick.h"
#include "rb-session.h"
#include "rb-verb.h"

#include <glib/gi18n.h>

static gboolean
settle (RbCtl       *ctl,
        const char  *message_id,
        GError     **error)
{
  g_autoptr(RbSession) session = rb_session_new (ctl, "brokerctl", error);
  g_autoptr(GAsyncResult) result = NULL;

  if (session == NULL)
    return FALSE;
  rb_client_settle_async (ctl->client, rb_session_get_endpoint (session), message_id, ctl->cancellable, rb_ctl_store_result, &result);
  return rb_client_settle_finish (ctl->client, rb_ctl_wait (&result), error);
}

static void
print_done (RbCtl      *ctl,
            const char *message_id)
{
  g_autofree char *escaped = rb_terminal_escape (message_id);
  g_autofree char *json = NULL;
  RbJsonWriter *writer;

  if (!ctl->json)
    {
      /* TRANSLATORS: %s: the id of a message */
      rb_ctl_print (ctl, _ ("%s is handled, without a reply\n"), escaped);
      return;
    }
  writer = rb_json_writer_new ();
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "undispatched_id", message_id);
  rb_json_writer_boolean (writer, "settled", TRUE);
  rb_json_writer_end_object (writer);
  json = rb_json_writer_end_text (writer);
  rb_ctl_print_json_text (ctl, json, -1);
}

static RbExitCode
run_settle (RbCtl             *ctl,
            const char *const *args)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *message_id = rb_pick_waiting (ctl, args[0], &error);

  if (message_id == NULL || !settle (ctl, message_id, &error))
    return rb_ctl_fail (error);
  print_done (ctl, message_id);
  return RB_EXIT_OK;
}

const RbVerb rb_settle_verb = {
  .name = "settle",
  .summary = N_ ("Declare a message of the inbox handled, without a reply"),
  .usage = N_ ("MESSAGE"),
  .details = N_ ("It leaves the inbox, and the network is told. MESSAGE may be shortened to any beginning that fits only one. What an endpoint has in "
                 "hand only that endpoint can settle."),
  .min_args = 1,
  .max_args = 1,
  .completes = "message",
  .run = run_settle,
};
