/* test-hostile.c: what strangers write reaches no terminal as an order to it, whatever verb prints it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-brokerctl-fixture.h"
#include "rb-ctl.h"
#include "rb-json.h"

#include <string.h>

/* As JSON has it: an order to fill the clipboard, to ring, to go back, to colour (in its one-character form), a direction of text, a line
 * separator, DEL and a tag. What is above U+007F the broker does not escape. */
#define EVIL "evil\\u001b]52;c;aGk=\\u0007\\r\302\2331m\342\200\256txt\342\201\246\342\200\250\177\363\240\201\201"

#define MEMBERS                                                                                                                           \
  "\"undispatched_id\":\"" EVIL "\",\"endpoint_id\":\"" EVIL "\",\"session_name\":\"" EVIL "\",\"sender_address\":\"" EVIL "\","          \
  "\"preview\":\"" EVIL "\",\"reason\":\"" EVIL "\",\"state\":\"" EVIL "\",\"label\":\"" EVIL "\",\"subject\":\"" EVIL "\","              \
  "\"who\":\"" EVIL "\",\"what\":\"" EVIL "\",\"runtime_kind\":\"" EVIL "\",\"runtime_state\":\"" EVIL "\",\"rule\":\"" EVIL "\","        \
  "\"prompt\":\"" EVIL "\",\"event\":\"" EVIL "\",\"detail\":\"" EVIL "\",\"name\":\"" EVIL "\",\"path\":\"" EVIL "\",\"note\":\"" EVIL   \
  "\",\"sender\":\"" EVIL "\",\"action\":\"" EVIL "\",\"made_by\":\"" EVIL "\",\"content\":\"" EVIL "\",\"content_type\":\"" EVIL "\","   \
  "\"task_hint\":\"" EVIL "\",\"last_error\":\"" EVIL "\",\"code\":\"" EVIL "\",\"peer\":\"" EVIL "\",\"outcome\":\"" EVIL "\","          \
  "\"snippet\":[\"" EVIL "\",\"" EVIL "\"],\"presence\":\"" EVIL "\",\"presence_reason\":\"" EVIL "\",\"link_error\":\"" EVIL "\","       \
  "\"address\":\"" EVIL "\",\"not_ready_reason\":\"" EVIL "\",\"message_id\":\"" EVIL "\",\"correlation_id\":\"" EVIL "\","               \
  "\"output\":\"" EVIL "\",\"value\":\"" EVIL "\",\"origin\":\"" EVIL "\",\"group\":\"" EVIL "\",\"key\":\"" EVIL "\",\"unit\":\"" EVIL   \
  "\",\"choices\":[{\"action\":\"dispatch\",\"name\":\"" EVIL "\",\"endpoint_id\":\"" EVIL "\"}],\"" EVIL "\":\"" EVIL "\""

#define ROW "{\"id\":\"" EVIL "\",\"kind\":\"" EVIL "\"," MEMBERS "}"
#define DISPATCH "{\"id\":\"" EVIL "\",\"kind\":\"dispatch\"," MEMBERS "}"
#define LIST "[" ROW "]"
#define VIEW "GET /v1/operator/"
#define ORDER "POST /v1/operator/"

typedef struct {
  const char *arguments;
  struct {
    const char *request;
    guint       status;
    const char *body;
  } answers[2];
} Case;

static const Case cases[] = {
  { "status", { { VIEW "status", 200, ROW } } },
  { "list", { { VIEW "endpoints", 200, LIST } } },
  { "inbox", { { VIEW "inbox", 200, LIST } } },
  { "assignments", { { VIEW "assignments", 200, LIST } } },
  { "outbox", { { VIEW "outbox", 200, LIST } } },
  { "dead-letters", { { VIEW "dead-letters", 200, LIST } } },
  { "modules", { { VIEW "modules", 200, LIST } } },
  { "needs", { { VIEW "needs", 200, "[" ROW "," DISPATCH "]" } } },
  { "held", { { VIEW "held", 200, LIST } } },
  { "accept evil", { { VIEW "held", 200, LIST }, { ORDER "held/accept", 200, "{\"place\":\"queue\",\"endpoint_id\":\"" EVIL "\"}" } } },
  { "refuse evil", { { VIEW "held", 200, LIST }, { ORDER "held/refuse", 200, ROW } } },
  { "refuse e", { { VIEW "held", 200, "[" ROW ",{\"id\":\"e" EVIL "\"}]" } } },
  { "dispatch evil evil", { { VIEW "inbox", 200, LIST }, { VIEW "endpoints", 200, LIST } } },
  { "policy", { { VIEW "policy", 200, LIST } } },
  { "policy apply 1", { { ORDER "policy/apply", 404, "{\"error\":\"" EVIL "\",\"message\":\"" EVIL "\"}" } } },
  { "policy remove 1", { { ORDER "policy/remove", 404, "{\"error\":\"" EVIL "\",\"message\":\"" EVIL "\"}" } } },
  { "spawns --prompt", { { VIEW "spawns?prompts=yes", 200, LIST } } },
  { "approve evil", { { VIEW "spawns", 200, LIST }, { ORDER "spawns/approve", 200, ROW } } },
  { "deny evil", { { VIEW "spawns", 200, LIST }, { ORDER "spawns/deny", 200, ROW } } },
  { "spawn k", { { ORDER "spawns/start", 200, ROW } } },
  { "runtimes", { { VIEW "runtimes", 200, LIST } } },
  { "stop evil", { { VIEW "runtimes", 200, LIST }, { ORDER "runtimes/stop", 200, ROW } } },
  { "show evil", { { VIEW "show/evil", 200, ROW } } },
  { "explain evil", { { VIEW "explain/evil", 200, ROW } } },
  { "search evil", { { VIEW "search?words=evil&limit=20", 200, "{\"rows\":" LIST "}" } } },
  { "export", { { VIEW "export?content=yes", 200, "{\"lines\":" LIST "}" } } },
  { "config explain", { { VIEW "config", 200, LIST } } },
  { "complete -- dispatch ''", { { VIEW "inbox", 200, LIST } } },
  { "complete -- dispatch m ''", { { VIEW "endpoints", 200, LIST } } },
};

/* What is below has its own list of what is harmless. */
static void
assert_harmless (const char *text)
{
  g_assert_true (g_utf8_validate (text, -1, NULL));
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);
      GUnicodeType type = g_unichar_type (c);

      if (c == '\n' || c == '\t')
        continue;
      if (type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT || type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR)
        g_error ("U+%04x in: %s", c, text);
    }
}

static void
run (RbBrokerctlFixture *fixture,
     const Case         *one,
     const char         *options)
{
  g_autofree char *arguments = g_strconcat (options, one->arguments, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (one->answers) && one->answers[i].request != NULL; i++)
    rb_fake_broker_answer (fixture->broker, one->answers[i].request, one->answers[i].status, one->answers[i].body);
  g_test_message ("%s", arguments);
  rb_brokerctl_run (fixture, arguments);
  assert_harmless (fixture->out);
  assert_harmless (fixture->err);
}

static void
test_text (RbBrokerctlFixture *fixture,
           gconstpointer       data)
{
  g_test_summary ("No verb prints what a terminal would obey, and none hides what was written.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      run (fixture, &cases[i], "");
      if (!g_str_has_prefix (cases[i].arguments, "complete"))
        g_assert_true (strstr (fixture->out, "evil") != NULL || strstr (fixture->err, "evil") != NULL);
    }
}

static void
test_json (RbBrokerctlFixture *fixture,
           gconstpointer       data)
{
  static const char shown[] = "{\"id\":\"" EVIL "\"}";
  g_autoptr(GBytes) said = g_bytes_new_static (shown, strlen (shown));
  g_autoptr(RbJson) meant = rb_json_parse_object (said, 0, NULL);
  g_autofree char *meant_id = rb_json_dup_string (meant, "id", NULL);
  g_autoptr(GBytes) text = NULL;
  g_autoptr(RbJson) read = NULL;
  g_autofree char *id = NULL;

  g_test_summary ("JSON is as harmless to look at, and says to a program what it said before.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    run (fixture, &cases[i], "--json ");

  rb_fake_broker_answer (fixture->broker, VIEW "show/evil", 200, shown);
  g_assert_cmpint (rb_brokerctl_run (fixture, "--json show evil"), ==, RB_EXIT_OK);
  text = g_bytes_new (fixture->out, strlen (fixture->out));
  read = rb_json_parse_object (text, 0, NULL);
  id = rb_json_dup_string (read, "id", NULL);
  g_assert_cmpstr (id, ==, meant_id);
}

static void
test_log (RbBrokerctlFixture *fixture,
          gconstpointer       data)
{
  g_autofree char *path = g_build_filename (fixture->data_dir, "k.log", NULL);
  g_autofree char *view = g_strdup_printf ("[{\"id\":\"r1\",\"log_file\":\"%s\"}]", path);
  g_autofree char *filler = g_strnfill (8191, 'a');
  g_autofree char *text = g_strconcat (filler, "\303\274\t\033]0;x\007b\r\n\360\237\231\202", NULL);
  g_autofree char *wanted = g_strconcat (filler, "\303\274\t\\x1b]0;x\\x07b\\x0d\n\360\237\231\202", NULL);

  g_test_summary ("Of what a runtime wrote no character is torn by the size of a read, lines and tabs stay, orders to the terminal do not.");

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  rb_fake_broker_answer (fixture->broker, VIEW "runtimes?all=yes", 200, view);
  rb_fake_broker_answer (fixture->broker, VIEW "runtimes?all=yes", 200, view);
  g_assert_cmpint (rb_brokerctl_run (fixture, "logs r1"), ==, RB_EXIT_OK);
  g_assert_cmpstr (fixture->out, ==, wanted);
}

#define ADD(path, function) \
  g_test_add (path, RbBrokerctlFixture, NULL, rb_brokerctl_set_up_broker, function, rb_brokerctl_tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  ADD ("/hostile/text", test_text);
  ADD ("/hostile/json", test_json);
  ADD ("/hostile/log", test_log);

  return g_test_run ();
}
