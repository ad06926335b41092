/* test-policy.c: which rule of the policy decides, and which rules can be
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-policy.h"
#include "rb-test.h"

typedef struct {
  const char *sender, *kind, *action;
} Line;

static const RbPolicyRule *
set_rule (RbPolicy     *policy,
          RbPolicyWhat  what,
          const Line   *line)
{
  g_autoptr(RbChanges) changes = rb_changes_new ();
  g_autoptr(GError) error = NULL;
  RbPolicyRule *rule = rb_policy_rule_new (what, line->sender, line->kind, line->action, NULL, &error);
  const RbPolicyRule *entered;

  g_assert_no_error (error);
  entered = rb_policy_set (policy, rule, RB_POLICY_BY_PERSON, 5, changes, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rb_changes_get_n (changes), ==, 1);
  return entered;
}

/* From the one that is asked last to the one that is asked first: each decides on the message that all before it fit, too. */
static const Line message_order[] = {
  { "*", "*", "refuse" },
  { "*", "unaddressed", "hold" },
  { "*", "type:*", "accept" },
  { "*", "type:text/*", "hold" },
  { "*", "type:text/plain", "accept" },
  { "*e", "*", "refuse" },
  { "*example", "*", "accept" },
  { "*@example", "*", "hold" },
  { "*@example", "unaddressed", "refuse" },
  { "b*@example", "*", "accept" },
  { "bo*@example", "*", "hold" },
  { "bob@example", "*", "refuse" },
  { "bob@example", "unaddressed", "hold" },
  { "bob@example", "type:text/*", "accept" },
  { "bob@example", "type:text/plain", "refuse" },
};

static void
test_message_order (void)
{
  const RbPolicyMessage message = { "bob@example", "text/plain", FALSE, FALSE };
  g_autoptr(RbPolicy) policy = rb_policy_new (RB_POLICY_ASK);
  RbPolicyVerdict verdict = rb_policy_decide_message (policy, &message, 9);

  g_test_summary ("The sender decides first, address before pattern, longer pattern before shorter; then the kind likewise.");

  g_assert_cmpint (verdict.action, ==, RB_POLICY_ACCEPT);
  g_assert_null (verdict.rule);
  for (guint i = 0; i < G_N_ELEMENTS (message_order); i++)
    {
      const RbPolicyRule *rule = set_rule (policy, RB_POLICY_MESSAGE, &message_order[i]);

      g_test_message ("%s %s", message_order[i].sender, message_order[i].kind);
      verdict = rb_policy_decide_message (policy, &message, 9);
      g_assert_true (verdict.rule == rule);
      g_assert_cmpstr (rb_policy_action_to_string (verdict.action), ==, message_order[i].action);
    }
}

static void
test_message_order_backwards (void)
{
  const RbPolicyMessage message = { "bob@example", "text/plain", FALSE, FALSE };
  g_autoptr(RbPolicy) policy = rb_policy_new (RB_POLICY_ASK);
  const RbPolicyRule *first;
  guint n = G_N_ELEMENTS (message_order);

  g_test_summary ("It does not matter in which order the rules were made.");

  first = set_rule (policy, RB_POLICY_MESSAGE, &message_order[n - 1]);
  for (guint i = n - 1; i-- > 0;)
    {
      set_rule (policy, RB_POLICY_MESSAGE, &message_order[i]);
      g_assert_true (rb_policy_decide_message (policy, &message, 9).rule == first);
    }
  for (guint i = n; i-- > 0;)
    {
      RbPolicyVerdict verdict = rb_policy_decide_message (policy, &message, 9);
      g_autoptr(RbChanges) changes = rb_changes_new ();

      g_assert_cmpstr (verdict.rule->sender, ==, message_order[i].sender);
      g_assert_cmpstr (verdict.rule->kind, ==, message_order[i].kind);
      g_assert_true (rb_policy_remove (policy, verdict.rule->n, changes));
    }
  g_assert_cmpuint (rb_policy_get_n (policy), ==, 0);
}

/* Kinds of what is more than one: what it answers tells more than whom it names. */
static const struct {
  gboolean    is_targeted, is_correlated;
  const char *content_type, *kind;
} kinds[] = {
  { FALSE, FALSE, "a/b", "unaddressed" },   { TRUE, FALSE, "a/b", "targeted" },  { FALSE, TRUE, "a/b", "correlated" },
  { TRUE, TRUE, "a/b", "correlated" },      { TRUE, TRUE, "image/png", "type:image/*" }, { FALSE, FALSE, NULL, "unaddressed" },
};

static void
test_kinds (void)
{
  static const Line lines[] = {
    { "*", "*", "accept" }, { "*", "unaddressed", "hold" }, { "*", "targeted", "hold" }, { "*", "correlated", "hold" },
    { "*", "type:image/*", "hold" }, { "*", "type:image*jpeg", "refuse" },
  };
  g_autoptr(RbPolicy) policy = rb_policy_new (RB_POLICY_ASK);

  g_test_summary ("A message is of each kind that it is; the most telling one counts.");

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    set_rule (policy, RB_POLICY_MESSAGE, &lines[i]);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      RbPolicyMessage message = { "bob", kinds[i].content_type, kinds[i].is_targeted, kinds[i].is_correlated };

      g_assert_cmpstr (rb_policy_decide_message (policy, &message, 1).rule->kind, ==, kinds[i].kind);
    }
}

static void
test_ties (void)
{
  static const Line lines[] = {
    { "*b", "*", "accept" }, { "a*", "*", "refuse" }, { "*b*", "*", "hold" }, { "a*b", "type:*x", "accept" }, { "a*b", "type:x*", "accept" },
  };
  const RbPolicyMessage message = { "ab", "xx", FALSE, FALSE };
  g_autoptr(RbPolicy) policy = rb_policy_new (RB_POLICY_ASK);
  g_autoptr(RbChanges) changes = rb_changes_new ();

  g_test_summary ("Of two that tell as much the stricter one decides, then the older one.");

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    set_rule (policy, RB_POLICY_MESSAGE, &lines[i]);
  g_assert_cmpint (rb_policy_decide_message (policy, &message, 1).rule->n, ==, 4);
  rb_policy_remove (policy, 4, changes);
  g_assert_cmpint (rb_policy_decide_message (policy, &message, 1).rule->n, ==, 5);
  rb_policy_remove (policy, 5, changes);
  g_assert_cmpstr (rb_policy_decide_message (policy, &message, 1).rule->sender, ==, "a*");
  rb_policy_remove (policy, 2, changes);
  g_assert_cmpstr (rb_policy_decide_message (policy, &message, 1).rule->sender, ==, "*b*");
}

static const struct {
  const char *pattern, *text;
  gboolean    fits;
} patterns[] = {
  { "*", "", TRUE },          { "*", "x", TRUE },          { "**", "x", TRUE },        { "a", "a", TRUE },         { "a", "A", FALSE },
  { "a", "ab", FALSE },       { "a*", "a", TRUE },         { "a*", "ba", FALSE },      { "*a", "baa", TRUE },      { "*a", "ab", FALSE },
  { "*ab*", "aab", TRUE },    { "a*b*c", "abbc", TRUE },   { "a*b*c", "acb", FALSE },  { "*aab", "aaaab", TRUE },  { "?", "a", FALSE },
  { "[a]", "a", FALSE },      { "*@x", "bob@x", TRUE },    { "*@x", "bob@x.y", FALSE }, { "a*a", "a", FALSE },
};

static void
test_patterns (void)
{
  g_test_summary ("A star is any characters; nothing else is special.");

  for (guint i = 0; i < G_N_ELEMENTS (patterns); i++)
    {
      g_autoptr(RbPolicyRule) rule = rb_policy_rule_new (RB_POLICY_MESSAGE, patterns[i].pattern, "*", "hold", NULL, NULL);
      RbPolicyMessage message = { patterns[i].text, NULL, FALSE, FALSE };

      g_test_message ("'%s' on '%s'", patterns[i].pattern, patterns[i].text);
      g_assert_cmpint (rb_policy_rule_fits_message (rule, &message), ==, patterns[i].fits);
    }
}

static void
test_long_sender (void)
{
  g_autofree char *sender = g_strnfill (1000000, 'a');
  g_autoptr(RbPolicyRule) rule = rb_policy_rule_new (RB_POLICY_MESSAGE, "*a*a*a*a*a*a*b", "*", "refuse", NULL, NULL);
  RbPolicyMessage message = { sender, NULL, FALSE, FALSE };
  gint64 before = g_get_monotonic_time ();

  g_test_summary ("How long strangers make their address does not stop us: a million bytes are looked at in less than seconds.");

  g_assert_false (rb_policy_rule_fits_message (rule, &message));
  g_assert_cmpint (g_get_monotonic_time () - before, <, 20 * G_USEC_PER_SEC);
}

static const struct {
  Line        line;
  const char *sender, *kind, *action;
  gint64      n;
} spawns[] = {
  { { "*", "claude-*", "allow" }, "eve@b", "claude-code", "allow", 1 },
  { { "*", "codex", "deny" }, "eve@b", "codex", "deny", 2 },
  { { "bob@a", "*", "allow" }, "bob@a", "codex", "allow", 3 },
  { { "*@a", "*", "deny" }, "bob@a", "codex", "allow", 3 },
  { { "bob@a", "codex", "ask" }, "bob@a", "codex", "ask", 5 },
  { { "bob@a", "claude-code", "deny" }, "bob@a", "claude-code", "deny", 6 },
  { { "eve@b", "*", "deny" }, NULL, "claude-code", "allow", 1 },
  { { "x@y", "*", "deny" }, NULL, "other", "ask", 0 },
};

static void
test_spawns (void)
{
  g_autoptr(RbPolicy) policy = rb_policy_new (RB_POLICY_ASK);

  g_test_summary ("Spawns have rules of their own: who asks decides, then which runtime; without a rule the setting does.");

  for (guint i = 0; i < G_N_ELEMENTS (spawns); i++)
    {
      RbPolicySpawn spawn = { spawns[i].sender, spawns[i].kind };
      RbPolicyVerdict verdict;

      set_rule (policy, RB_POLICY_SPAWN, &spawns[i].line);
      verdict = rb_policy_decide_spawn (policy, &spawn, 1);
      g_test_message ("%u", i);
      g_assert_cmpstr (rb_policy_action_to_string (verdict.action), ==, spawns[i].action);
      g_assert_cmpint (verdict.rule != NULL ? verdict.rule->n : 0, ==, spawns[i].n);
    }
}

static void
test_spawn_default (void)
{
  static const RbPolicyAction defaults[] = { RB_POLICY_ALLOW, RB_POLICY_ASK, RB_POLICY_DENY };
  static const Line line = { "*", "*", "refuse" };
  const RbPolicySpawn spawn = { "bob@a", "codex" };

  g_test_summary ("Rules for messages say nothing about spawns; what the setting says is named as such.");

  for (guint i = 0; i < G_N_ELEMENTS (defaults); i++)
    {
      g_autoptr(RbPolicy) policy = rb_policy_new (defaults[i]);
      g_autofree char *text = NULL;
      RbPolicyVerdict verdict;

      set_rule (policy, RB_POLICY_MESSAGE, &line);
      verdict = rb_policy_decide_spawn (policy, &spawn, 1);
      g_assert_cmpint (verdict.action, ==, defaults[i]);
      text = rb_policy_verdict_describe (&verdict);
      g_assert_true (g_str_has_prefix (text, "no rule fits: "));
    }
}

static const struct {
  RbPolicyWhat  what;
  const char   *sender, *kind, *action, *note, *says;
} bad[] = {
  { RB_POLICY_MESSAGE, "", "*", "hold", NULL, "sender must not be empty" },
  { RB_POLICY_MESSAGE, NULL, "*", "hold", NULL, "sender must not be empty" },
  { RB_POLICY_MESSAGE, "a\nb", "*", "hold", NULL, "sender must be plain text" },
  { RB_POLICY_MESSAGE, "\xff", "*", "hold", NULL, "sender must be plain text" },
  { RB_POLICY_MESSAGE, "*", "", "hold", NULL, "kind must not be empty" },
  { RB_POLICY_MESSAGE, "*", "loud", "hold", NULL, "kind of a message must be" },
  { RB_POLICY_MESSAGE, "*", "type:", "hold", NULL, "kind of a message must be" },
  { RB_POLICY_MESSAGE, "*", "*", "allow", NULL, "action for a message must be 'accept', 'hold' or 'refuse'" },
  { RB_POLICY_MESSAGE, "*", "*", NULL, NULL, "action for a message must be" },
  { RB_POLICY_MESSAGE, "*", "*", "hold", "a\001", "note must be plain text" },
  { RB_POLICY_SPAWN, "*", "*", "hold", NULL, "action for a spawn must be 'allow', 'ask' or 'deny'" },
  { RB_POLICY_SPAWN, "*", "", "deny", NULL, "kind must not be empty" },
};

static void
test_bad (void)
{
  g_autofree char *wide = g_strnfill (257, 'x');
  g_autoptr(GError) too_long = NULL;

  g_test_summary ("A rule that makes no sense is refused with what would.");

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (rb_policy_rule_new (bad[i].what, bad[i].sender, bad[i].kind, bad[i].action, bad[i].note, &error));
      g_assert_cmpstr (rb_error_get_reason (error), ==, "bad_rule");
      g_test_message ("%s", error->message);
      g_assert_true (g_str_has_prefix (error->message, bad[i].says));
    }
  g_assert_null (rb_policy_rule_new (RB_POLICY_SPAWN, wide, "*", "deny", NULL, &too_long));
  g_assert_error (too_long, RB_ERROR, RB_ERROR_INVALID);
}

static void
test_replaced (void)
{
  static const Line lines[] = { { "bob@a", "*", "hold" }, { "eve@a", "*", "hold" }, { "bob@a", "*", "refuse" } };
  const RbPolicyMessage message = { "bob@a", NULL, FALSE, FALSE };
  g_autoptr(RbPolicy) policy = rb_policy_new (RB_POLICY_ASK);
  g_autoptr(RbChanges) changes = rb_changes_new ();
  g_autofree char *text = NULL;
  const RbPolicyRule *rule = NULL;

  g_test_summary ("For one sender and kind there is one rule; uses are counted; numbers name rules.");

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    rule = set_rule (policy, RB_POLICY_MESSAGE, &lines[i]);
  g_assert_cmpuint (rb_policy_get_n (policy), ==, 2);
  g_assert_cmpint (rule->n, ==, 1);
  g_assert_cmpint (rb_policy_decide_message (policy, &message, 77).action, ==, RB_POLICY_REFUSE);
  g_assert_cmpuint (rule->hits, ==, 1);
  g_assert_cmpint (rule->last_used_at, ==, 77);
  text = rb_policy_rule_describe (rule);
  g_assert_cmpstr (text, ==, "rule 1: refuse messages from bob@a");
  g_assert_true (rb_policy_lookup (policy, 2) != NULL);
  g_assert_false (rb_policy_remove (policy, 3, changes));
  g_assert_cmpuint (rb_changes_get_n (changes), ==, 0);
}

static void
test_names (void)
{
  static const Line lines[] = { { "*", "*", "hold" }, { "*@a", "targeted", "accept" }, { "eve@b", "*", "hold" } };
  g_autoptr(RbPolicy) policy = rb_policy_new (RB_POLICY_ASK);

  g_test_summary ("A rule for everybody makes nobody known.");

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    set_rule (policy, RB_POLICY_MESSAGE, &lines[i]);
  g_assert_true (rb_policy_names (policy, "bob@a"));
  g_assert_true (rb_policy_names (policy, "eve@b"));
  g_assert_false (rb_policy_names (policy, "bob@b"));
}

static void
test_rows (void)
{
  g_autoptr(RbPolicy) policy = rb_policy_new (RB_POLICY_ASK);
  g_autoptr(RbPolicyRule) rule = rb_policy_rule_new (RB_POLICY_SPAWN, "*@a", "codex", "deny", "no thanks", NULL);
  g_autoptr(GPtrArray) rules = NULL;
  g_autoptr(GVariant) row = NULL;
  g_autoptr(GVariant) again = NULL;
  g_autoptr(GVariant) nonsense = g_variant_ref_sink (g_variant_new ("(xsssssxs)", (gint64) 1, "spawn", "*", "*", "hold", "", (gint64) 1, "person"));
  g_autoptr(GError) error = NULL;

  g_test_summary ("What was kept comes back as it was; what makes no sense is an error, not another rule.");

  rule->n = 12;
  rule->created_at = 34;
  row = g_variant_ref_sink (rb_policy_rule_to_row (rule));
  g_assert_true (rb_policy_load (policy, row, &error));
  rules = rb_policy_dup_rules (policy);
  g_assert_cmpuint (rules->len, ==, 1);
  again = g_variant_ref_sink (rb_policy_rule_to_row (g_ptr_array_index (rules, 0)));
  g_assert_true (g_variant_equal (row, again));

  g_assert_false (rb_policy_load (policy, nonsense, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_CORRUPT);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

#define ADD(path, function) g_test_add_func ("/policy/" path, function)
  ADD ("message-order", test_message_order);
  ADD ("message-order-backwards", test_message_order_backwards);
  ADD ("kinds", test_kinds);
  ADD ("ties", test_ties);
  ADD ("patterns", test_patterns);
  ADD ("long-sender", test_long_sender);
  ADD ("spawns", test_spawns);
  ADD ("spawn-default", test_spawn_default);
  ADD ("bad", test_bad);
  ADD ("replaced", test_replaced);
  ADD ("names", test_names);
  ADD ("rows", test_rows);
#undef ADD
  return g_test_run ();
}
