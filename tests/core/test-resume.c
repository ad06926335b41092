/* test-resume.c: an adapter that registers again has its endpoint back
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-fixture.h"

#include "rb-core-private.h"
#include "rb-error.h"

/* Source: protocol.md 7.2, 7.5, 21.6. Each way in which a break comes about, then what a registration finds after it. */

#define PID 100
#define OTHER 200

typedef enum {
  CHANNEL_CLOSED,
  HALF_OPEN,        /* the adapter opens another while we think that the first is there */
  KILLED,
  STOPPED,
} Break;

typedef struct {
  const char *name;
  Break       how;
  gboolean    has_receipts;
  const char *network;
} Case;

static const Case cases[] = {
  { "channel-closed", CHANNEL_CLOSED, TRUE, NULL },
  { "half-open", HALF_OPEN, TRUE, NULL },
  { "killed", KILLED, TRUE, NULL },
  { "killed/without-receipts", KILLED, FALSE, NULL },
  { "killed/authority", KILLED, TRUE, "network" },
  { "stopped", STOPPED, TRUE, NULL },
  { "stopped/without-receipts", STOPPED, FALSE, NULL },
  { "stopped/authority", STOPPED, TRUE, "network" },
};

static RbFakeChannel *
come_back (RbCoreFixture *fixture,
           Break          how,
           RbFakeChannel *channel)
{
  gboolean has_receipts = rb_channel_has_receipts (RB_CHANNEL (channel));

  switch (how)
    {
    case CHANNEL_CLOSED:
      rb_core_fixture_detach (fixture, channel);
      break;
    case HALF_OPEN:
      break;
    case KILLED:
      rb_core_fixture_crash (fixture);
      break;
    case STOPPED:
      rb_core_fixture_restart (fixture);
      break;
    }
  return rb_core_fixture_attach (fixture, PID, has_receipts);
}

static void
set_up (RbCoreFixture *fixture,
        gconstpointer  data)
{
  rb_core_fixture_set_up (fixture, data != NULL ? ((const Case *) data)->network : NULL);
}

static void
set_up_plain (RbCoreFixture *fixture,
              gconstpointer  data)
{
  rb_core_fixture_set_up (fixture, NULL);
}

static guint
count_registrations (RbCoreFixture *fixture)
{
  return fixture->upstream->n_calls[RB_UPSTREAM_REGISTER_ENDPOINT];
}

static void
assert_one (RbCoreFixture *fixture,
            const char    *id)
{
  g_assert_cmpuint (rb_registry_get_n (fixture->core->registry), ==, 1);
  g_assert_cmpint (rb_registry_lookup (fixture->core->registry, id)->state, ==, RB_ENDPOINT_ACTIVE);
  g_assert_cmpuint (rb_fake_store_count (fixture->store, RB_TABLE_ENDPOINTS), ==, 1);
  g_assert_cmpuint (count_registrations (fixture), ==, 1);
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_UNREGISTER], ==, 0);
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"state\":\"closed\""), ==, 0);
}

static void
test_same (RbCoreFixture *fixture,
           gconstpointer  data)
{
  const Case *one = data;
  g_autoptr(RbFakeChannel) first = rb_core_fixture_attach (fixture, PID, one->has_receipts);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autofree char *token = NULL;
  g_autofree char *new_token = NULL;
  g_autofree char *id = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", &token);
  g_autofree char *again = NULL;

  g_test_summary ("The same endpoint: id, owner token, conversations; nothing is registered or unregistered upstream.");

  rb_router_add (fixture->core->router, rb_registry_lookup (fixture->core->registry, id), "c", 1, NULL);
  second = come_back (fixture, one->how, first);
  again = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", &new_token);
  rb_test_settle ();
  g_assert_cmpstr (again, ==, id);
  g_assert_cmpstr (new_token, ==, token);
  assert_one (fixture, id);
}

static void
test_queue (RbCoreFixture *fixture,
            gconstpointer  data)
{
  const Case *one = data;
  g_autoptr(RbFakeChannel) first = rb_core_fixture_attach (fixture, PID, one->has_receipts);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autofree char *id = rb_core_fixture_register (fixture, PID, RB_PLAIN, "s1", NULL);
  g_autofree char *again = NULL;

  g_test_summary ("What came while it was away is pushed to it, in order, when it is back.");

  rb_core_fixture_detach (fixture, first);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *message = g_strdup_printf ("m%u", i);

      rb_fake_connector_deliver (fixture->connector, 1000 + i, message, "bob", "x",
                                 "{\"target_endpoint_id\":\"ep_1\",\"correlation_id\":\"c\"}");
    }
  rb_test_settle ();
  second = come_back (fixture, one->how == CHANNEL_CLOSED ? HALF_OPEN : one->how, first);
  again = rb_core_fixture_register (fixture, PID, RB_PLAIN, "s1", NULL);
  rb_test_settle ();
  g_assert_cmpstr (again, ==, id);
  g_assert_cmpstr (rb_fake_channel_get (second, 0)->source_message_id, ==, "m0");
  g_assert_cmpstr (rb_fake_channel_get (second, 0)->endpoint_id, ==, id);
  if (one->has_receipts)
    {
      g_assert_cmpuint (second->pushes->len, ==, 1);
      rb_core_fixture_receipt (fixture, second, 0);
    }
  g_assert_cmpuint (second->pushes->len, ==, 2);
  g_assert_cmpstr (rb_fake_channel_get (second, 1)->source_message_id, ==, "m1");
  assert_one (fixture, id);
}

static void
test_assignment (RbCoreFixture *fixture,
                 gconstpointer  data)
{
  const Case *one = data;
  g_autoptr(RbFakeChannel) first = rb_core_fixture_attach (fixture, PID, one->has_receipts);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autofree char *token = NULL;
  g_autofree char *new_token = NULL;
  g_autofree char *id = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", &token);
  g_autofree char *again = NULL;
  g_autofree char *assignment_id = NULL;
  g_autofree char *wire_id = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("Work that was accepted goes on, with the same token, and is answered once.");

  rb_fake_connector_deliver (fixture->connector, 1, "m1", "bob", "work", NULL);
  rb_test_settle ();
  rb_core_fixture_dispatch_start (fixture, "m1", id, NULL);
  assignment_id = g_strdup (rb_fake_channel_get (first, 0)->assignment_id);
  if (one->has_receipts)
    rb_core_fixture_receipt (fixture, first, 0);
  rb_core_fixture_report (fixture, PID, id, token, "m1", assignment_id, 2, "adapter_accepted", &error);
  g_assert_no_error (error);

  second = come_back (fixture, one->how, first);
  again = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", &new_token);
  rb_test_settle ();
  g_assert_cmpuint (second->pushes->len, ==, 0);
  wire_id = rb_core_fixture_reply (fixture, PID, again, new_token, "m1", assignment_id, "r1", "done", &error);
  g_assert_no_error (error);
  g_assert_nonnull (wire_id);
  assert_one (fixture, id);
}

/* Who is another one: everything that the upstream would be told otherwise. */
typedef struct {
  const char    *name;
  gint64         pid;
  RbFixtureKind  kind;
  const char    *session;
} Other;

static const Other others[] = {
  { "another session", PID, RB_HYBRID, "s2" },
  { "no session", PID, RB_HYBRID, NULL },
  { "other capabilities", PID, RB_PLAIN, "s1" },
  { "another process", OTHER, RB_HYBRID, "s1" },
};

static void
test_others (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(RbFakeChannel) first = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", NULL);
  const Other *another = data;
  g_autoptr(RbFakeChannel) own = NULL;
  g_autoptr(RbFakeChannel) other = NULL;
  g_autofree char *again = NULL;

  g_test_summary ("Another session, process or kind of endpoint is another endpoint.");

  rb_core_fixture_crash (fixture);
  own = rb_core_fixture_attach (fixture, PID, TRUE);
  other = rb_core_fixture_attach (fixture, OTHER, TRUE);
  again = rb_core_fixture_register (fixture, another->pid, another->kind, another->session, NULL);
  g_assert_cmpstr (again, !=, id);
  g_assert_cmpuint (count_registrations (fixture), ==, 2);
}

static void
test_without_session (RbCoreFixture *fixture,
                      gconstpointer  data)
{
  g_autoptr(RbFakeChannel) first = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autofree char *again = NULL;

  g_test_summary ("Without a session nothing says that it is the same one.");

  second = come_back (fixture, KILLED, first);
  again = rb_core_fixture_register (fixture, PID, RB_PLAIN, NULL, NULL);
  g_assert_cmpstr (again, !=, id);
  g_assert_cmpint (rb_registry_lookup (fixture->core->registry, id)->state, ==, RB_ENDPOINT_RECONNECTING);
}

static void
test_legacy (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(RbFakeChannel) first = rb_fake_channel_new (PID, FALSE);
  g_autoptr(RbFakeChannel) second = rb_fake_channel_new (PID, FALSE);
  g_autofree char *id = NULL;
  g_autofree char *again = NULL;

  g_test_summary ("20.1: an old adapter's endpoint is its own again, too, and an old adapter's still.");

  fixture->settings.legacy_adapters = TRUE;
  rb_core_fixture_restart (fixture);
  first->is_legacy = second->is_legacy = TRUE;
  rb_channels_attach (fixture->core, RB_CHANNEL (first));
  id = rb_core_fixture_register (fixture, PID, RB_PLAIN, "s1", NULL);
  rb_core_fixture_crash (fixture);
  rb_channels_attach (fixture->core, RB_CHANNEL (second));
  again = rb_core_fixture_register (fixture, PID, RB_PLAIN, "s1", NULL);
  g_assert_cmpstr (again, ==, id);
  g_assert_true (rb_registry_lookup (fixture->core->registry, id)->traits->legacy);
}

static void
test_recycled_pid (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbFakeChannel) first = NULL;
  g_autoptr(RbFakeChannel) second = NULL;
  g_autofree char *id = NULL;
  g_autofree char *again = NULL;

  g_test_summary ("A process that got the pid meanwhile is a stranger; the old endpoint is closed.");

  first = rb_core_fixture_attach (fixture, PID, TRUE);
  id = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", NULL);
  rb_fake_processes_recycle (fixture->processes, PID);
  second = come_back (fixture, KILLED, first);
  rb_test_settle ();
  again = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", NULL);
  g_assert_cmpstr (again, !=, id);
  g_assert_null (rb_registry_lookup (fixture->core->registry, id));
  g_assert_cmpuint (rb_fake_emitter_count (fixture->journal, "\"reason\":\"plugin_exit\""), ==, 1);
}

static void
test_siblings (RbCoreFixture *fixture,
               gconstpointer  data)
{
  g_autoptr(RbFakeChannel) first = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *older = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", NULL);
  g_autofree char *newer = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", NULL);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autofree char *a = NULL;
  g_autofree char *b = NULL;
  g_autofree char *c = NULL;

  g_test_summary ("Two that cannot be told apart come back as two, in their order; a third registration is a third one.");

  second = come_back (fixture, KILLED, first);
  a = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", NULL);
  b = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", NULL);
  c = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", NULL);
  g_assert_cmpstr (a, ==, older);
  g_assert_cmpstr (b, ==, newer);
  g_assert_cmpuint (count_registrations (fixture), ==, 3);
  g_assert_cmpuint (rb_registry_get_n (fixture->core->registry), ==, 3);
}

static void
test_reattached_moved (RbCoreFixture *fixture,
                       gconstpointer  data)
{
  g_autoptr(RbFakeChannel) first = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", NULL);
  g_autoptr(RbFakeChannel) second = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *sibling = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("One that moved along and was asked for, in vain, is the adapter's: what it registers then is a sibling.");

  g_assert_false (rb_core_fixture_reattach (fixture, PID, id, NULL, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "endpoint_not_reconnecting");
  sibling = rb_core_fixture_register (fixture, PID, RB_HYBRID, "s1", NULL);
  g_assert_cmpstr (sibling, !=, id);
}

static void
fail_heartbeat (RbCoreFixture *fixture,
                gint64         status)
{
  GError *error = rb_error_new (status > 0 ? RB_ERROR_REJECTED : RB_ERROR_UNAVAILABLE, "x", "no");

  if (status > 0)
    rb_error_add_detail (error, "status", g_variant_new_int64 (status));
  rb_fake_upstream_set_failure (fixture->upstream, RB_UPSTREAM_HEARTBEAT, error);
}

static void
test_upstream_asked (RbCoreFixture *fixture,
                     gconstpointer  data)
{
  static const struct { gint64 status; gboolean same; } answers[] = { { 404, FALSE }, { 410, FALSE }, { 500, TRUE }, { 429, TRUE }, { 0, TRUE } };

  g_test_summary ("An upstream that forgot the endpoint is given a new one; whatever else it says, or nothing, keeps nobody away.");

  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autoptr(RbFakeChannel) first = rb_core_fixture_attach (fixture, PID, TRUE);
      g_autofree char *session = g_strdup_printf ("s%zu", i);
      g_autofree char *id = rb_core_fixture_register (fixture, PID, RB_HYBRID, session, NULL);
      g_autoptr(RbFakeChannel) second = NULL;
      g_autofree char *again = NULL;

      rb_core_fixture_detach (fixture, first);
      second = rb_core_fixture_attach (fixture, PID, TRUE);
      fail_heartbeat (fixture, answers[i].status);
      again = rb_core_fixture_register (fixture, PID, RB_HYBRID, session, NULL);
      g_assert_cmpint (g_str_equal (again, id), ==, answers[i].same);
      rb_core_fixture_detach (fixture, second);
      rb_core_fixture_unregister (fixture, PID, again, NULL);
    }
}

typedef struct {
  RbRegisterRequest  request;
  char              *capabilities[2];
  GAsyncResult      *result;
} Late;

static void
register_late (RbCoreFixture *fixture,
               Late          *late)
{
  RbCaller caller = { .pid = PID };

  *late = (Late) { .capabilities = { (char *) "foreground_channel_v1", NULL } };
  late->request = (RbRegisterRequest) { .agent_id = (char *) "agent", .plugin_pid = PID, .kind = (char *) "custom",
                                        .runtime_session_id = (char *) "s1", .task_hint = (char *) "tests",
                                        .runtime_capabilities = late->capabilities };
  rb_register_async (fixture->core, &caller, &late->request, rb_test_store_result, &late->result);
}

static char *
finish_late (RbCoreFixture  *fixture,
             Late           *late,
             GError        **error)
{
  g_autoptr(GAsyncResult) result = g_steal_pointer (&late->result);
  g_autoptr(GVariant) naming = NULL;
  g_autofree char *token = NULL;
  char *id = NULL;

  return rb_register_finish (fixture->core, result, &id, &token, &naming, error) ? id : NULL;
}

static void
test_grace_ends_meanwhile (RbCoreFixture *fixture,
                           gconstpointer  data)
{
  g_autoptr(RbFakeChannel) first = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = rb_core_fixture_register (fixture, PID, RB_PLAIN, "s1", NULL);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autofree char *again = NULL;
  g_autoptr(GError) error = NULL;
  Late late;

  g_test_summary ("Its grace ends while the upstream is asked: a new endpoint, as for anybody who comes too late.");

  rb_core_fixture_detach (fixture, first);
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  fixture->upstream->holds[RB_UPSTREAM_HEARTBEAT] = TRUE;
  register_late (fixture, &late);
  rb_fake_clock_advance (fixture->clock, fixture->settings.endpoint_grace + 1);
  rb_test_settle ();
  g_assert_null (late.result);
  fixture->upstream->holds[RB_UPSTREAM_HEARTBEAT] = FALSE;
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_wait_until (late.result != NULL);
  again = finish_late (fixture, &late, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (again, !=, id);
}

static void
test_channel_goes_meanwhile (RbCoreFixture *fixture,
                             gconstpointer  data)
{
  g_autoptr(RbFakeChannel) first = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = rb_core_fixture_register (fixture, PID, RB_PLAIN, "s1", NULL);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autoptr(GError) error = NULL;
  Late late;

  g_test_summary ("The adapter goes again while the upstream is asked: refused, and the endpoint waits as before.");

  rb_core_fixture_detach (fixture, first);
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  fixture->upstream->holds[RB_UPSTREAM_HEARTBEAT] = TRUE;
  register_late (fixture, &late);
  rb_core_fixture_detach (fixture, second);
  fixture->upstream->holds[RB_UPSTREAM_HEARTBEAT] = FALSE;
  rb_fake_upstream_answer (fixture->upstream);
  rb_test_wait_until (late.result != NULL);
  g_assert_null (finish_late (fixture, &late, &error));
  g_assert_cmpstr (rb_error_get_reason (error), ==, "ipc_channel_missing");
  g_assert_cmpint (rb_registry_lookup (fixture->core->registry, id)->state, ==, RB_ENDPOINT_RECONNECTING);
}

static void
test_after_commit (RbCoreFixture *fixture,
                   gconstpointer  data)
{
  g_autoptr(RbFakeChannel) first = rb_core_fixture_attach (fixture, PID, TRUE);
  g_autofree char *id = rb_core_fixture_register (fixture, PID, RB_PLAIN, "s1", NULL);
  g_autoptr(RbFakeChannel) second = NULL;
  g_autofree char *again = NULL;
  Late late;

  g_test_summary ("Neither the answer nor what waited leaves before it is durable; the task hint that it came with is told.");

  rb_core_fixture_detach (fixture, first);
  rb_fake_connector_deliver (fixture->connector, 1000, "m1", "bob", "x", "{\"target_endpoint_id\":\"ep_1\",\"correlation_id\":\"c\"}");
  rb_test_settle ();
  second = rb_core_fixture_attach (fixture, PID, TRUE);
  rb_fake_store_set_hold (fixture->store, TRUE);
  register_late (fixture, &late);
  rb_test_settle ();
  g_assert_null (late.result);
  g_assert_cmpuint (second->pushes->len, ==, 0);
  rb_fake_store_set_hold (fixture->store, FALSE);
  rb_test_wait_until (late.result != NULL);
  again = finish_late (fixture, &late, NULL);
  rb_test_settle ();
  g_assert_cmpstr (again, ==, id);
  g_assert_cmpuint (second->pushes->len, ==, 1);
  g_assert_cmpstr (rb_registry_lookup (fixture->core->registry, id)->traits->task_hint, ==, "tests");
  g_assert_cmpuint (fixture->upstream->n_calls[RB_UPSTREAM_DISPLAY_METADATA], ==, 1);
}

static void
test_naming (RbCoreFixture *fixture,
             gconstpointer  data)
{
  g_autoptr(RbFakeChannel) first = NULL;
  g_autoptr(RbFakeChannel) second = NULL;
  g_autofree char *id = NULL;
  g_autofree char *again = NULL;
  g_autoptr(GVariant) naming = NULL;
  g_autofree char *token = NULL;
  g_autofree char *nickname = NULL;
  Late late;

  g_test_summary ("What the upstream said of its name is answered again, also by the next process.");

  rb_fake_upstream_set_answer (fixture->upstream, RB_UPSTREAM_REGISTER_ENDPOINT,
                               g_variant_new_parsed ("{'endpoint_id': <'ep_n'>, 'session_naming': <{'nickname': <'Ann'>}>}"));
  first = rb_core_fixture_attach (fixture, PID, TRUE);
  register_late (fixture, &late);
  rb_test_wait_until (late.result != NULL);
  id = finish_late (fixture, &late, NULL);
  second = come_back (fixture, KILLED, first);
  register_late (fixture, &late);
  rb_test_wait_until (late.result != NULL);
  g_assert_true (rb_register_finish (fixture->core, late.result, &again, &token, &naming, NULL));
  g_clear_object (&late.result);
  g_assert_cmpstr (again, ==, id);
  g_assert_nonnull (naming);
  g_assert_true (g_variant_lookup (naming, "nickname", "s", &nickname));
  g_assert_cmpstr (nickname, ==, "Ann");
}

static void
add_cases (void)
{
  static const struct {
    const char *name;
    void      (*function) (RbCoreFixture *fixture, gconstpointer data);
  } tests[] = { { "same", test_same }, { "queue", test_queue }, { "assignment", test_assignment } };

  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (cases); j++)
      {
        g_autofree char *path = g_strdup_printf ("/resume/%s/%s", tests[i].name, cases[j].name);

        /* Nothing waits for an endpoint that we think is there. */
        if (tests[i].function == test_queue && cases[j].how == HALF_OPEN)
          continue;
        g_test_add (path, RbCoreFixture, &cases[j], set_up, tests[i].function, rb_core_fixture_tear_down);
      }
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *path = g_strdup_printf ("/resume/others/%s", others[i].name);

      g_strdelimit (path, " ", '-');
      g_test_add (path, RbCoreFixture, &others[i], set_up_plain, test_others, rb_core_fixture_tear_down);
    }
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  add_cases ();
#define ADD(path, function) \
  g_test_add ("/resume/" path, RbCoreFixture, NULL, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("without-session", test_without_session);
  ADD ("legacy", test_legacy);
  ADD ("recycled-pid", test_recycled_pid);
  ADD ("siblings", test_siblings);
  ADD ("reattached-moved", test_reattached_moved);
  ADD ("upstream-asked", test_upstream_asked);
  ADD ("grace-ends-meanwhile", test_grace_ends_meanwhile);
  ADD ("channel-goes-meanwhile", test_channel_goes_meanwhile);
  ADD ("after-commit", test_after_commit);
  ADD ("naming", test_naming);

  return g_test_run ();
}
