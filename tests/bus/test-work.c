/* test-work.c: a caller on the bus takes a message, says what becomes of it, and may be gone at any moment
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-fixture.h"

#include "rb-channels.h"
#include "rb-core-private.h"
#include "rb-error.h"

#include <string.h>

#define ERROR "io.github.runtimebroker.Error."
#define HOUR_MS 3600000
#define PID 100

static void
arrive (RbBusFixture *fixture,
        gint64        seq,
        const char   *id)
{
  rb_fake_connector_deliver (fixture->core.connector, seq, id, "bob", "hello", "{\"correlation_id\":\"c1\"}");
  rb_bus_fixture_pass (fixture, 20);
}

/* The claim's id, as the text of a parameter: "'claim-1'". */
static char *
claim (RbBusFixture *fixture,
       const char   *message_id)
{
  g_autofree char *parameters = g_strdup_printf ("('%s', {'name': <'me'>})", message_id);
  g_autoptr(GVariant) answer = rb_bus_fixture_call_well (fixture, "Claim", parameters);
  g_autoptr(GVariant) shown = g_variant_get_child_value (answer, 1);
  const char *id, *text;

  g_variant_get_child (answer, 0, "&s", &id);
  g_assert_true (g_variant_lookup (shown, "content", "&s", &text));
  g_assert_cmpstr (text, ==, "hello");
  g_assert_cmpstr (rb_core_fixture_place (&fixture->core, message_id), ==, "assignment");
  return g_strdup_printf ("'%s'", id);
}

static char *
parameters_of (const char *claim_id,
               const char *rest)
{
  return g_strdup_printf ("(%s%s)", claim_id, rest);
}

/* Nobody is left who was there for a caller; @n: adapters. */
static void
assert_alone (RbBusFixture *fixture,
              guint         n)
{
  rb_bus_fixture_pass (fixture, 20);
  rb_test_wait_until (rb_registry_get_n (fixture->core.core->registry) == n);
  g_assert_cmpuint (rb_channels_get_n (fixture->core.core), ==, n);
  g_assert_true (rb_bus_is_quiet (fixture->bus));
}

static void
assert_empty (RbBusFixture *fixture)
{
  assert_alone (fixture, 0);
}

static void
leave (RbBusFixture *fixture)
{
  g_assert_true (g_dbus_connection_flush_sync (fixture->caller, NULL, NULL));
  g_dbus_connection_close_sync (fixture->caller, NULL, NULL);
  g_clear_object (&fixture->caller);
  rb_bus_fixture_connect (fixture);
  rb_bus_fixture_pass (fixture, 20);
}

static void
test_reply (RbBusFixture *fixture,
            gconstpointer data)
{
  g_autofree char *id = NULL;
  g_autofree char *parameters = NULL;
  g_autoptr(GVariant) answer = NULL;
  const char *status;
  GBytes *content;

  g_test_summary ("Who claims a message has it for as long as they are there, and answers it once.");

  if (fixture->bus == NULL)
    return;
  arrive (fixture, 1, "m1");
  id = claim (fixture, "m1");
  rb_bus_fixture_pass (fixture, HOUR_MS);
  g_assert_cmpstr (rb_core_fixture_place (&fixture->core, "m1"), ==, "assignment");
  parameters = parameters_of (id, ", 'HELLO', {'content_type': <'text'>}");
  answer = rb_bus_fixture_call_well (fixture, "Reply", parameters);
  g_variant_get_child (answer, 1, "&s", &status);
  g_assert_cmpstr (status, ==, "delivered");
  g_assert_cmpuint (fixture->core.connector->sent->len, ==, 1);
  content = rb_envelope_get_content (g_ptr_array_index (fixture->core.connector->sent, 0));
  g_assert_cmpmem (g_bytes_get_data (content, NULL), g_bytes_get_size (content), "\"HELLO\"", 7);
  rb_bus_fixture_call_badly (fixture, "Reply", parameters, ERROR "NotFound", "unknown_claim: ");
  g_assert_cmpstr (rb_core_fixture_place (&fixture->core, "m1"), ==, "ended");
  assert_empty (fixture);
}

static void
test_reply_again (RbBusFixture *fixture,
                  gconstpointer data)
{
  g_autofree char *id = NULL;
  g_autofree char *parameters = NULL;
  g_autofree char *other = NULL;
  g_autofree char *release = NULL;
  g_autoptr(GVariant) answer = NULL;

  g_test_summary ("An answer that the network did not take may be sent again, and nothing else; the message cannot go back any more.");

  if (fixture->bus == NULL)
    return;
  arrive (fixture, 1, "m1");
  id = claim (fixture, "m1");
  parameters = parameters_of (id, ", 'HELLO', @a{sv} {}");
  other = parameters_of (id, ", 'OTHER', @a{sv} {}");
  release = parameters_of (id, ",");
  fixture->core.connector->failure = rb_error_new (RB_ERROR_UNAVAILABLE, "offline", "the network is away");
  rb_bus_fixture_call_badly (fixture, "Reply", parameters, ERROR "Unavailable", "");
  g_clear_error (&fixture->core.connector->failure);
  rb_bus_fixture_call_badly (fixture, "Release", release, ERROR "BadState", "claim_accepted: ");
  rb_bus_fixture_call_badly (fixture, "Reply", other, ERROR "BadState", "runtime_assignment_reply_idempotency_conflict: ");
  answer = rb_bus_fixture_call_well (fixture, "Reply", parameters);
  g_assert_cmpuint (fixture->core.connector->sent->len, ==, 2);
  g_assert_cmpstr (rb_envelope_get_id (g_ptr_array_index (fixture->core.connector->sent, 0)), ==,
                   rb_envelope_get_id (g_ptr_array_index (fixture->core.connector->sent, 1)));
  assert_empty (fixture);
}

static void
test_other_ends (RbBusFixture *fixture,
                 gconstpointer data)
{
  static const struct {
    const char *method, *rest, *place, *reason;
  } rows[] = {
    { "Release", ",", "inbox", "unaddressed" },
    { "Fail", ", 'not mine'", "ended", "processing_failed" },
    { "Settle", NULL, "ended", "handled_no_reply" },
  };

  g_test_summary ("Who has a message may give it back, let it fail, or declare it handled.");

  if (fixture->bus == NULL)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *message_id = g_strdup_printf ("m%" G_GSIZE_FORMAT, i);
      g_autofree char *id = NULL;
      g_autofree char *parameters = NULL;
      g_autoptr(GVariant) answer = NULL;

      arrive (fixture, (gint64) i + 1, message_id);
      id = claim (fixture, message_id);
      parameters = rows[i].rest != NULL ? parameters_of (id, rows[i].rest) : g_strdup_printf ("('%s',)", message_id);
      answer = rb_bus_fixture_call_well (fixture, rows[i].method, parameters);
      g_assert_cmpstr (rb_core_fixture_place (&fixture->core, message_id), ==, rows[i].place);
      g_assert_cmpstr (rb_core_fixture_reason (&fixture->core, message_id), ==, rows[i].reason);
      assert_empty (fixture);
    }
}

static void
test_settle (RbBusFixture *fixture,
             gconstpointer data)
{
  g_autoptr(GVariant) answer = NULL;

  g_test_summary ("A message that nobody has is declared handled without being claimed.");

  if (fixture->bus == NULL)
    return;
  arrive (fixture, 1, "m1");
  answer = rb_bus_fixture_call_well (fixture, "Settle", "('m1',)");
  g_assert_cmpstr (rb_core_fixture_reason (&fixture->core, "m1"), ==, "handled_no_reply");
  assert_empty (fixture);
}

static void
test_others (RbBusFixture *fixture,
             gconstpointer data)
{
  g_autofree char *id = NULL;
  g_autofree char *reply = NULL;
  g_autofree char *fail = NULL;
  g_autoptr(GDBusConnection) owner = NULL;
  g_autoptr(GVariant) rule = NULL;

  g_test_summary ("What one caller has is no other's, whoever they are; what is held, unknown or badly asked for is refused.");

  if (fixture->bus == NULL)
    return;
  arrive (fixture, 1, "m1");
  id = claim (fixture, "m1");
  reply = parameters_of (id, ", 'HELLO', @a{sv} {}");
  fail = parameters_of (id, ", ''");
  owner = g_steal_pointer (&fixture->caller);
  rb_bus_fixture_connect (fixture);
  rb_bus_fixture_call_badly (fixture, "Reply", reply, ERROR "NotFound", "unknown_claim: ");
  rb_bus_fixture_call_badly (fixture, "Fail", fail, ERROR "NotFound", "unknown_claim: ");
  rb_bus_fixture_call_badly (fixture, "Claim", "('m1', @a{sv} {})", ERROR "NotFound", "runtime_self_claim_rejected: ");
  rb_bus_fixture_call_badly (fixture, "Settle", "('m1',)", ERROR "BadState", "message_in_other_hands: ");

  rb_bus_fixture_call_badly (fixture, "Claim", "('none', @a{sv} {})", ERROR "NotFound", "runtime_self_claim_rejected: ");
  rb_bus_fixture_call_badly (fixture, "Claim", "('', @a{sv} {})", ERROR "Invalid", "undispatched_id_invalid: ");
  rb_bus_fixture_call_badly (fixture, "Claim", "('m1', {'name': <5>})", ERROR "Invalid", "bad_request: 'name' is of type 's', not 'i'");
  rb_bus_fixture_call_badly (fixture, "Claim", "('m1', {'colour': <'red'>})", ERROR "Invalid", "bad_request: there is no option 'colour'");
  rb_bus_fixture_call_badly (fixture, "Claim", "('m1', {'name': <''>})", ERROR "Invalid", "bad_request: 'name' must have 1 to 100 characters");
  rb_bus_fixture_call_badly (fixture, "Claim", "(5, @a{sv} {})", "org.freedesktop.DBus.Error.InvalidArgs", "");
  rb_bus_fixture_call_badly (fixture, "Settle", "('none',)", ERROR "NotFound", "runtime_self_settle_rejected: ");
  rb_bus_fixture_call_badly (fixture, "Settle", "('',)", ERROR "Invalid", "undispatched_id_invalid: ");
  rb_bus_fixture_call_badly (fixture, "Show", "('none',)", ERROR "NotFound", "");
  rule = rb_bus_fixture_call_well (fixture, "SetPolicy", "('message', 'bob', '', 'hold', '')");
  arrive (fixture, 2, "m2");
  rb_bus_fixture_call_badly (fixture, "Claim", "('m2', @a{sv} {})", ERROR "BadState", "message_held: ");
  rb_bus_fixture_call_badly (fixture, "Settle", "('m2',)", ERROR "BadState", "message_held: ");

  g_assert_cmpstr (rb_core_fixture_place (&fixture->core, "m1"), ==, "assignment");
  g_dbus_connection_close_sync (owner, NULL, NULL);
  rb_bus_fixture_pass (fixture, 20);
  assert_empty (fixture);
}

static void
test_bad_words (RbBusFixture *fixture,
                gconstpointer data)
{
  static const struct {
    const char *rest, *name, *text;
  } rows[] = {
    { ", 'hi', {'metadata': <'[]'>}", ERROR "Invalid", "" },
    { ", 'hi', {'require_live': <true>}", ERROR "Invalid", "bad_request: there is no option 'require_live'" },
    { ", 'hi', {'content_type': <@x 5>}", ERROR "Invalid", "bad_request: 'content_type' is of type 's', not 'x'" },
    { ", 'hi'", "org.freedesktop.DBus.Error.InvalidArgs", "" },
  };
  g_autofree char *long_text = g_strnfill (1024 * 1024, 'x');
  g_autofree char *id = NULL;
  g_autofree char *too_long = NULL;
  g_autofree char *release = NULL;
  g_autoptr(GVariant) answer = NULL;

  g_test_summary ("An answer that cannot be sent leaves the claim as it was.");

  if (fixture->bus == NULL)
    return;
  arrive (fixture, 1, "m1");
  id = claim (fixture, "m1");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *parameters = parameters_of (id, rows[i].rest);

      rb_bus_fixture_call_badly (fixture, "Reply", parameters, rows[i].name, rows[i].text);
    }
  too_long = g_strdup_printf ("(%s, '%s', @a{sv} {})", id, long_text);
  rb_bus_fixture_call_badly (fixture, "Reply", too_long, ERROR "TooLarge", "payload_too_large: ");
  release = parameters_of (id, ",");
  answer = rb_bus_fixture_call_well (fixture, "Release", release);
  g_assert_cmpstr (rb_core_fixture_place (&fixture->core, "m1"), ==, "inbox");
}

static void
test_vanish (RbBusFixture *fixture,
             gconstpointer data)
{
  g_autofree char *id = NULL;
  g_autofree char *next = NULL;

  g_test_summary ("Who leaves the bus leaves what they had, and another may have it.");

  if (fixture->bus == NULL)
    return;
  arrive (fixture, 1, "m1");
  id = claim (fixture, "m1");
  leave (fixture);
  assert_empty (fixture);
  g_assert_cmpstr (rb_core_fixture_place (&fixture->core, "m1"), ==, "inbox");
  next = claim (fixture, "m1");
}

static void
test_bus_goes (RbBusFixture *fixture,
               gconstpointer data)
{
  g_autofree char *id = NULL;

  g_test_summary ("With the bus all callers are gone, and what they had is in the inbox; so it is when we stop.");

  if (fixture->bus == NULL)
    return;
  arrive (fixture, 1, "m1");
  id = claim (fixture, "m1");
  g_signal_handlers_disconnect_by_data (fixture->caller, fixture);
  rb_bus_fixture_stop_bus (fixture);
  rb_test_wait_until (g_strcmp0 (rb_core_fixture_place (&fixture->core, "m1"), "inbox") == 0);

  g_clear_object (&fixture->caller);
  rb_bus_fixture_start_bus (fixture);
  rb_fake_clock_advance (fixture->core.clock, 10000);
  rb_bus_fixture_wait_state (fixture, "owned");
  rb_bus_fixture_connect (fixture);
  g_clear_pointer (&id, g_free);
  id = claim (fixture, "m1");
  rb_bus_stop (fixture->bus);
  rb_test_wait_until (g_strcmp0 (rb_core_fixture_place (&fixture->core, "m1"), "inbox") == 0);
}

static void
test_crash (RbBusFixture *fixture,
            gconstpointer data)
{
  g_autofree char *id = NULL;

  g_test_summary ("What a caller had when the broker died is in the inbox of the next one.");

  if (fixture->bus == NULL)
    return;
  arrive (fixture, 1, "m1");
  id = claim (fixture, "m1");
  g_clear_pointer (&fixture->bus, rb_bus_free);
  rb_core_fixture_crash (&fixture->core);
  rb_fake_clock_advance (fixture->core.clock, HOUR_MS);
  rb_test_settle ();
  g_assert_cmpstr (rb_core_fixture_place (&fixture->core, "m1"), ==, "inbox");
}

static void
test_full (RbBusFixture *fixture,
           gconstpointer data)
{
  g_autofree char *id = NULL;
  g_autofree char *release = NULL;
  g_autoptr(GVariant) answer = NULL;

  g_test_summary ("So many messages may be with callers; a further one stays in the inbox, and that is counted.");

  if (fixture->bus == NULL)
    return;
  for (guint i = 0; i < RB_BUS_CLAIMS_MAX; i++)
    {
      g_autofree char *message_id = g_strdup_printf ("m%u", i);

      rb_fake_connector_deliver (fixture->core.connector, i + 1, message_id, "bob", "hello", NULL);
      rb_test_settle ();
      g_free (id);
      id = claim (fixture, message_id);
    }
  arrive (fixture, RB_BUS_CLAIMS_MAX + 1, "m64");
  rb_bus_fixture_call_badly (fixture, "Claim", "('m64', @a{sv} {})", ERROR "Unavailable", "too_many_claims: ");
  rb_test_assert_bound (g_ptr_array_index (fixture->core.core->all_bounds, fixture->core.core->all_bounds->len - 1), "bus_claims");
  release = parameters_of (id, ",");
  answer = rb_bus_fixture_call_well (fixture, "Release", release);
  g_free (claim (fixture, "m64"));
}

/* Calls that are at work while their caller leaves. In @arguments MESSAGE is a message of the inbox, HELD one that is held, CLAIM a claim of the
 * first. What becomes of both, how many are sent, and how many rules there are more. */
static const struct {
  const char *method, *arguments, *message, *held;
  guint       n_sent;
  int         n_rules;
} effects[] = {
  { "Claim", "('MESSAGE', @a{sv} {})", "inbox", "held", 0, 0 },
  { "Reply", "(CLAIM, 'HELLO', @a{sv} {})", "ended", "held", 1, 0 },
  { "Fail", "(CLAIM, '')", "ended", "held", 0, 0 },
  { "Release", "(CLAIM,)", "inbox", "held", 0, 0 },
  { "Settle", "('MESSAGE',)", "ended", "held", 0, 0 },
  { "Dispatch", "('MESSAGE', 'ep_1')", "assignment", "held", 0, 0 },
  { "AcceptHeld", "('HELD', false)", "inbox", "inbox", 0, 0 },
  { "RefuseHeld", "('HELD', false, 'no')", "inbox", "ended", 0, 0 },
  { "Send", "('bob', 'hi', @a{sv} {})", "inbox", "held", 1, 0 },
  { "SetPolicy", "('message', 'ann', '', 'hold', '')", "inbox", "held", 0, 1 },
  { "ApplyPolicy", "(@x 1,)", "inbox", "held", 0, 0 },
  { "RemovePolicy", "(@x 2,)", "inbox", "held", 0, -1 },
  { "RetryDeadLetters", "(@x 0,)", "inbox", "held", 0, 0 },
  { "Restart", "()", "inbox", "held", 0, 0 },
};

static GVariant *
make_arguments (RbBusFixture *fixture,
                const char   *text,
                const char   *message_id,
                const char   *held_id)
{
  g_autoptr(GString) arguments = g_string_new (text);
  g_autofree char *id = strstr (text, "CLAIM") != NULL ? claim (fixture, message_id) : NULL;

  g_string_replace (arguments, "MESSAGE", message_id, 0);
  g_string_replace (arguments, "HELD", held_id, 0);
  if (id != NULL)
    g_string_replace (arguments, "CLAIM", id, 0);
  return g_variant_new_parsed (arguments->str);
}

static void
vanish_during (RbBusFixture *fixture,
               guint         i)
{
  g_autofree char *message_id = g_strdup_printf ("m%u", i);
  g_autofree char *held_id = g_strdup_printf ("h%u", i);
  guint n_sent = fixture->core.connector->sent->len;
  guint n_rules = rb_policy_get_n (fixture->core.core->policy);
  GVariant *arguments;

  g_test_message ("%s %s", effects[i].method, effects[i].arguments);
  arrive (fixture, 2 * i + 1, message_id);
  rb_fake_connector_deliver (fixture->core.connector, 2 * i + 2, held_id, "eve", "hello", NULL);
  rb_bus_fixture_pass (fixture, 20);
  arguments = make_arguments (fixture, effects[i].arguments, message_id, held_id);
  rb_fake_store_set_hold (fixture->core.store, TRUE);
  rb_bus_fixture_start (fixture, "", "", effects[i].method, arguments, NULL);
  leave (fixture);
  rb_fake_store_set_hold (fixture->core.store, FALSE);
  assert_alone (fixture, 1);
  g_assert_cmpstr (rb_core_fixture_place (&fixture->core, message_id), ==, effects[i].message);
  g_assert_cmpstr (rb_core_fixture_place (&fixture->core, held_id), ==, effects[i].held);
  g_assert_cmpuint (fixture->core.connector->sent->len, ==, n_sent + effects[i].n_sent);
  g_assert_cmpint ((int) rb_policy_get_n (fixture->core.core->policy), ==, (int) n_rules + effects[i].n_rules);
}

static void
test_effects (RbBusFixture *fixture,
              gconstpointer data)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *endpoint_id = NULL;
  g_autoptr(GVariant) rule = NULL;

  g_test_summary ("What a caller began is done when the caller is gone before it is: whole, and nothing of the caller is left.");

  if (fixture->bus == NULL)
    return;
  channel = rb_core_fixture_attach (&fixture->core, PID, FALSE);
  endpoint_id = rb_core_fixture_register (&fixture->core, PID, RB_BACKGROUND, "s1", NULL);
  g_assert_cmpstr (endpoint_id, ==, "ep_1");
  rule = rb_bus_fixture_call_well (fixture, "SetPolicy", "('message', 'eve', '', 'hold', '')");
  for (guint i = 0; i < G_N_ELEMENTS (effects); i++)
    vanish_during (fixture, i);
  g_assert_cmpuint (fixture->n_restarts, ==, 1);
}

#define ADD(path, function) g_test_add (path, RbBusFixture, NULL, rb_bus_fixture_set_up, function, rb_bus_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  ADD ("/at-work/reply", test_reply);
  ADD ("/at-work/reply/again", test_reply_again);
  ADD ("/at-work/other-ends", test_other_ends);
  ADD ("/at-work/settle", test_settle);
  ADD ("/at-work/others", test_others);
  ADD ("/at-work/bad-words", test_bad_words);
  ADD ("/at-work/vanish", test_vanish);
  ADD ("/at-work/bus-goes", test_bus_goes);
  ADD ("/at-work/crash", test_crash);
  ADD ("/at-work/full", test_full);
  ADD ("/at-work/effects", test_effects);
  return g_test_run ();
}
