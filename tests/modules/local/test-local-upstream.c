/* test-local-upstream.c: the directory of a network of one machine
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-fake-clock.h"
#include "rb-local-settings.h"
#include "rb-local-upstream.h"
#include "rb-test.h"

#include <string.h>

typedef struct {
  RbUpstream *upstream;
  RbClock    *clock;
  RbBounds   *bounds;     /* borrowed */
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  static const RbModuleInfo info = { RB_MODULE_ABI, sizeof (RbModuleInfo), "local", "0", "", RB_MODULE_UPSTREAM,
                                     rb_local_setting_table, rb_local_upstream_get_type };
  g_autoptr(RbModuleContext) context = NULL;
  g_autoptr(GError) error = NULL;
  RbModuleEnvironment environment = { NULL, "Ada", "secret", "/nowhere", "/nowhere", "0", "0" };

  fixture->clock = rb_fake_clock_new ();
  environment.clock = fixture->clock;
  context = rb_module_context_new (&info, &environment, NULL);
  fixture->upstream = g_object_new (RB_TYPE_LOCAL_UPSTREAM, NULL);
  rb_module_configure (RB_MODULE (fixture->upstream), context, &error);
  g_assert_no_error (error);
  fixture->bounds = rb_module_context_get_bounds (context);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_assert_cmpuint (rb_clock_get_n_timers (fixture->clock), ==, 0);
  g_assert_finalize_object (fixture->upstream);
  g_assert_finalize_object (fixture->clock);
}

/* @arguments is in GVariant's text form; NULL for none. */
static GVariant *
call (Fixture         *fixture,
      RbUpstreamCall   which,
      const char      *arguments,
      GError         **error)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GVariant) parsed = NULL;

  if (arguments != NULL)
    parsed = g_variant_parse (G_VARIANT_TYPE_VARDICT, arguments, NULL, NULL, NULL);
  g_assert_true (arguments == NULL || parsed != NULL);

  rb_upstream_call_async (fixture->upstream, which, parsed, NULL, rb_test_store_result, &result);
  g_assert_null (result);
  rb_test_wait_until (result != NULL);
  return rb_upstream_call_finish (fixture->upstream, result, error);
}

static GVariant *
call_about (Fixture         *fixture,
            RbUpstreamCall   which,
            const char      *endpoint_id,
            GError         **error)
{
  g_autofree char *arguments = g_strdup_printf ("{'endpoint_id': <'%s'>, 'state': <'active'>, 'task_hint': <'x'>}", endpoint_id);

  return call (fixture, which, arguments, error);
}

static void
assert_refused (Fixture        *fixture,
                RbUpstreamCall  which,
                const char     *arguments,
                gint64          status)
{
  g_autoptr(GError) error = NULL;
  gint64 said;

  g_assert_null (call (fixture, which, arguments, &error));
  g_assert_error (error, RB_ERROR, RB_ERROR_REJECTED);
  g_assert_true (g_variant_lookup (rb_error_get_details (error), "status", "x", &said));
  g_assert_cmpint (said, ==, status);
  g_assert_true (g_variant_lookup (rb_error_get_details (error), "code", "s", NULL));
}

static char *
register_endpoint (Fixture    *fixture,
                   const char *nonce)
{
  g_autofree char *arguments = g_strdup_printf ("{'runtime_kind': <'codex'>, 'endpoint_nonce': <'%s'>, 'display_label': <''>}", nonce);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = call (fixture, RB_UPSTREAM_REGISTER_ENDPOINT, arguments, &error);
  char *id = NULL;
  double seconds = -1;

  g_assert_no_error (error);
  g_assert_true (g_variant_lookup (answer, "endpoint_id", "s", &id));
  g_assert_true (g_variant_lookup (answer, "heartbeat_after_seconds", "d", &seconds));
  g_assert_cmpfloat (seconds, ==, 0);
  return id;
}

static void
test_whoami (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr(GVariant) answer = call (fixture, RB_UPSTREAM_WHOAMI, NULL, NULL);
  const char *subject = NULL;
  const char *type = NULL;

  g_test_summary ("We are an agent runtime, named after our handle; the broker's own inbox is the authority.");

  g_assert_true (g_variant_lookup (answer, "subjectId", "&s", &subject));
  g_assert_true (g_variant_lookup (answer, "subjectType", "&s", &type));
  g_assert_cmpstr (subject, ==, "local:ada");
  g_assert_cmpstr (type, ==, "agent-runtime");
  g_assert_cmpint (rb_upstream_get_features (fixture->upstream), ==, RB_UPSTREAM_LOCAL_INBOX);
}

static void
test_register (Fixture       *fixture,
               gconstpointer  data)
{
  g_autofree char *first = register_endpoint (fixture, "n-1");
  g_autofree char *again = register_endpoint (fixture, "n-1");
  g_autofree char *second = register_endpoint (fixture, "n-2");

  g_test_summary ("Each nonce gets an id of its own, and the same one when it asks again.");

  g_assert_true (g_str_has_prefix (first, "ep_"));
  g_assert_true (g_uuid_string_is_valid (first + 3));
  g_assert_cmpstr (first, ==, again);
  g_assert_cmpstr (first, !=, second);
}

static void
test_register_refuses (Fixture       *fixture,
                       gconstpointer  data)
{
  static const char *const refused[] = {
    NULL,
    "{'runtime_kind': <'codex'>, 'display_label': <'x'>}",
    "{'endpoint_nonce': <'n'>, 'display_label': <'x'>}",
    "{'runtime_kind': <'codex'>, 'endpoint_nonce': <'n'>}",
    "{'runtime_kind': <''>, 'endpoint_nonce': <'n'>, 'display_label': <'x'>}",
    "{'runtime_kind': <'codex'>, 'endpoint_nonce': <''>, 'display_label': <'x'>}",
    "{'runtime_kind': <1>, 'endpoint_nonce': <'n'>, 'display_label': <'x'>}",
  };

  g_test_summary ("A registration that lacks what it needs is refused.");

  for (size_t i = 0; i < G_N_ELEMENTS (refused); i++)
    assert_refused (fixture, RB_UPSTREAM_REGISTER_ENDPOINT, refused[i], 422);
}

static void
test_endpoint_calls (Fixture       *fixture,
                     gconstpointer  data)
{
  static const RbUpstreamCall calls[] = { RB_UPSTREAM_HEARTBEAT, RB_UPSTREAM_ENDPOINT_STATE, RB_UPSTREAM_DISPLAY_METADATA };
  g_autofree char *id = register_endpoint (fixture, "n-1");
  g_autoptr(GVariant) unregistered = NULL;
  g_autoptr(GVariant) again = NULL;
  g_autofree char *next = NULL;
  g_autofree char *arguments = g_strdup_printf ("{'endpoint_id': <'%s'>}", id);

  g_test_summary ("An endpoint lives until it is unregistered; one of an earlier process is taken as it is.");

  for (size_t i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autoptr(GVariant) known = call_about (fixture, calls[i], id, NULL);
      g_autoptr(GVariant) earlier = call_about (fixture, calls[i], "ep_00000000-0000-4000-8000-000000000000", NULL);

      g_assert_nonnull (known);
      g_assert_nonnull (earlier);
      assert_refused (fixture, calls[i], NULL, 422);
      assert_refused (fixture, calls[i], "{'endpoint_id': <'ep_x'>}", 404);
      assert_refused (fixture, calls[i], "{'endpoint_id': <'other'>}", 404);
    }

  unregistered = call_about (fixture, RB_UPSTREAM_UNREGISTER, id, NULL);
  again = call_about (fixture, RB_UPSTREAM_UNREGISTER, id, NULL);
  g_assert_nonnull (unregistered);
  g_assert_nonnull (again);
  for (size_t i = 0; i < G_N_ELEMENTS (calls); i++)
    assert_refused (fixture, calls[i], arguments, 404);

  next = register_endpoint (fixture, "n-1");
  g_assert_cmpstr (next, !=, id);
}

static void
test_unregister_unknown (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autoptr(GVariant) answer = call_about (fixture, RB_UPSTREAM_UNREGISTER, "whatever", NULL);

  g_test_summary ("What nobody knows is as good as unregistered.");

  g_assert_nonnull (answer);
  assert_refused (fixture, RB_UPSTREAM_UNREGISTER, NULL, 422);
}

static void
test_bounded (Fixture       *fixture,
              gconstpointer  data)
{
  g_autofree char *first = register_endpoint (fixture, "n");
  g_autofree char *again = NULL;

  g_test_summary ("What is remembered of endpoints is bounded: the oldest goes first.");

  for (guint i = 0; i < 4096; i++)
    {
      g_autofree char *nonce = g_strdup_printf ("n-%u", i);
      g_autofree char *id = register_endpoint (fixture, nonce);
      g_autoptr(GVariant) answer = i % 2 == 0 ? call_about (fixture, RB_UPSTREAM_UNREGISTER, id, NULL) : NULL;

      g_assert_true (i % 2 != 0 || answer != NULL);
    }
  again = register_endpoint (fixture, "n");
  g_assert_cmpstr (again, !=, first);
  g_assert_cmpuint (rb_bounds_get (fixture->bounds, 0)->n_reached, >, 0);
  rb_test_assert_bound (fixture->bounds, "local_retired");
  rb_test_assert_bound (fixture->bounds, "local_grants");
}

static void
test_routing (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr(GVariant) claim = call (fixture, RB_UPSTREAM_ROUTE_CLAIM,
                                    "{'source_message_id': <'m'>, 'routed_to_endpoint_id': <'e'>}", NULL);
  g_autoptr(GVariant) capabilities = call (fixture, RB_UPSTREAM_CAPABILITIES, NULL, NULL);
  const char *action = NULL;
  gboolean staged = TRUE;

  g_test_summary ("Every route is ours to take; nothing is staged.");

  g_assert_true (g_variant_lookup (claim, "action", "&s", &action));
  g_assert_cmpstr (action, ==, "route");
  assert_refused (fixture, RB_UPSTREAM_ROUTE_CLAIM, NULL, 422);
  g_assert_true (g_variant_lookup (capabilities, "staged_assignment", "b", &staged));
  g_assert_false (staged);
  g_assert_true (g_variant_lookup (capabilities, "staged_delivery", "b", &staged));
  g_assert_false (staged);
}

static void
test_not_offered (Fixture       *fixture,
                  gconstpointer  data)
{
  static const RbUpstreamCall calls[] = { RB_UPSTREAM_LOOKUP_CLOSED, RB_UPSTREAM_CANDIDATES, RB_UPSTREAM_SELF_CLAIM,
                                          RB_UPSTREAM_RELEASE_CLAIM, RB_UPSTREAM_HISTORY, RB_UPSTREAM_SELF_SETTLE };

  g_test_summary ("What only a directory of its own could answer is not offered, by name.");

  for (size_t i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (call (fixture, calls[i], NULL, &error));
      g_assert_error (error, RB_ERROR, RB_ERROR_NOT_SUPPORTED);
      g_assert_cmpstr (rb_error_get_reason (error), ==, "not_offered_by_local");
      g_assert_nonnull (strstr (error->message, rb_upstream_call_to_string (calls[i])));
    }
}

static void
test_cancelled (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_test_summary ("A cancelled call is answered so, once.");

  g_cancellable_cancel (cancellable);
  rb_upstream_call_async (fixture->upstream, RB_UPSTREAM_WHOAMI, NULL, cancellable, rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_assert_null (rb_upstream_call_finish (fixture->upstream, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  ADD ("/local/upstream/whoami", test_whoami);
  ADD ("/local/upstream/register/grants", test_register);
  ADD ("/local/upstream/register/refuses", test_register_refuses);
  ADD ("/local/upstream/register/bounded", test_bounded);
  ADD ("/local/upstream/endpoint-calls", test_endpoint_calls);
  ADD ("/local/upstream/unregister-unknown", test_unregister_unknown);
  ADD ("/local/upstream/routing", test_routing);
  ADD ("/local/upstream/not-offered", test_not_offered);
  ADD ("/local/upstream/cancelled", test_cancelled);
  return g_test_run ();
}
