/* rb-send-verb.c: brokerctl send: one message, and perhaps its reply
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-input.h"
#include "rb-json-writer.h"
#include "rb-session.h"
#include "rb-verb.h"

#include <glib/gi18n.h>
#include <string.h>

static struct {
  char     *to;
  char     *metadata;
  char     *content_type;
  char     *name;
  gboolean  wait_reply;
  double    reply_timeout;
} wanted;

static const GOptionEntry options[] = {
  { "to", 0, 0, G_OPTION_ARG_STRING, &wanted.to, N_ ("Address of the receiver"), N_ ("ADDRESS") },
  { "wait-reply", 'w', 0, G_OPTION_ARG_NONE, &wanted.wait_reply, N_ ("Wait for the reply (at most SECONDS) and print it"),
    N_ ("[SECONDS]") },
  { "reply-timeout", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_DOUBLE, &wanted.reply_timeout, NULL, NULL },
  { "metadata", 'm', 0, G_OPTION_ARG_STRING, &wanted.metadata, N_ ("Metadata to send along, an object"), N_ ("JSON") },
  { "content-type", 0, 0, G_OPTION_ARG_STRING, &wanted.content_type, N_ ("Type of the content (text)"), N_ ("TYPE") },
  { "from-endpoint", 'n', 0, G_OPTION_ARG_STRING, &wanted.name, N_ ("Name of the endpoint that sends (brokerctl)"), N_ ("NAME") },
  { NULL },
};

static gboolean
fail_usage (GError    **error,
            const char *text)
{
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, text);
  return FALSE;
}

/* The words of the command line are the text, as with echo. */
static char *
get_text (const char *const *args,
          GError           **error)
{
  g_autofree char *text = NULL;

  if (g_str_equal (args[0], "-") && args[1] == NULL)
    return rb_input_read (error);
  text = g_strjoinv (" ", (char **) args);
  if (g_utf8_validate (text, -1, NULL))
    return g_steal_pointer (&text);
  rb_set_error (error, RB_ERROR_INVALID, "not_utf8", _ ("the text is not UTF-8"));
  return NULL;
}

static gboolean
check_options (RbJson **metadata,
               GError **error)
{
  g_autoptr(GBytes) text = NULL;

  if (wanted.to == NULL || *wanted.to == '\0')
    return fail_usage (error, _ ("send needs --to ADDRESS"));
  if (!(wanted.reply_timeout >= 0 && wanted.reply_timeout < 1e9))
    return fail_usage (error, _ ("--wait-reply must be a number of seconds"));
  if (wanted.metadata == NULL)
    return TRUE;
  text = g_bytes_new (wanted.metadata, strlen (wanted.metadata));
  *metadata = rb_json_parse_object (text, 0, error);
  if (*metadata == NULL)
    g_prefix_error (error, "--metadata: ");
  return *metadata != NULL;
}

static void
print_json (RbCtl                 *ctl,
            const RbReceipt       *receipt,
            RbClientMessage *reply)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autofree char *json = NULL;

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "message_id", receipt->message_id);
  rb_json_writer_string (writer, "status", receipt->status);
  if (reply != NULL)
    {
      rb_json_writer_begin_object (writer, "reply");
      rb_json_writer_string (writer, "message_id", reply->source_message_id);
      rb_json_writer_string (writer, "from", reply->from);
      rb_json_writer_string (writer, "content_type", reply->content_type);
      rb_json_writer_string (writer, "content", reply->content);
      rb_json_writer_slice (writer, "metadata", rb_json_get_text (reply->metadata));
      rb_json_writer_end_object (writer);
    }
  rb_json_writer_end_object (writer);
  json = rb_json_writer_end_text (writer);
  rb_ctl_print_json_text (ctl, json, -1);
}

/* Alone the receipt is the result; with a reply, that is, and the receipt a remark. */
static void
print_receipt (RbCtl           *ctl,
               const RbReceipt *receipt)
{
  g_autofree char *text = g_strdup_printf ("%s %s", receipt->status != NULL ? receipt->status : "sent",
                                           receipt->message_id != NULL ? receipt->message_id : "-");
  g_autofree char *escaped = rb_terminal_escape (text);

  if (wanted.wait_reply)
    rb_ctl_warn ("%s", text);
  else
    rb_ctl_print (ctl, "%s\n", escaped);
}

static RbExitCode
wait_reply (RbCtl           *ctl,
            RbSession       *session,
            const RbReceipt *receipt)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbClientMessage) reply = rb_session_wait_reply (session, (gint64) (wanted.reply_timeout * 1000), &error);

  if (reply == NULL)
    {
      if (ctl->json)
        print_json (ctl, receipt, NULL);
      return rb_ctl_fail (error);
    }
  if (ctl->json)
    print_json (ctl, receipt, reply);
  else if (isatty (STDOUT_FILENO))
    {
      g_autofree char *escaped = rb_terminal_escape_lines (reply->content);

      rb_ctl_print (ctl, "%s\n", escaped);
    }
  else
    rb_ctl_print (ctl, "%s\n", reply->content);
  return RB_EXIT_OK;
}

static RbExitCode
send_text (RbCtl        *ctl,
           const char   *text,
           const RbJson *metadata)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbSession) session = rb_session_new (ctl, wanted.name != NULL ? wanted.name : "brokerctl", &error);
  g_auto(RbReceipt) receipt = { 0 };

  if (session == NULL || !rb_session_send (session, wanted.to, text, wanted.content_type, metadata, &receipt, &error))
    return rb_ctl_fail (error);
  if (!ctl->json)
    print_receipt (ctl, &receipt);
  if (wanted.wait_reply)
    return wait_reply (ctl, session, &receipt);
  if (ctl->json)
    print_json (ctl, &receipt, NULL);
  return RB_EXIT_OK;
}

static RbExitCode
run_send (RbCtl             *ctl,
          const char *const *args)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) metadata = NULL;
  g_autofree char *text = NULL;

  wanted.wait_reply = wanted.wait_reply || wanted.reply_timeout > 0;
  if (!check_options (&metadata, &error))
    return rb_ctl_fail (error) == RB_EXIT_FAILED ? RB_EXIT_USAGE : rb_ctl_get_exit_code (error);
  text = get_text (args, &error);
  if (text == NULL)
    return rb_ctl_fail (error);
  rb_ctl_catch_signals (ctl);
  return send_text (ctl, text, metadata);
}

const RbVerb rb_send_verb = {
  .name = "send",
  .summary = N_ ("Send a message"),
  .usage = N_ ("--to ADDRESS TEXT|-"),
  .details = N_ ("'-' reads the text from standard input. Prints the message's id and whether it was delivered or stored."),
  .options = options,
  .min_args = 1,
  .max_args = -1,
  .starts = TRUE,
  .run = run_send,
};
