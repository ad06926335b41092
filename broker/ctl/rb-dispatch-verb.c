/* rb-dispatch-verb.c: brokerctl dispatch: a person gives a waiting message to an endpoint
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-dispatch-verb.h"

#include "rb-json-writer.h"
#include "rb-pick.h"
#include "rb-verb.h"

#include <glib/gi18n.h>

gboolean
rb_dispatch_verb_ask (RbCtl       *ctl,
                      const char  *message_id,
                      const char  *endpoint_id,
                      GError     **error)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autoptr(GBytes) body = NULL;
  g_autoptr(RbJson) answer = NULL;

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "undispatched_id", message_id);
  rb_json_writer_string (writer, "target_endpoint_id", endpoint_id);
  rb_json_writer_end_object (writer);
  body = rb_json_writer_end (writer);
  answer = rb_ctl_call (ctl, "POST", "/v1/operator/dispatch", body, error);
  return answer != NULL;
}

static void
print_done (RbCtl      *ctl,
            const char *message_id,
            const char *endpoint_id)
{
  RbJsonWriter *writer;
  g_autofree char *json = NULL;

  if (!ctl->json)
    {
      g_autofree char *text = g_strdup_printf (_ ("%s is with %s now"), message_id, endpoint_id);
      g_autofree char *escaped = rb_terminal_escape (text);

      rb_ctl_print (ctl, "%s\n", escaped);
      return;
    }
  writer = rb_json_writer_new ();
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "undispatched_id", message_id);
  rb_json_writer_string (writer, "endpoint_id", endpoint_id);
  rb_json_writer_end_object (writer);
  json = rb_json_writer_end_text (writer);
  rb_ctl_print_json_text (ctl, json, -1);
}

static RbExitCode
run_dispatch (RbCtl             *ctl,
              const char *const *args)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *message_id = rb_pick_waiting (ctl, args[0], &error);
  g_autofree char *endpoint_id = NULL;

  if (message_id == NULL)
    return rb_ctl_fail (error);
  endpoint_id = rb_pick_endpoint (ctl, args[1], &error);
  if (endpoint_id == NULL || !rb_dispatch_verb_ask (ctl, message_id, endpoint_id, &error))
    return rb_ctl_fail (error);
  print_done (ctl, message_id, endpoint_id);
  return RB_EXIT_OK;
}

const RbVerb rb_dispatch_verb = {
  .name = "dispatch",
  .summary = N_ ("Give a message of the inbox to an endpoint"),
  .usage = N_ ("MESSAGE ENDPOINT"),
  .details = N_ ("Both may be shortened to any beginning that fits only one; endpoints go by their name, too."),
  .min_args = 2,
  .max_args = 2,
  .completes = "message endpoint",
  .run = run_dispatch,
};
