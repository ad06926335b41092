/* fuzz-typed.c: any words at all where people, settings and browsers give some: rules, commands, targets of requests, logins, moments
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-command-line.h"
#include "rb-error.h"
#include "rb-fake-clock.h"
#include "rb-ipc-page-sessions.h"
#include "rb-ipc-routes.h"
#include "rb-moment.h"
#include "rb-policy-rule.h"
#include "rb-program-line.h"
#include "rb-program-place.h"
#include "rb-time.h"

#include <string.h>

#define WORDS_MAX 5
#define TRIED_MAX 24      /* bytes of what is matched the slow way */
#define KEY_LENGTH 64

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* The same question, asked in the plainest way. */
static gboolean
fits_slowly (const char *pattern,
             const char *text)
{
  if (*pattern == '\0')
    return *text == '\0';
  if (*pattern == '*')
    return fits_slowly (pattern + 1, text) || (*text != '\0' && fits_slowly (pattern, text + 1));
  return *pattern == *text && fits_slowly (pattern + 1, text + 1);
}

static guint
count_stars (const char *text)
{
  guint n = 0;

  for (; *text != '\0'; text++)
    n += *text == '*';
  return n;
}

static void
check_rule (const RbPolicyRule *rule,
            const char         *sender)
{
  const RbPolicySpawn spawn = { sender, "codex" };
  g_autoptr(GVariant) row = g_variant_ref_sink (rb_policy_rule_to_row (rule));
  g_autoptr(RbPolicyRule) again = rb_policy_rule_from_row (row, NULL);
  g_autofree char *told = rb_policy_rule_describe (rule);

  g_assert_nonnull (again);
  g_assert_cmpint (rb_policy_rule_compare (rule, again), ==, 0);
  g_assert_true (g_utf8_validate (told, -1, NULL));
  if (rule->what == RB_POLICY_SPAWN && *sender != '\0' && strlen (sender) <= TRIED_MAX && count_stars (rule->sender) <= 5 &&
      count_stars (rule->kind) <= 5)
    g_assert_true (rb_policy_rule_fits_spawn (rule, &spawn) ==
                   (fits_slowly (rule->sender, sender) && fits_slowly (rule->kind, "codex")));
}

static void
try_rule (char **words)
{
  for (RbPolicyWhat what = 0; what < RB_N_POLICY_WHATS; what++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(RbPolicyRule) rule = rb_policy_rule_new (what, words[0], words[1], what == RB_POLICY_SPAWN ? "ask" : "hold", words[2], &error);

      g_assert_true ((rule == NULL) == (error != NULL));
      if (rule != NULL)
        check_rule (rule, words[3]);
    }
}

static void
try_command (char **words)
{
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) argv = rb_program_parse_command ("[k] command", words[0], &error);
  g_autoptr(GError) line_error = NULL;
  RbCommandLine *line = rb_command_line_new (words[1], words[0], "argument", "tail", &line_error);

  g_assert_true ((argv == NULL) == (error != NULL));
  g_assert_true ((line == NULL) == (line_error != NULL));
  if (argv != NULL)
    {
      g_autofree char *base = g_path_get_basename (argv[0]);

      g_assert_true (rb_program_is_name (base) && *base != '-');
      g_assert_true (strchr (argv[0], '/') == NULL || *argv[0] == '/');
    }
  if (line != NULL)
    {
      g_auto(GStrv) made = rb_command_line_dup_argv (line, "/bin/k", words[2]);
      guint n = g_strv_length (made);

      /* Behind "--" nothing is an option. */
      g_assert_cmpstr (made[n - 1], ==, words[2]);
      g_assert_cmpstr (made[n - 2], ==, "--");
      g_assert_true (rb_program_is_name (line->kind));
      rb_command_line_free (line);
    }
  g_assert_true (*words[3] == '/' || !rb_program_place_is_allowed ("/nowhere", words[3]) || strchr (words[3], ';') != NULL);
}

/* Who is nobody gets to what is for everybody, whatever the target looks like. */
static void
check_route (const RbIpcRoute *route,
             RbIpcAccess       access,
             const char       *parameter)
{
  if (parameter != NULL)
    g_assert_true (g_utf8_validate (parameter, -1, NULL));
  if (access == RB_IPC_ACCESS_ANYBODY)
    g_assert_true ((route->flags & RB_IPC_ROUTE_ENTRANCE) != 0);
  if (access == RB_IPC_ACCESS_ADAPTER)
    g_assert_true ((route->flags & (RB_IPC_ROUTE_OPERATOR | RB_IPC_ROUTE_ENTRANCE)) == 0);
  if (access == RB_IPC_ACCESS_PAGE)
    g_assert_true ((route->flags & (RB_IPC_ROUTE_PAGE | RB_IPC_ROUTE_ENTRANCE)) != 0);
}

static void
try_target (char **words)
{
  static const char *const methods[] = { "GET", "POST", "DELETE", "" };
  g_autofree char *value = NULL;
  g_autoptr(GError) query_error = NULL;
  gboolean good = rb_ipc_query_get (words[0], "a", &value, &query_error);

  g_assert_true (good == (query_error == NULL));
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    for (RbIpcAccess access = RB_IPC_ACCESS_ADAPTER; access <= RB_IPC_ACCESS_LOCAL; access++)
      {
        g_autofree char *parameter = NULL;
        g_autofree char *allow = NULL;
        g_autoptr(GError) error = NULL;
        const RbIpcRoute *route = rb_ipc_route_find (methods[i], words[0], access, &parameter, &allow, &error);

        g_assert_true (route == NULL || error == NULL);
        if (route != NULL)
          check_route (route, access, parameter);
      }
}

/* Nothing that nobody was given lets anybody in. */
static void
try_login (const char *text)
{
  g_autoptr(RbClock) clock = rb_fake_clock_new ();
  g_autoptr(RbIpcSessions) sessions = rb_ipc_sessions_new (clock, NULL);
  g_autofree char *ticket = rb_ipc_sessions_issue (sessions);
  g_autofree char *packed = NULL;
  g_autofree char *again = NULL;

  g_assert_null (rb_ipc_sessions_exchange (sessions, text));
  g_assert_false (rb_ipc_sessions_use (sessions, text));
  rb_ipc_sessions_unpack (sessions, text);
  g_assert_false (rb_ipc_sessions_use (sessions, text));
  packed = rb_ipc_sessions_pack (sessions);
  g_assert_cmpuint (strlen (packed), <=, RB_IPC_SESSIONS_MAX * (KEY_LENGTH + 1));
  rb_ipc_sessions_end (sessions, text);
  again = rb_ipc_sessions_exchange (sessions, ticket);
  g_assert_nonnull (again);
}

static void
try_moment (const char *text)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *iso = rb_moment_to_iso (text, G_GINT64_CONSTANT (1795427510029), &error);
  gint64 at_ms;

  g_assert_true ((iso == NULL) == (error != NULL));
  if (iso != NULL)
    g_assert_true (rb_time_from_iso (iso, &at_ms));
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autofree char *raw = size > 0 ? g_strndup ((const char *) data, size) : g_strdup ("");
  g_autofree char *valid = g_utf8_make_valid (raw, -1);
  g_auto(GStrv) given = g_strsplit (valid, "\n", WORDS_MAX);
  char *words[WORDS_MAX];

  for (guint i = 0; i < WORDS_MAX; i++)
    words[i] = i < g_strv_length (given) ? given[i] : (char *) "";
  try_rule (words);
  try_command (words);
  try_target (words);
  try_login (raw);
  try_moment (words[0]);
  return 0;
}
