/* test-calls.c: what callers on the bus may ask for
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-fixture.h"

#include "rb-bus-gate.h"
#include "rb-bus-kind.h"
#include "rb-bus-path.h"
#include "rb-channels.h"
#include "rb-core-private.h"
#include "rb-needs.h"

#include <string.h>

#define PID 100
#define ERROR "io.github.runtimebroker.Error."

/* Something that fits the signatures of a method's arguments. */
static GVariant *
make_parameters (GDBusArgInfo **args)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_TUPLE);
  for (guint i = 0; args != NULL && args[i] != NULL; i++)
    {
      if (g_str_equal (args[i]->signature, "s"))
        g_variant_builder_add (&builder, "s", "none");
      else if (g_str_equal (args[i]->signature, "b"))
        g_variant_builder_add (&builder, "b", FALSE);
      else if (g_str_equal (args[i]->signature, "x"))
        g_variant_builder_add (&builder, "x", (gint64) 0);
      else if (g_str_equal (args[i]->signature, "b"))
        g_variant_builder_add (&builder, "b", FALSE);
      else
        g_variant_builder_add (&builder, "a{sv}", NULL);
    }
  return g_variant_builder_end (&builder);
}

static void
test_all (RbBusFixture *fixture,
          gconstpointer data)
{
  g_test_summary ("Each method of the broker's interface is answered, with a value of the type that it says or with an error of ours.");

  if (fixture->bus == NULL)
    return;
  for (GDBusMethodInfo **method = rb_bus_kind_get_interface (RB_BUS_BROKER)->methods; *method != NULL; method++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GVariant) answer = rb_bus_fixture_call (fixture, "", "", (*method)->name, make_parameters ((*method)->in_args), &error);
      g_autofree char *name = error != NULL ? g_dbus_error_get_remote_error (error) : NULL;

      g_test_message ("%s: %s", (*method)->name, answer != NULL ? g_variant_get_type_string (answer) : name);
      g_assert_true (answer != NULL || g_str_has_prefix (name, ERROR));
    }
  g_assert_cmpuint (fixture->n_restarts, ==, 1);
}

static gboolean
has_signal (RbBusFixture *fixture,
            const char   *name,
            const char   *part)
{
  for (guint i = 0; i < fixture->signals->len; i++)
    if (g_str_has_prefix (fixture->signals->pdata[i], name) && strstr (fixture->signals->pdata[i], part) != NULL)
      return TRUE;
  return FALSE;
}

static void
test_use_connector (RbBusFixture *fixture,
                    gconstpointer data)
{
  g_autoptr(GVariant) answer = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *wish = NULL;
  g_autofree char *text = NULL;

  g_test_summary ("Another connector is asked for by its name, for this run or for good; an option that there is not is refused.");

  if (fixture->bus == NULL)
    return;
  answer = rb_bus_fixture_call (fixture, "", "", "UseConnector", g_variant_new_parsed ("('other', {'once': <true>})"), &error);
  g_assert_no_error (error);
  text = g_variant_print (answer, FALSE);
  g_assert_cmpstr (text, ==, "({'connector': <'other'>},)");
  wish = g_variant_print (fixture->wish, FALSE);
  g_assert_cmpstr (wish, ==, "('other', true)");
  g_clear_pointer (&fixture->wish, g_variant_unref);

  g_assert_null (rb_bus_fixture_call (fixture, "", "", "UseConnector", g_variant_new_parsed ("('other', {'twice': <true>})"), &error));
  g_assert_nonnull (strstr (error->message, "twice"));
  g_assert_null (fixture->wish);

  /* And then it has an object, and the one before has none. */
  fixture->has_other = TRUE;
  rb_core_exchange_connector (fixture->core.core);
  rb_test_settle ();
  rb_fake_clock_advance (fixture->core.clock, 1000);
  rb_test_wait_until (has_signal (fixture, "InterfacesAdded", "other"));
  rb_test_wait_until (has_signal (fixture, "InterfacesRemoved", "local"));
}

static void
test_dispatch (RbBusFixture *fixture,
               gconstpointer data)
{
  g_autoptr(RbFakeChannel) channel = NULL;
  g_autofree char *endpoint_id = NULL;
  g_autoptr(GVariant) story = NULL;
  g_autoptr(GVariant) inbox = NULL;
  g_autoptr(GVariant) first = NULL;
  g_autoptr(GVariant) second = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;

  g_test_summary ("A message is given to an endpoint, by the broker's method or by its own; errors have a name and a code.");

  if (fixture->bus == NULL)
    return;
  channel = rb_core_fixture_attach (&fixture->core, PID, FALSE);
  endpoint_id = rb_core_fixture_register (&fixture->core, PID, RB_BACKGROUND, "s1", NULL);
  rb_fake_connector_deliver (fixture->core.connector, 1, "m1", "bob", "hello", NULL);
  rb_fake_connector_deliver (fixture->core.connector, 2, "m2", "bob", "hello", NULL);
  rb_bus_fixture_pass (fixture, 20);

  g_assert_null (rb_bus_fixture_call (fixture, "", "", "Dispatch", g_variant_new ("(ss)", "m1", "nobody"), &error));
  rb_bus_assert_error (&error, ERROR "Invalid", "dispatch_failed: ");
  g_assert_null (rb_bus_fixture_call (fixture, "", "", "Explain", g_variant_new ("(s)", "nothing"), &error));
  rb_bus_assert_error (&error, ERROR "NotFound", "");

  first = rb_bus_fixture_call (fixture, "", "", "Dispatch", g_variant_new ("(ss)", "m1", endpoint_id), &error);
  g_assert_no_error (error);
  second = rb_bus_fixture_call (fixture, "/messages/m2", ".Message", "Dispatch", g_variant_new ("(s)", endpoint_id), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (rb_core_fixture_place (&fixture->core, "m1"), ==, "assignment");
  g_assert_cmpstr (rb_core_fixture_place (&fixture->core, "m2"), ==, "assignment");
  inbox = rb_bus_fixture_call (fixture, "", "", "ListInbox", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_n_children (inbox), ==, 1);
  text = g_variant_print (inbox, FALSE);
  g_assert_cmpstr (text, ==, "([],)");
  story = rb_bus_fixture_call (fixture, "", "", "Explain", g_variant_new ("(s)", "m1"), &error);
  g_assert_no_error (error);
}

static GVariant *
call_well (RbBusFixture *fixture,
           const char   *method,
           GVariant     *parameters)
{
  g_autoptr(GError) error = NULL;
  GVariant *answer = rb_bus_fixture_call (fixture, "", "", method, parameters, &error);

  g_assert_no_error (error);
  return answer;
}

static void
assert_list (RbBusFixture *fixture,
             const char   *method,
             guint         n)
{
  g_autoptr(GVariant) answer = call_well (fixture, method, NULL);
  g_autoptr(GVariant) list = g_variant_get_child_value (answer, 0);

  g_assert_cmpuint (g_variant_n_children (list), ==, n);
}

static void
test_dismiss (RbBusFixture *fixture,
              gconstpointer data)
{
  g_autoptr(GVariant) none = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("What the process finds of itself is among the needs, and goes with its cause; that there are no dead letters is no error.");

  if (fixture->bus == NULL)
    return;
  rb_needs_begin_trouble (fixture->core.core, RB_NEED_MODULE, "emitter-x", "no such file", "brokerctl modules");
  assert_list (fixture, "ListNeeds", 1);
  g_assert_null (rb_bus_fixture_call (fixture, "", "", "DismissNeed", g_variant_new ("(s)", "module:emitter-x"), &error));
  rb_bus_assert_error (&error, ERROR "NotSupported", "not_dismissed: ");
  none = call_well (fixture, "DismissNeed", g_variant_new ("(s)", RB_NEED_ALL_DEAD_LETTERS));
  g_assert_true (g_variant_equal (none, g_variant_new_parsed ("(@u 0,)")));
  rb_needs_end_trouble (fixture->core.core, RB_NEED_MODULE, "emitter-x");
  assert_list (fixture, "ListNeeds", 0);
}

static void
test_policy (RbBusFixture *fixture,
             gconstpointer data)
{
  g_autoptr(GVariant) rule = NULL;
  g_autoptr(GVariant) accepted = NULL;
  g_autoptr(GVariant) refused = NULL;
  g_autoptr(GVariant) removed = NULL;
  g_autofree char *reason = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A person makes rules and says what becomes of what is held; a held message is an object that says so and is not dispatched.");

  if (fixture->bus == NULL)
    return;
  g_assert_null (rb_bus_fixture_call (fixture, "", "", "SetPolicy", g_variant_new ("(sssss)", "message", "bob", "", "deny", ""), &error));
  rb_bus_assert_error (&error, ERROR "Invalid", "bad_rule: ");
  rule = call_well (fixture, "SetPolicy", g_variant_new ("(sssss)", "message", "bob", "", "hold", "who is that"));
  assert_list (fixture, "ListPolicy", 1);
  for (gint64 seq = 1; seq <= 2; seq++)
    rb_fake_connector_deliver (fixture->core.connector, seq, seq == 1 ? "m1" : "m2", "bob", "hello", NULL);
  rb_bus_fixture_pass (fixture, 20);
  assert_list (fixture, "ListHeld", 2);
  assert_list (fixture, "ListInbox", 0);

  reason = rb_bus_fixture_get (fixture, "/messages/m1", ".Message", "Reason");
  g_assert_cmpstr (reason, ==, "held");
  g_assert_null (rb_bus_fixture_call (fixture, "/messages/m1", ".Message", "Dispatch", g_variant_new ("(s)", "ep_1"), &error));
  rb_bus_assert_error (&error, ERROR "BadState", "message_held: ");

  accepted = call_well (fixture, "AcceptHeld", g_variant_new ("(sb)", "m1", FALSE));
  assert_list (fixture, "ListInbox", 1);
  refused = call_well (fixture, "RefuseHeld", g_variant_new ("(sbs)", "m2", TRUE, "no"));
  g_assert_cmpstr (rb_core_fixture_reason (&fixture->core, "m2"), ==, "refused_by_person");
  assert_list (fixture, "ListHeld", 0);
  g_assert_null (rb_bus_fixture_call (fixture, "", "", "AcceptHeld", g_variant_new ("(sb)", "m2", FALSE), &error));
  rb_bus_assert_error (&error, ERROR "NotFound", "not_held: ");
  removed = call_well (fixture, "RemovePolicy", g_variant_new ("(x)", (gint64) 1));
  g_assert_null (rb_bus_fixture_call (fixture, "", "", "RemovePolicy", g_variant_new ("(x)", (gint64) 1), &error));
  rb_bus_assert_error (&error, ERROR "NotFound", "unknown_rule: ");
}

static void
test_send (RbBusFixture *fixture,
           gconstpointer data)
{
  g_autoptr(GVariant) answer = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *member = NULL;
  const char *id, *status;
  GBytes *content;

  g_test_summary ("A caller sends as an endpoint of its own, which is gone again when that is done or refused.");

  if (fixture->bus == NULL)
    return;
  answer = rb_bus_fixture_call (fixture, "", "", "Send", g_variant_new_parsed ("('bob', 'say \"hi\"', {'metadata': <'{\"k\":\"v\"}'>})"), &error);
  g_assert_no_error (error);
  g_variant_get (answer, "(&s&s)", &id, &status);
  g_assert_true (g_uuid_string_is_valid (id));
  g_assert_cmpstr (status, ==, "delivered");
  g_assert_cmpuint (fixture->core.connector->sent->len, ==, 1);
  content = rb_envelope_get_content (g_ptr_array_index (fixture->core.connector->sent, 0));
  g_assert_cmpmem (g_bytes_get_data (content, NULL), g_bytes_get_size (content), "\"say \\\"hi\\\"\"", 12);
  member = rb_fake_connector_sent_metadata (fixture->core.connector, 0, "k");
  g_assert_cmpstr (member, ==, "v");
  rb_bus_fixture_pass (fixture, 20);
  g_assert_cmpuint (rb_registry_get_n (fixture->core.core->registry), ==, 0);

  g_assert_null (rb_bus_fixture_call (fixture, "", "", "Send", g_variant_new_parsed ("('bob', 'hi', {'metadata': <'{\"target_endpoint_id\":\"e\"}'>})"),
                                      &error));
  rb_bus_assert_error (&error, ERROR "Invalid", "target_endpoint_id_forbidden: ");
  rb_bus_fixture_pass (fixture, 20);
  g_assert_cmpuint (rb_registry_get_n (fixture->core.core->registry), ==, 0);
  g_assert_cmpuint (rb_channels_get_n (fixture->core.core), ==, 0);
}

static void
test_send_together (RbBusFixture *fixture,
                    gconstpointer data)
{
  GAsyncResult *results[3] = { NULL };
  g_autoptr(GError) error = NULL;

  g_test_summary ("Several callers send at once; what the network answers late is answered late, and nothing is left of it.");

  if (fixture->bus == NULL)
    return;
  fixture->core.connector->hold = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    rb_bus_fixture_start (fixture, "", "", "Send", g_variant_new_parsed ("('bob', 'hi', @a{sv} {})"), &results[i]);
  rb_bus_fixture_pass (fixture, 20);
  rb_test_wait_until (fixture->core.connector->waiting->len == G_N_ELEMENTS (results));
  g_assert_cmpuint (rb_registry_get_n (fixture->core.core->registry), ==, G_N_ELEMENTS (results));
  g_assert_cmpuint (rb_channels_get_n (fixture->core.core), ==, 1);
  fixture->core.connector->hold = FALSE;
  rb_fake_connector_answer (fixture->core.connector, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr(GVariant) answer = rb_bus_fixture_finish (fixture, &results[i], &error);

      g_assert_no_error (error);
    }
  rb_bus_fixture_pass (fixture, 20);
  g_assert_cmpuint (rb_registry_get_n (fixture->core.core->registry), ==, 0);
  g_assert_cmpuint (rb_channels_get_n (fixture->core.core), ==, 0);
}

static void
test_bad_input (RbBusFixture *fixture,
                gconstpointer data)
{
  static const struct {
    const char *method, *parameters, *name, *text;
  } rows[] = {
    { "Explain", "(5,)", "org.freedesktop.DBus.Error.InvalidArgs", "" },
    { "Explain", "('',)", ERROR "Invalid", "" },
    { "Dispatch", "('', '')", ERROR "Invalid", "dispatch_body_invalid: " },
    { "Search", "('', {'from': <5>})", ERROR "Invalid", "bad_request: 'from' is of type 's', not 'i'" },
    { "Search", "('', {'colour': <'red'>})", ERROR "Invalid", "bad_request: there is no option 'colour'" },
    { "Search", "('', {'limit': <uint32 201>})", ERROR "Invalid", "bad_request: 'limit' must be a whole number from 1 to 200" },
    { "Export", "({'cursor': <'nonsense'>},)", ERROR "Invalid", "bad_request: " },
    { "RetryDeadLetters", "(@x -1,)", ERROR "Invalid", "bad_request: there is no id -1" },
    { "RetryDeadLetters", "(@x 9,)", ERROR "NotFound", "dead_letter_unknown: " },
    { "DismissNeed", "('dead-letter:9',)", ERROR "NotFound", "not_waiting: " },
    { "DismissNeed", "('',)", ERROR "NotFound", "not_waiting: " },
    { "Send", "('bob', 'hi', {'metadata': <'[]'>})", ERROR "Invalid", "" },
    { "Send", "('bob', 'hi', {'metadata': <'{\"correlation_id\":\"c\"}'>})", ERROR "Invalid", "correlation_id_forbidden: " },
    { "Send", "('bob', 'hi', {'require_live': <5>})", ERROR "Invalid", "bad_request: 'require_live' is of type 'b', not 'i'" },
    { "Nonsense", "()", "org.freedesktop.DBus.Error.UnknownMethod", "" },
  };

  g_autofree char *long_text = g_strnfill (1024 * 1024, 'x');
  GVariant *options = g_variant_new ("a{sv}", NULL);
  g_autoptr(GError) long_error = NULL;

  g_test_summary ("Wrong types, unknown options and ids are refused, each with its name and its reason.");

  if (fixture->bus == NULL)
    return;
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    rb_bus_fixture_call_badly (fixture, rows[i].method, rows[i].parameters, rows[i].name, rows[i].text);

  g_assert_null (rb_bus_fixture_call (fixture, "", "", "Send", g_variant_new ("(ss@a{sv})", "bob", long_text, options), &long_error));
  rb_bus_assert_error (&long_error, ERROR "TooLarge", "payload_too_large: ");
}

static void
test_too_large (RbBusFixture *fixture,
                gconstpointer data)
{
  g_autofree char *id = g_strnfill (RB_BUS_CALL_BYTES, 'x');
  g_autoptr(GError) error = NULL;

  g_test_summary ("A call that says more than any needs is refused, whatever its method, and what it said is not repeated.");

  if (fixture->bus == NULL)
    return;
  g_assert_null (rb_bus_fixture_call (fixture, "", "", "Explain", g_variant_new ("(s)", id), &error));
  g_assert_cmpuint (strlen (error->message), <, 1000);
  rb_bus_assert_error (&error, ERROR "TooLarge", "call_too_large: ");
}

#define N_CALLERS (RB_BUS_CALLS_MAX / RB_BUS_CALLS_EACH)

/* All that one caller may, and 20 more. */
typedef struct {
  GDBusConnection *connection;
  GAsyncResult    *results[RB_BUS_CALLS_EACH + 20];
} Caller;

static void
flood (RbBusFixture *fixture,
       Caller       *caller)
{
  g_autoptr(GError) error = NULL;

  caller->connection = fixture->caller;
  for (guint i = 0; i < G_N_ELEMENTS (caller->results); i++)
    rb_bus_fixture_start (fixture, "", "", "ListInbox", NULL, &caller->results[i]);
  for (guint i = RB_BUS_CALLS_EACH; i < G_N_ELEMENTS (caller->results); i++)
    {
      g_assert_null (rb_bus_fixture_finish (fixture, &caller->results[i], &error));
      rb_bus_assert_error (&error, ERROR "Unavailable", "too_many_calls: ");
    }
  fixture->caller = NULL;
  rb_bus_fixture_connect (fixture);
}

static void
finish_flood (RbBusFixture *fixture,
              Caller       *caller)
{
  g_autoptr(GDBusConnection) current = g_steal_pointer (&fixture->caller);
  g_autoptr(GError) error = NULL;

  fixture->caller = caller->connection;
  for (guint i = 0; i < RB_BUS_CALLS_EACH; i++)
    {
      g_autoptr(GVariant) answer = rb_bus_fixture_finish (fixture, &caller->results[i], &error);

      g_assert_no_error (error);
    }
  g_dbus_connection_close_sync (fixture->caller, NULL, NULL);
  g_object_unref (fixture->caller);
  fixture->caller = g_steal_pointer (&current);
}

static void
test_flood (RbBusFixture *fixture,
            gconstpointer data)
{
  Caller callers[N_CALLERS] = { { NULL } };
  g_autoptr(GError) error = NULL;

  g_test_summary ("So many calls of one caller may wait, and so many of all; further ones are refused and can be made again, which is counted.");

  if (fixture->bus == NULL)
    return;
  rb_fake_store_set_hold (fixture->core.store, TRUE);
  for (guint i = 0; i < N_CALLERS; i++)
    flood (fixture, &callers[i]);
  g_assert_null (rb_bus_fixture_call (fixture, "", "", "ListInbox", NULL, &error));
  rb_bus_assert_error (&error, ERROR "Unavailable", "too_many_calls: ");
  rb_fake_store_set_hold (fixture->core.store, FALSE);
  for (guint i = 0; i < N_CALLERS; i++)
    finish_flood (fixture, &callers[i]);
  rb_test_assert_bound (g_ptr_array_index (fixture->core.core->all_bounds, fixture->core.core->all_bounds->len - 1), "bus_calls");
}

/* Not one turn of the loop meanwhile: GDBus's threads do what is done. */
static void
flood_gate (RbBusFixture *fixture,
            guint         n,
            gsize         size)
{
  g_autofree char *id = g_strnfill (size, 'x');
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < n; i++)
    g_dbus_connection_call (fixture->caller, RB_BUS_NAME, RB_BUS_ROOT, RB_BUS_NAME, "Explain", g_variant_new ("(s)", id), NULL,
                            G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
  g_assert_null (g_dbus_connection_call_sync (fixture->caller, RB_BUS_NAME, RB_BUS_ROOT, RB_BUS_NAME, "Explain",
                                              g_variant_new ("(s)", id), NULL, G_DBUS_CALL_FLAGS_NONE, 20000, NULL, &error));
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED);
  rb_bus_fixture_pass (fixture, 20);
}

static void
test_gate (RbBusFixture *fixture,
           gconstpointer data)
{
  RbBounds *bounds;

  g_test_summary ("What comes faster than it is looked at is refused, by number and by size, and does not pile up.");

  if (fixture->bus == NULL)
    return;
  bounds = g_ptr_array_index (fixture->core.core->all_bounds, fixture->core.core->all_bounds->len - 3);
  flood_gate (fixture, RB_BUS_GATE_MAX + 10, 1);
  rb_test_assert_bound (bounds, "bus_messages");
  rb_test_assert_logged ("bus_flooded", NULL);
  flood_gate (fixture, 40, 1900 * 1024);
  rb_test_assert_bound (bounds, "bus_message_kib");
}

static void
test_vanish (RbBusFixture *fixture,
             gconstpointer data)
{
  g_test_summary ("A caller that is gone when its answer is there disturbs nobody.");

  if (fixture->bus == NULL)
    return;
  rb_fake_store_set_hold (fixture->core.store, TRUE);
  for (guint i = 0; i < 10; i++)
    rb_bus_fixture_start (fixture, "", "", "ListInbox", NULL, NULL);
  g_assert_true (g_dbus_connection_flush_sync (fixture->caller, NULL, NULL));
  g_dbus_connection_close_sync (fixture->caller, NULL, NULL);
  g_clear_object (&fixture->caller);
  rb_test_settle ();
  rb_fake_store_set_hold (fixture->core.store, FALSE);
  rb_bus_fixture_connect (fixture);
  rb_bus_fixture_pass (fixture, 20);
}

static void
test_stop (RbBusFixture *fixture,
           gconstpointer data)
{
  GAsyncResult *result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Who waits when it stops is answered so.");

  if (fixture->bus == NULL)
    return;
  rb_fake_store_set_hold (fixture->core.store, TRUE);
  rb_bus_fixture_start (fixture, "", "", "ListInbox", NULL, &result);
  rb_bus_fixture_pass (fixture, 0);
  g_clear_pointer (&fixture->bus, rb_bus_free);
  g_assert_null (rb_bus_fixture_finish (fixture, &result, &error));
  rb_bus_assert_error (&error, ERROR "Unavailable", "broker_shutting_down: ");
  rb_fake_store_set_hold (fixture->core.store, FALSE);
  rb_test_settle ();
}

static void
start_held (RbBusFixture  *fixture,
            const char    *method,
            const char    *parameters,
            guint          n_commits,
            GAsyncResult **result)
{
  rb_bus_fixture_start (fixture, "", "", method, parameters != NULL ? g_variant_new_parsed (parameters) : NULL, result);
  rb_test_wait_until (rb_fake_store_get_n_waiting (fixture->core.store) >= n_commits);
}

static void
assert_given_up (RbBusFixture  *fixture,
                 GAsyncResult **result,
                 const char    *name,
                 const char    *words)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (rb_bus_fixture_finish (fixture, result, &error));
  g_assert_nonnull (strstr (error->message, words));
  rb_bus_assert_error (&error, name, "storage_unavailable: nothing can be stored now: the disk is full; ");
}

static void
test_full (RbBusFixture *fixture,
           gconstpointer data)
{
  GAsyncResult *send = NULL, *list = NULL, *policy = NULL;

  g_test_summary ("Who waits for a full disk hears so in seconds, and what becomes of it; what was not sent is not sent later.");

  if (fixture->bus == NULL)
    return;
  rb_fake_store_set_hold (fixture->core.store, TRUE);
  start_held (fixture, "Send", "('bob', 'hi', @a{sv} {})", 1, &send);
  start_held (fixture, "ListInbox", NULL, 2, &list);
  start_held (fixture, "SetPolicy", "('message', 'bob', '', 'hold', '')", 3, &policy);
  rb_fake_store_set_health (fixture->core.store, RB_STORE_FAILING, "the disk is full");
  rb_bus_fixture_pass (fixture, 4000);
  assert_given_up (fixture, &send, ERROR "Unavailable", "nothing was done");
  assert_given_up (fixture, &list, ERROR "Unavailable", "ask again");
  assert_given_up (fixture, &policy, ERROR "OutcomeUnknown", "may still be done");

  rb_fake_store_set_hold (fixture->core.store, FALSE);
  rb_fake_store_set_health (fixture->core.store, RB_STORE_OK, NULL);
  rb_bus_fixture_pass (fixture, 20);
  g_assert_cmpuint (fixture->core.connector->sent->len, ==, 0);
  g_assert_cmpuint (rb_fake_store_count (fixture->core.store, RB_TABLE_POLICY_RULES), ==, 1);
  g_variant_unref (rb_bus_fixture_call_well (fixture, "Send", "('bob', 'hi', @a{sv} {})"));
  g_assert_cmpuint (fixture->core.connector->sent->len, ==, 1);
}

#define ADD(path, function) g_test_add (path, RbBusFixture, NULL, rb_bus_fixture_set_up, function, rb_bus_fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  ADD ("/calls/all", test_all);
  ADD ("/calls/dispatch", test_dispatch);
  ADD ("/calls/dismiss", test_dismiss);
  ADD ("/calls/use-connector", test_use_connector);
  ADD ("/calls/policy", test_policy);
  ADD ("/calls/send", test_send);
  ADD ("/calls/send/together", test_send_together);
  ADD ("/calls/bad-input", test_bad_input);
  ADD ("/calls/too-large", test_too_large);
  ADD ("/calls/flood", test_flood);
  ADD ("/calls/gate", test_gate);
  ADD ("/calls/vanish", test_vanish);
  ADD ("/calls/disk-full", test_full);
  ADD ("/calls/stop", test_stop);
  return g_test_run ();
}
