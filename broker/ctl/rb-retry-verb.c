/* rb-retry-verb.c: brokerctl retry: a dead letter is sent again
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-json-writer.h"
#include "rb-verb.h"
#include "rb-view.h"

#include <glib/gi18n.h>

static gboolean retry_all;

static const GOptionEntry options[] = {
  { "all", 0, 0, G_OPTION_ARG_NONE, &retry_all, N_ ("All of them"), NULL },
  { NULL },
};

static GBytes *
make_body (gint64 id)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  if (id != 0)
    rb_json_writer_int (writer, "id", id);
  else
    rb_json_writer_boolean (writer, "all", TRUE);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

static RbExitCode
retry (RbCtl  *ctl,
       gint64  id)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) body = make_body (id);
  g_autoptr(RbJson) answer = rb_ctl_call (ctl, "POST", "/v1/operator/dead-letters/retry", body, &error);
  g_autofree char *n = answer != NULL ? rb_view_dup_text (answer, "retried") : NULL;

  if (answer == NULL)
    return rb_ctl_fail (error);
  if (ctl->json)
    rb_ctl_print_json (ctl, answer);
  else
    rb_ctl_print (ctl, _ ("sent again: %s\n"), n != NULL ? n : "-");
  return RB_EXIT_OK;
}

static RbExitCode
run_retry (RbCtl             *ctl,
           const char *const *args)
{
  gboolean all = retry_all;
  gint64 id = 0;

  retry_all = FALSE;
  if (all == (args[0] != NULL))
    {
      rb_ctl_warn (_ ("retry needs the id of a dead letter, or --all"));
      return RB_EXIT_USAGE;
    }
  if (!all && (!g_ascii_string_to_signed (args[0], 10, 1, G_MAXINT64, &id, NULL)))
    {
      rb_ctl_warn (_ ("'%s' is no id of a dead letter"), args[0]);
      return RB_EXIT_USAGE;
    }
  return retry (ctl, id);
}

const RbVerb rb_retry_verb = {
  .name = "retry",
  .summary = N_ ("Have a dead letter sent again"),
  .usage = N_ ("ID | --all"),
  .details = N_ ("ID is the number that dead-letters shows."),
  .options = options,
  .max_args = 1,
  .completes = "dead-letter",
  .run = run_retry,
};
