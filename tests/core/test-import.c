/* test-import.c: what another broker accepted and left in its files
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-core-fixture.h"

#include "rb-error.h"
#include "rb-import.h"

#include <string.h>

static RbEnvelope *
make_envelope (const char *source_id,
               const char *metadata)
{
  g_autoptr(GBytes) content = g_bytes_new_static ("\"hi\"", 4);
  g_autoptr(GBytes) slice = metadata != NULL ? g_bytes_new (metadata, strlen (metadata)) : NULL;

  return rb_envelope_new (source_id, "bob", NULL, content, "text", slice);
}

static void
add (GPtrArray  *messages,
     const char *id,
     const char *source_id)
{
  g_autoptr(RbEnvelope) envelope = make_envelope (source_id, NULL);

  g_ptr_array_add (messages, rb_imported_message_new (g_strdup (id), envelope, 1000));
}

static GPtrArray *
new_messages (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) rb_imported_message_free);
}

static guint
import (RbCoreFixture *fixture,
        GPtrArray     *messages)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  guint n_new;

  rb_import_async (fixture->core, messages, "ep_old", rb_test_store_result, &result);
  rb_test_wait_until (result != NULL);
  g_assert_true (rb_import_finish (fixture->core, result, &n_new, &error));
  g_assert_no_error (error);
  return n_new;
}

static void
assert_row (RbCoreFixture *fixture,
            guint          i,
            const char    *id,
            const char    *source_id)
{
  g_autoptr(GVariant) rows = g_variant_ref_sink (rb_view_inbox (fixture->core));
  g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
  const char *text = NULL;

  g_assert_true (g_variant_lookup (row, "id", "&s", &text));
  g_assert_cmpstr (text, ==, id);
  g_assert_true (g_variant_lookup (row, "hint_endpoint_id", "&s", &text));
  g_assert_cmpstr (text, ==, "ep_old");
  text = NULL;
  g_variant_lookup (row, "source_message_id", "&s", &text);
  g_assert_cmpstr (text, ==, source_id);
}

static void
test_inbox (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(GPtrArray) messages = new_messages ();

  g_test_summary ("Imported messages wait in the inbox in their order, as what is left of a closed session, also after a crash.");

  add (messages, "m1", "m1");
  add (messages, "0000-uuid", NULL);
  g_assert_cmpuint (import (fixture, messages), ==, 2);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 2);
      g_assert_cmpstr (rb_core_fixture_reason (fixture, "m1"), ==, "closed_session_continuation");
      assert_row (fixture, 0, "m1", "m1");
      assert_row (fixture, 1, "0000-uuid", NULL);
      rb_core_fixture_crash (fixture);
    }
}

static void
test_twice (RbCoreFixture *fixture,
            gconstpointer  data)
{
  g_autoptr(GPtrArray) messages = new_messages ();

  g_test_summary ("A second import of the same file has no effect: not at once, not after a crash, not twice in one file.");

  add (messages, "m1", "m1");
  add (messages, "m1", "m1");
  add (messages, "u2", NULL);
  g_assert_cmpuint (import (fixture, messages), ==, 2);
  g_assert_cmpuint (import (fixture, messages), ==, 0);
  rb_core_fixture_crash (fixture);
  g_assert_cmpuint (import (fixture, messages), ==, 0);
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 2);
}

static void
test_crash_in_the_middle (RbCoreFixture *fixture,
                          gconstpointer  data)
{
  g_autoptr(GPtrArray) messages = new_messages ();

  g_test_summary ("A process that dies before the commit has imported nothing; the next one does it all.");

  add (messages, "m1", "m1");
  add (messages, "m2", "m2");
  rb_fake_store_set_hold (fixture->store, TRUE);
  rb_import_async (fixture->core, messages, "ep_old", NULL, NULL);
  rb_core_fixture_crash (fixture);
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 0);
  g_assert_cmpuint (import (fixture, messages), ==, 2);
}

static void
test_redelivered (RbCoreFixture *fixture,
                  gconstpointer  data)
{
  g_autoptr(GPtrArray) messages = new_messages ();

  g_test_summary ("A message that the network delivers as well is there once, and is accepted.");

  add (messages, "m1", "m1");
  rb_import_async (fixture->core, messages, "ep_old", NULL, NULL);
  rb_fake_connector_deliver (fixture->connector, 7, "m1", "bob", "hi", NULL);
  rb_test_settle ();
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, 1);
  g_assert_true (rb_fake_connector_has_accepted (fixture->connector, 7));
}

static void
test_full (RbCoreFixture *fixture,
           gconstpointer  data)
{
  g_autoptr(GPtrArray) messages = new_messages ();

  g_test_summary ("The inbox's limit is for arrivals: what was accepted once is never refused.");

  for (guint i = 0; i < fixture->settings.inbox_cap + 2; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);

      add (messages, id, id);
    }
  g_assert_cmpuint (import (fixture, messages), ==, messages->len);
  g_assert_cmpuint (rb_core_fixture_count_inbox (fixture), ==, messages->len);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
#define ADD(path, function) g_test_add (path, RbCoreFixture, NULL, rb_core_fixture_set_up, function, rb_core_fixture_tear_down)
  ADD ("/import/inbox", test_inbox);
  ADD ("/import/twice", test_twice);
  ADD ("/import/crash-in-the-middle", test_crash_in_the_middle);
  ADD ("/import/redelivered", test_redelivered);
  ADD ("/import/full", test_full);
#undef ADD
  return g_test_run ();
}
