/* test-traits.c: what an adapter says about its endpoint: workspace, label, capabilities, and how that is kept
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-endpoint.h"
#include "rb-error.h"
#include "rb-test.h"

#include <string.h>

/* protocol.md 7.4; @expected: "root|cwd|remote|branch", "" for absent, or the error's text. */
static const struct {
  const char *json;
  const char *expected;
  gboolean    refused;
} workspaces[] = {
  { NULL, "", FALSE },
  { "\"\"", "", FALSE },
  { "\" \\t\\n \"", "", FALSE },
  { "\" /home/x \"", "/home/x|/home/x||", FALSE },
  { "{\"root\":\" /r \",\"cwd\":\"/r/c\"}", "/r|/r/c||", FALSE },
  { "{\"root\":\"/r\",\"cwd\":\"/c\",\"remote\":\" git@x \",\"branch\":\" main \",\"more\":{\"a\":1}}", "/r|/c|git@x|main", FALSE },
  { "{\"root\":\"/r\",\"cwd\":\"/c\",\"remote\":\"  \",\"branch\":\"\"}", "/r|/c||", FALSE },
  { "{\"root\":\"/r\",\"cwd\":\"/c\",\"remote\":null}", "/r|/c||", FALSE },
  { "7", "workspace must be a string or object", TRUE },
  { "true", "workspace must be a string or object", TRUE },
  { "null", "workspace must be a string or object", TRUE },
  { "[]", "workspace.root must be a non-empty string", TRUE },
  { "[\"/r\"]", "workspace.root must be a non-empty string", TRUE },
  { "{}", "workspace.root must be a non-empty string", TRUE },
  { "{\"cwd\":\"/c\"}", "workspace.root must be a non-empty string", TRUE },
  { "{\"root\":\"  \",\"cwd\":\"/c\"}", "workspace.root must be a non-empty string", TRUE },
  { "{\"root\":5,\"cwd\":6}", "workspace.root must be a non-empty string", TRUE },
  { "{\"root\":\"/r\"}", "workspace.cwd must be a non-empty string", TRUE },
  { "{\"root\":\"/r\",\"cwd\":\"\",\"remote\":1}", "workspace.cwd must be a non-empty string", TRUE },
  { "{\"root\":\"/r\",\"cwd\":[\"/c\"]}", "workspace.cwd must be a non-empty string", TRUE },
  { "{\"root\":\"/r\",\"cwd\":\"/c\",\"remote\":1,\"branch\":2}", "workspace.remote must be a string", TRUE },
  { "{\"root\":\"/r\",\"cwd\":\"/c\",\"branch\":{}}", "workspace.branch must be a string", TRUE },
};

static const char *
or_empty (const char *text)
{
  return text != NULL ? text : "";
}

static void
test_workspace (void)
{
  g_test_summary ("A workspace is a path or an object with a root and a current directory; each refusal says which part is wrong.");

  for (guint i = 0; i < G_N_ELEMENTS (workspaces); i++)
    {
      g_autoptr(GBytes) json = workspaces[i].json != NULL ? g_bytes_new (workspaces[i].json, strlen (workspaces[i].json)) : NULL;
      g_autoptr(RbWorkspace) workspace = NULL;
      g_autoptr(GError) error = NULL;
      g_autofree char *text = NULL;

      g_test_message ("%s", workspaces[i].json);
      g_assert_cmpint (rb_workspace_from_json (json, &workspace, &error), ==, !workspaces[i].refused);
      if (workspaces[i].refused)
        {
          g_assert_error (error, RB_ERROR, RB_ERROR_UNPROCESSABLE);
          g_assert_cmpstr (rb_error_get_reason (error), ==, "invalid_request");
          g_assert_cmpstr (error->message, ==, workspaces[i].expected);
          g_assert_null (workspace);
          continue;
        }
      g_assert_no_error (error);
      text = workspace == NULL ? g_strdup ("")
                               : g_strdup_printf ("%s|%s|%s|%s", workspace->root, workspace->cwd, or_empty (workspace->remote),
                                                  or_empty (workspace->branch));
      g_assert_cmpstr (text, ==, workspaces[i].expected);
    }
}

static const struct {
  const char *kind;
  const char *root;
  const char *tracking_ref;
  gint64      pid;
  const char *label;
} labels[] = {
  { "codex", "/home/x/project", "T-1", 5, "codex \302\267 project \302\267 T-1" },
  { "codex", "/home/x/project///", NULL, 5, "codex \302\267 project" },
  { "codex", "/", NULL, 5, "codex \302\267 /" },
  { "codex", "///", NULL, 5, "codex \302\267 /" },
  { "codex", "project", "", 5, "codex \302\267 project" },
  { "codex", NULL, "  T-1\t", 5, "codex \302\267 T-1" },
  { " codex ", "/a/ b ", NULL, 5, "codex \302\267 b" },
  { "  ", NULL, "T-1", 5, "T-1" },
  { "", NULL, NULL, 123456, "-3456" },
  { "  ", NULL, " ", 78, "  -78" },
  { NULL, NULL, NULL, 78, "-78" },
};

static void
test_label (void)
{
  g_test_summary ("A label joins kind, last directory and tracking reference; what is empty is left out; without any, the process.");

  for (guint i = 0; i < G_N_ELEMENTS (labels); i++)
    {
      RbWorkspace workspace = { (char *) labels[i].root, (char *) labels[i].root, NULL, NULL };
      g_autofree char *label = rb_workspace_dup_label (labels[i].root != NULL ? &workspace : NULL, labels[i].kind,
                                                       labels[i].tracking_ref, labels[i].pid);

      g_assert_cmpstr (label, ==, labels[i].label);
    }
}

/* protocol.md 7.3; lists are joined with ",", "-" is NULL. */
static const struct {
  const char *claimed;
  gboolean    can_spawn;
  const char *effective;
} capabilities[] = {
  { "-", FALSE, "-" },
  { "-", TRUE, "remote_spawn_v1" },
  { "", FALSE, "-" },
  { "remote_spawn_v1", FALSE, "-" },
  { "remote_spawn_v1,remote_spawn_v1", TRUE, "remote_spawn_v1" },
  { "b,a,b,c,a", FALSE, "b,a,c" },
  { "b,remote_spawn_v1,a", TRUE, "b,a,remote_spawn_v1" },
  { "Remote_Spawn_v1", FALSE, "Remote_Spawn_v1" },
  { "foreground_channel_v1", TRUE, "foreground_channel_v1,remote_spawn_v1" },
};

/* protocol.md 20.3 item 11. */
static void
test_capabilities (void)
{
  g_test_summary ("An adapter cannot claim that we spawn; duplicates go, the first stays; nothing left is no list.");

  for (guint i = 0; i < G_N_ELEMENTS (capabilities); i++)
    {
      gboolean absent = g_str_equal (capabilities[i].claimed, "-");
      g_auto(GStrv) claimed = absent ? NULL : g_strsplit (capabilities[i].claimed, ",", 0);
      g_auto(GStrv) effective = rb_traits_effective_capabilities ((const char *const *) claimed, capabilities[i].can_spawn);
      g_autofree char *text = effective != NULL ? g_strjoinv (",", effective) : g_strdup ("-");

      g_assert_cmpstr (text, ==, capabilities[i].effective);
    }
}

static const struct {
  const char *capability;
  const char *mode;
  const char *session;
  const char *target_mode;    /* NULL: no target */
} targets[] = {
  { "background_exchange_v1", "adapter_managed_turn", "s1", "adapter_managed_turn" },
  { "background_exchange_v1", "adapter_managed_turn", NULL, NULL },
  { "background_exchange_v1", "resident_endpoint", NULL, "resident_endpoint" },
  { "background_exchange_v1", "resident_endpoint", "s1", "resident_endpoint" },
  { "background_exchange_v1", "other", "s1", NULL },
  { "background_exchange_v1", NULL, "s1", NULL },
  { "foreground_channel_v1", "resident_endpoint", "s1", NULL },
};

/* protocol.md 11.2. */
static void
test_targets (void)
{
  g_test_summary ("An endpoint is a work target with the capability, a known mode and the session that the mode needs.");

  for (guint i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      g_autoptr(RbTraits) traits = g_new0 (RbTraits, 1);
      g_autoptr(RbTarget) target = NULL;

      traits->capabilities = g_strsplit (targets[i].capability, " ", 0);
      traits->background_exchange_mode = g_strdup (targets[i].mode);
      traits->runtime_session_id = g_strdup (targets[i].session);
      target = rb_traits_dup_target (traits, "ep");
      g_test_message ("row %u", i);
      g_assert_cmpint (target != NULL, ==, targets[i].target_mode != NULL);
      if (target != NULL)
        g_assert_cmpstr (rb_target_mode_to_string (target->mode), ==, targets[i].target_mode);
    }
}

static RbTraits *
full_traits (void)
{
  RbTraits *traits = g_new0 (RbTraits, 1);

  traits->kind = g_strdup ("codex");
  traits->client_kind = g_strdup ("sdk");
  traits->client_version = g_strdup ("1");
  traits->started_at = g_strdup ("2026-01-01T00:00:00.000Z");
  traits->workspace = g_new0 (RbWorkspace, 1);
  traits->workspace->root = g_strdup ("/r \"quoted\"");
  traits->workspace->cwd = g_strdup ("/c");
  traits->workspace->branch = g_strdup ("main");
  traits->tracking_ref = g_strdup ("T-1");
  traits->session_name = g_strdup ("\360\237\246\212");
  traits->task_hint = g_strdup ("");
  traits->runtime_session_id = g_strdup ("s1");
  traits->capabilities = g_strsplit ("a,b", ",", 0);
  traits->execution_surface = g_strdup ("headless");
  traits->background_exchange_mode = g_strdup ("resident_endpoint");
  traits->label = g_strdup ("codex \302\267 r");
  traits->heartbeat_ms = 1500;
  traits->legacy = TRUE;
  return traits;
}

static void
test_round_trip (void)
{
  g_autoptr(RbTraits) full = full_traits ();
  g_autoptr(RbTraits) empty = g_new0 (RbTraits, 1);
  g_autoptr(GError) error = NULL;

  g_test_summary ("What is stored is read back as it was, absent parts as absent.");

  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *text = rb_traits_to_json (i == 0 ? full : empty);
      g_autoptr(RbTraits) traits = rb_traits_from_json (text, &error);
      g_autofree char *again = NULL;

      g_assert_no_error (error);
      again = rb_traits_to_json (traits);
      g_assert_cmpstr (again, ==, text);
      if (i == 1)
        {
          g_assert_null (traits->kind);
          g_assert_null (traits->capabilities);
          g_assert_null (traits->workspace);
          continue;
        }
      g_assert_cmpstr (traits->task_hint, ==, "");
      g_assert_cmpstr (traits->workspace->root, ==, "/r \"quoted\"");
      g_assert_null (traits->workspace->remote);
      g_assert_cmpuint (g_strv_length (traits->capabilities), ==, 2);
      g_assert_cmpint (traits->heartbeat_ms, ==, 1500);
      g_assert_true (traits->legacy);
    }
}

static RbEndpoint *
through_a_row (const RbEndpoint  *endpoint,
               GError           **error)
{
  g_autoptr(RbChanges) changes = rb_changes_new ();

  rb_endpoint_record (endpoint, changes);
  return rb_endpoint_from_row (rb_changes_get (changes, 0)->row, error);
}

static void
test_endpoint_row (void)
{
  g_autoptr(RbEndpoint) endpoint = rb_endpoint_new ("ep", 42, full_traits ());
  g_autoptr(RbEndpoint) first = NULL;
  g_autoptr(RbEndpoint) second = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("An endpoint comes back with its owner, its process and its grace.");

  endpoint->owner_token = g_strdup ("token");
  endpoint->nonce = g_strdup ("nonce");
  endpoint->agent_id = g_strdup ("agent");
  endpoint->pid_start = 420;
  endpoint->position = 9;
  endpoint->state_since = 5;
  first = through_a_row (endpoint, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (first->id, ==, "ep");
  g_assert_cmpstr (first->owner_token, ==, "token");
  g_assert_cmpstr (first->nonce, ==, "nonce");
  g_assert_cmpstr (first->agent_id, ==, "agent");
  g_assert_cmpint (first->plugin_pid, ==, 42);
  g_assert_cmpint (first->pid_start, ==, 420);
  g_assert_cmpint (first->position, ==, 9);
  g_assert_cmpint (first->state, ==, RB_ENDPOINT_ACTIVE);
  g_assert_cmpint (first->grace_deadline, ==, 0);
  g_assert_cmpstr (first->traits->kind, ==, "codex");

  endpoint->state = RB_ENDPOINT_RECONNECTING;
  endpoint->grace_deadline = 77;
  second = through_a_row (endpoint, &error);
  g_assert_no_error (error);
  g_assert_cmpint (second->state, ==, RB_ENDPOINT_RECONNECTING);
  g_assert_cmpint (second->grace_deadline, ==, 77);
}

static void
test_damaged_row (void)
{
  g_autoptr(GVariant) state = g_variant_ref_sink (g_variant_new ("(sssxxssx@mxxs)", "ep", "t", "n", (gint64) 1, (gint64) 1, "a",
                                                                 "asleep", (gint64) 0, g_variant_new_maybe (G_VARIANT_TYPE_INT64, NULL),
                                                                 (gint64) 1, "{}"));
  g_autoptr(GVariant) traits = g_variant_ref_sink (g_variant_new ("(sssxxssx@mxxs)", "ep", "t", "n", (gint64) 1, (gint64) 1, "a",
                                                                  "active", (gint64) 0, g_variant_new_maybe (G_VARIANT_TYPE_INT64, NULL),
                                                                  (gint64) 1, "{\"kind\":"));
  g_autoptr(GError) error = NULL;

  g_test_summary ("A row with an unknown state or with broken traits is refused by the endpoint's name.");

  g_assert_null (rb_endpoint_from_row (state, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_CORRUPT);
  g_assert_nonnull (strstr (error->message, "'ep'"));
  g_clear_error (&error);
  g_assert_null (rb_endpoint_from_row (traits, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "'ep'"));
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/traits/workspace", test_workspace);
  g_test_add_func ("/traits/label", test_label);
  g_test_add_func ("/traits/capabilities", test_capabilities);
  g_test_add_func ("/traits/targets", test_targets);
  g_test_add_func ("/traits/round-trip", test_round_trip);
  g_test_add_func ("/traits/endpoint-row", test_endpoint_row);
  g_test_add_func ("/traits/damaged-row", test_damaged_row);

  return g_test_run ();
}
