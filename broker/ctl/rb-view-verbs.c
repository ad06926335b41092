/* rb-view-verbs.c: brokerctl status, list, inbox, assignments, outbox, dead-letters, modules: what there is
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-limits-view.h"
#include "rb-verb.h"
#include "rb-view.h"

#include <glib/gi18n.h>

static gboolean show_limits;

static const GOptionEntry status_options[] = {
  { "limits", 0, 0, G_OPTION_ARG_NONE, &show_limits, N_ ("Every limit: how full, how full it was, how often it was reached"), NULL },
  { NULL },
};

static const RbViewColumn endpoint_columns[] = {
  { { N_ ("NAME"), 8 }, "session_name", "label" },
  { { N_ ("STATE"), 0 }, "state" },
  { { N_ ("FOR"), 0 }, "state_since", NULL, TRUE },
  { { N_ ("KIND"), 6 }, "kind" },
  { { N_ ("WAITING"), 0 }, "queued" },
  { { N_ ("PID"), 0 }, "plugin_pid" },
  { { N_ ("ENDPOINT"), 12 }, "endpoint_id" },
};

static const RbViewColumn inbox_columns[] = {
  { { N_ ("MESSAGE"), 10 }, "id" },
  { { N_ ("FROM"), 8 }, "sender_address" },
  { { N_ ("FOR"), 0 }, "since", "arrived_at", TRUE },
  { { N_ ("WHY"), 8 }, "reason" },
  { { N_ ("CONTENT"), 12 }, "preview" },
};

static const RbViewColumn assignment_columns[] = {
  { { N_ ("MESSAGE"), 10 }, "undispatched_id" },
  { { N_ ("ENDPOINT"), 10 }, "endpoint_id" },
  { { N_ ("STATE"), 0 }, "state" },
  { { N_ ("FOR"), 0 }, "assigned_at", NULL, TRUE },
  { { N_ ("DEADLINE"), 0 }, "acceptance_deadline", NULL, TRUE },
  { { N_ ("FROM"), 8 }, "sender_address" },
  { { N_ ("ASSIGNMENT"), 10 }, "assignment_id" },
};

static const RbViewColumn outbox_columns[] = {
  { { N_ ("ID"), 0 }, "id" },
  { { N_ ("EVENT"), 10 }, "kind" },
  { { N_ ("ABOUT"), 10 }, "subject" },
  { { N_ ("FOR"), 0 }, "created_at", NULL, TRUE },
  { { N_ ("TRIES"), 0 }, "attempts" },
  { { N_ ("WAITS FOR"), 8 }, "waits_for" },
  { { N_ ("LAST FAILURE"), 10 }, "last_failure" },
};

static const RbViewColumn dead_columns[] = {
  { { N_ ("ID"), 0 }, "id" },
  { { N_ ("EVENT"), 10 }, "kind" },
  { { N_ ("ABOUT"), 10 }, "subject" },
  { { N_ ("FROM"), 0 }, "created_at", NULL, TRUE },
  { { N_ ("STATUS"), 0 }, "status" },
  { { N_ ("WHY"), 10 }, "reason" },
};

static const RbViewColumn module_columns[] = {
  { { N_ ("NAME"), 8 }, "name" },   { { N_ ("KIND"), 0 }, "kind" },         { { N_ ("STATE"), 0 }, "state" },
  { { N_ ("VERSION"), 0 }, "version" }, { { N_ ("DETAIL"), 12 }, "reason", "summary" },
};

static RbExitCode
show_table (RbCtl              *ctl,
            const char         *view_name,
            const RbViewColumn *columns,
            guint               n_columns,
            const char         *nothing)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) view = rb_ctl_view (ctl, view_name, &error);

  if (view == NULL)
    return rb_ctl_fail (error);
  rb_view_print_table (ctl, view, columns, n_columns, nothing);
  return RB_EXIT_OK;
}

static RbExitCode
run_list (RbCtl             *ctl,
          const char *const *args)
{
  return show_table (ctl, "endpoints", endpoint_columns, G_N_ELEMENTS (endpoint_columns), _ ("no endpoint is registered\n"));
}

static RbExitCode
run_inbox (RbCtl             *ctl,
           const char *const *args)
{
  return show_table (ctl, "inbox", inbox_columns, G_N_ELEMENTS (inbox_columns), _ ("the inbox is empty\n"));
}

static RbExitCode
run_assignments (RbCtl             *ctl,
                 const char *const *args)
{
  return show_table (ctl, "assignments", assignment_columns, G_N_ELEMENTS (assignment_columns), _ ("nothing is assigned\n"));
}

static RbExitCode
run_outbox (RbCtl             *ctl,
            const char *const *args)
{
  return show_table (ctl, "outbox", outbox_columns, G_N_ELEMENTS (outbox_columns), _ ("the upstream has heard everything\n"));
}

static RbExitCode
run_dead_letters (RbCtl             *ctl,
                  const char *const *args)
{
  return show_table (ctl, "dead-letters", dead_columns, G_N_ELEMENTS (dead_columns), _ ("nothing was refused\n"));
}

static RbExitCode
run_modules (RbCtl             *ctl,
             const char *const *args)
{
  return show_table (ctl, "modules", module_columns, G_N_ELEMENTS (module_columns), _ ("no module is loaded\n"));
}

static void
print_line (RbCtl      *ctl,
            const char *title,
            const char *value)
{
  g_autofree char *escaped = rb_terminal_escape (value);
  g_autofree char *padded = rb_terminal_pad (*title != '\0' ? _ (title) : "", 13);
  g_autofree char *line = g_strdup_printf ("%s %s", padded, escaped);
  g_autofree char *wrapped = rb_terminal_wrap (line, ctl->terminal.columns, 14);

  rb_ctl_print (ctl, "%s\n", wrapped);
}

static char *
join_numbers (const RbJson *object)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < rb_json_get_length (object); i++)
    {
      g_autofree char *name = rb_json_dup_member_name (object, i);
      g_autofree char *value = name != NULL ? rb_view_dup_text (object, name) : NULL;

      if (value != NULL && !g_str_equal (value, "0"))
        g_string_append_printf (text, "%s%s %s", text->len > 0 ? ", " : "", value, g_strdelimit (name, "_", ' '));
    }
  return g_string_free (text, FALSE);
}

static void
print_limits (RbCtl        *ctl,
              const RbJson *status)
{
  g_auto(GStrv) nearly = rb_limits_view_nearly (status);
  g_autofree char *recent = rb_limits_view_recent (status, g_get_real_time () / 1000);

  for (guint i = 0; nearly[i] != NULL; i++)
    print_line (ctl, N_ ("limit"), nearly[i]);
  if (recent != NULL)
    print_line (ctl, N_ ("limits"), recent);
}

/* "offline (starting) for 12 s: connection refused" */
static char *
describe_network (const RbJson *status)
{
  g_autofree char *presence = rb_view_dup_text (status, "presence");
  g_autofree char *reason = rb_view_dup_text (status, "presence_reason");
  g_autofree char *since = rb_view_dup_text (status, "presence_since");
  g_autofree char *link_error = rb_view_dup_text (status, "link_error");
  g_autofree char *age = rb_view_dup_age (since, g_get_real_time () / 1000);
  GString *text = g_string_new (presence != NULL ? presence : "-");

  if (reason != NULL)
    g_string_append_printf (text, " (%s)", reason);
  if (age != NULL && !rb_view_is_ahead (since, g_get_real_time () / 1000))
    {
      g_string_append_c (text, ' ');
      /* TRANSLATORS: %s: how long it has been so, "12 s" */
      g_string_append_printf (text, _ ("for %s"), age);
    }
  if (link_error != NULL)
    g_string_append_printf (text, ": %s", link_error);
  return g_string_free (text, FALSE);
}

/* Modules that run are no news. */
static void
print_module (RbCtl        *ctl,
              const RbJson *module)
{
  g_autofree char *kind = rb_view_dup_text (module, "kind");
  g_autofree char *name = rb_view_dup_text (module, "name");
  g_autofree char *state = rb_view_dup_text (module, "state");
  g_autofree char *reason = rb_view_dup_text (module, "reason");
  g_autofree char *text = NULL;

  if (kind == NULL || name == NULL || state == NULL || g_str_equal (state, "running"))
    return;
  text = g_strdup_printf ("%s '%s' (%s)%s%s", kind, name, state, reason != NULL ? ": " : "", reason != NULL ? reason : "");
  print_line (ctl, N_ ("module"), text);
}

static void
print_modules (RbCtl *ctl)
{
  g_autoptr(RbJson) modules = rb_ctl_view (ctl, "modules", NULL);

  if (modules == NULL || rb_json_get_root_type (modules) != RB_JSON_ARRAY)
    return;
  for (guint i = 0; i < rb_json_get_length (modules); i++)
    {
      g_autoptr(RbJson) module = rb_json_get_item_type (modules, i) == RB_JSON_OBJECT ? rb_json_open_item (modules, i, NULL) : NULL;

      if (module != NULL)
        print_module (ctl, module);
    }
}

/* Only when something does. */
static void
print_needs (RbCtl        *ctl,
             const RbJson *status)
{
  g_autofree char *number = rb_view_dup_text (status, "needs");
  g_autofree char *text = NULL;
  guint64 n;

  if (number == NULL || !g_ascii_string_to_unsigned (number, 10, 1, G_MAXUINT32, &n, NULL))
    return;
  /* TRANSLATORS: %u: how many */
  text = g_strdup_printf (ngettext ("%u thing needs you: brokerctl needs", "%u things need you: brokerctl needs", n), (guint) n);
  print_line (ctl, N_ ("needs"), text);
}

static void
print_status (RbCtl        *ctl,
              const RbJson *status)
{
  static const struct {
    const char *title;
    const char *member;
    gboolean    must;      /* shown also when there is none */
  } lines[] = { { N_ ("profile"), "profile", FALSE },        { N_ ("address"), "address", TRUE },   { N_ ("node"), "node_id", FALSE },
                { N_ ("endpoints"), "endpoints", TRUE },     { N_ ("channels"), "channels", TRUE }, { N_ ("inbox"), "inbox", TRUE },
                { N_ ("assignments"), "assignments", TRUE }, { N_ ("messages kept"), "messages", TRUE } };
  g_autofree char *refusal = rb_view_dup_text (status, "not_ready_reason");
  g_autofree char *ready = rb_view_dup_text (status, "ready");
  g_autofree char *network = describe_network (status);
  g_autoptr(RbJson) counters = NULL;

  print_line (ctl, N_ ("broker"), g_strcmp0 (ready, "true") == 0 ? _ ("ready") : refusal != NULL ? refusal : _ ("not ready"));
  print_line (ctl, N_ ("network"), network);
  print_needs (ctl, status);
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autofree char *value = rb_view_dup_text (status, lines[i].member);

      if (value != NULL || lines[i].must)
        print_line (ctl, lines[i].title, value != NULL ? value : "-");
    }
  if (rb_json_get_member_type (status, "counters") == RB_JSON_OBJECT)
    counters = rb_json_open (status, "counters", NULL);
  if (counters != NULL)
    {
      g_autofree char *text = join_numbers (counters);

      print_line (ctl, N_ ("since start"), *text != '\0' ? text : _ ("nothing yet"));
    }
  print_limits (ctl, status);
  print_modules (ctl);
}

static RbExitCode
run_status (RbCtl             *ctl,
            const char *const *args)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) status = rb_ctl_view (ctl, "status", &error);
  gboolean limits = show_limits;

  show_limits = FALSE;
  if (status == NULL)
    return rb_ctl_fail (error);
  if (limits)
    rb_limits_view_print (ctl, status);
  else if (ctl->json)
    rb_ctl_print_json (ctl, status);
  else if (rb_json_get_root_type (status) == RB_JSON_OBJECT)
    print_status (ctl, status);
  return RB_EXIT_OK;
}

const RbVerb rb_status_verb = {
  .name = "status",
  .summary = N_ ("Show how the broker is"),
  .usage = "[--limits]",
  .options = status_options,
  .run = run_status,
};

/* Verbs without arguments and options of their own. */
#define VIEW_VERB(ident, verb_name, verb_summary) \
  const RbVerb rb_##ident##_verb = { .name = verb_name, .summary = verb_summary, .usage = "", .run = run_##ident }

VIEW_VERB (list, "list", N_ ("List the endpoints"));
VIEW_VERB (inbox, "inbox", N_ ("List the messages that wait for a decision"));
VIEW_VERB (assignments, "assignments", N_ ("List the messages that endpoints work on"));
VIEW_VERB (outbox, "outbox", N_ ("List the events that the upstream is still to hear"));
VIEW_VERB (dead_letters, "dead-letters", N_ ("List the events that the upstream refused for good"));
VIEW_VERB (modules, "modules", N_ ("List the modules"));
