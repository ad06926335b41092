/* rb-policy-verb.c: brokerctl policy: what a person wants done with messages and with runtimes that the network starts
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-json-writer.h"
#include "rb-verb.h"
#include "rb-view.h"

#include <glib/gi18n.h>

static char *kind;
static char *note;

static const GOptionEntry options[] = {
  { "kind", 'k', 0, G_OPTION_ARG_STRING, &kind,
    N_ ("Of messages: targeted, correlated, unaddressed or type:PATTERN; of spawns: a pattern of the runtime's kind"), N_ ("KIND") },
  { "note", 'n', 0, G_OPTION_ARG_STRING, &note, N_ ("Why, for people"), N_ ("TEXT") },
  { NULL },
};

static const RbViewColumn columns[] = {
  { { N_ ("ID"), 0 }, "id" },
  { { N_ ("WHAT"), 0 }, "what" },
  { { N_ ("FROM"), 8 }, "sender" },
  { { N_ ("KIND"), 6 }, "kind" },
  { { N_ ("ACTION"), 0 }, "action" },
  { { N_ ("USED"), 0 }, "hits" },
  { { N_ ("MADE"), 0 }, "created_at", NULL, TRUE },
  { { N_ ("BY"), 0 }, "made_by" },
  { { N_ ("NOTE"), 8 }, "note" },
};

static RbExitCode
run_list (RbCtl *ctl)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) view = rb_ctl_view (ctl, "policy", &error);

  if (view == NULL)
    return rb_ctl_fail (error);
  rb_view_print_table (ctl, view, columns, G_N_ELEMENTS (columns), _ ("there is no rule: every message is accepted\n"));
  return RB_EXIT_OK;
}

/* The word says what it is about: no action is one of messages and of spawns. */
static const char *
what_of (const char *action)
{
  static const char *const of_messages[] = { "accept", "hold", "refuse", NULL };
  static const char *const of_spawns[] = { "allow", "ask", "deny", NULL };

  if (g_strv_contains (of_messages, action))
    return "message";
  return g_strv_contains (of_spawns, action) ? "spawn" : NULL;
}

static GBytes *
make_rule (const char *what,
           const char *sender,
           const char *action)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "what", what);
  rb_json_writer_string (writer, "sender", sender);
  rb_json_writer_string (writer, "action", action);
  if (kind != NULL)
    rb_json_writer_string (writer, "kind", kind);
  if (note != NULL)
    rb_json_writer_string (writer, "note", note);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

static RbExitCode
call (RbCtl      *ctl,
      const char *target,
      GBytes     *body,
      void      (*print) (RbCtl *ctl, const RbJson *answer))
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) answer = rb_ctl_call (ctl, "POST", target, body, &error);

  if (answer == NULL)
    return rb_ctl_fail (error);
  if (ctl->json)
    rb_ctl_print_json (ctl, answer);
  else if (print != NULL)
    print (ctl, answer);
  return RB_EXIT_OK;
}

/* NULL: there is none. */
static char *
dup_some (const RbJson *answer,
          const char   *member)
{
  gint64 n = 0;

  return rb_json_get_int (answer, member, &n, NULL) && n > 0 ? rb_view_dup_text (answer, member) : NULL;
}

/* And what of it is here already. */
static void
print_set (RbCtl        *ctl,
           const RbJson *answer)
{
  g_autofree char *id = rb_view_dup_text (answer, "id");
  g_autofree char *waiting = dup_some (answer, "waiting");
  g_autofree char *left = dup_some (answer, "left_in_inbox");

  rb_ctl_print (ctl, _ ("rule %s is set\n"), id);
  /* TRANSLATORS: a number of messages, and one of a rule. */
  if (waiting != NULL)
    rb_ctl_print (ctl, _ ("already here: %s; to have the rule decide on them: brokerctl policy apply %s\n"), waiting, id);
  /* TRANSLATORS: a number of messages. */
  if (left != NULL)
    rb_ctl_print (ctl, _ ("in the inbox, where they stay: %s; brokerctl settle ends one\n"), left);
}

static void
print_removed (RbCtl        *ctl,
               const RbJson *answer)
{
  rb_ctl_print (ctl, "%s", _ ("the rule is gone\n"));
}

static void
print_applied (RbCtl        *ctl,
               const RbJson *answer)
{
  g_autofree char *let_in = rb_view_dup_text (answer, "let_in");
  g_autofree char *refused = rb_view_dup_text (answer, "refused");
  g_autofree char *left = rb_view_dup_text (answer, "left_in_inbox");

  /* TRANSLATORS: numbers of messages. */
  rb_ctl_print (ctl, _ ("let in: %s, refused: %s, left in the inbox: %s\n"), let_in, refused, left);
}

static RbExitCode
run_set (RbCtl      *ctl,
         const char *action,
         const char *sender)
{
  const char *what = what_of (action);
  g_autoptr(GBytes) body = NULL;

  if (what == NULL)
    {
      rb_ctl_warn (_ ("'%s' is no action: accept, hold or refuse messages; allow, ask or deny spawns"), action);
      return RB_EXIT_USAGE;
    }
  body = make_rule (what, sender, action);
  return call (ctl, "/v1/operator/policy", body, print_set);
}

/* Removed or applied. */
static RbExitCode
run_on_rule (RbCtl      *ctl,
             const char *text,
             const char *target,
             void      (*print) (RbCtl *ctl, const RbJson *answer))
{
  RbJsonWriter *writer;
  g_autoptr(GBytes) body = NULL;
  gint64 id;

  if (!g_ascii_string_to_signed (text, 10, 1, G_MAXINT64, &id, NULL))
    {
      rb_ctl_warn (_ ("'%s' is no id of a rule"), text);
      return RB_EXIT_USAGE;
    }
  writer = rb_json_writer_new ();
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_int (writer, "id", id);
  rb_json_writer_end_object (writer);
  body = rb_json_writer_end (writer);
  return call (ctl, target, body, print);
}

static RbExitCode
choose (RbCtl             *ctl,
        const char *const *args)
{
  guint n = g_strv_length ((char **) args);

  if (n == 0 || (n == 1 && g_str_equal (args[0], "list")))
    return run_list (ctl);
  if (n == 3 && g_str_equal (args[0], "set"))
    return run_set (ctl, args[1], args[2]);
  if (n == 2 && g_str_equal (args[0], "remove"))
    return run_on_rule (ctl, args[1], "/v1/operator/policy/remove", print_removed);
  if (n == 2 && g_str_equal (args[0], "apply"))
    return run_on_rule (ctl, args[1], "/v1/operator/policy/apply", print_applied);
  rb_ctl_warn (_ ("policy is followed by nothing, by: set ACTION SENDER, or by: apply ID or remove ID"));
  return RB_EXIT_USAGE;
}

static RbExitCode
run_policy (RbCtl             *ctl,
            const char *const *args)
{
  RbExitCode code = choose (ctl, args);

  g_clear_pointer (&kind, g_free);
  g_clear_pointer (&note, g_free);
  return code;
}

const RbVerb rb_policy_verb = {
  .name = "policy",
  .summary = N_ ("Say what is done with messages, and with runtimes that the network starts"),
  .usage = N_ ("[list | set ACTION SENDER | apply ID | remove ID]"),
  .details = N_ ("ACTION for messages: accept, hold (until you say so: held, accept, refuse) or refuse; for spawns: allow, ask or deny. SENDER is an address, "
                 "or a pattern in which * is any characters. The rule that says most decides: an address before a pattern before *, then the "
                 "kind; the list is in that order. Without a rule messages are accepted, and spawns are what spawn.approval says. A rule decides on "
                 "what comes; apply has it decide on messages that are held or in the inbox already."),
  .options = options,
  .max_args = 3,
  .completes = "=list|set|apply|remove =accept|hold|refuse|allow|ask|deny none",
  .run = run_policy,
};
