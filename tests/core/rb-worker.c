/* rb-worker.c: an adapter that works on assignments, for tests
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-worker.h"

#include "rb-error.h"

RbWorker *
rb_worker_new (RbCoreFixture *fixture,
               gint64         pid)
{
  RbWorker *self = g_new0 (RbWorker, 1);
  g_autofree char *session = g_strdup_printf ("s%" G_GINT64_FORMAT, pid);

  self->fixture = fixture;
  self->pid = pid;
  self->channel = rb_core_fixture_attach (fixture, pid, TRUE);
  self->endpoint_id = rb_core_fixture_register (fixture, pid, RB_BACKGROUND, session, &self->token);
  return self;
}

void
rb_worker_free (RbWorker *self)
{
  g_clear_object (&self->channel);
  g_free (self->endpoint_id);
  g_free (self->token);
  g_free (self->assignment_id);
  g_free (self);
}

void
rb_worker_receipt (RbWorker *self)
{
  rb_core_fixture_receipt (self->fixture, self->channel, self->channel->pushes->len - 1);
}

void
rb_worker_take (RbWorker   *self,
                gint64      seq,
                const char *message_id,
                const char *metadata)
{
  guint n = self->channel->pushes->len;

  rb_fake_connector_deliver (self->fixture->connector, seq, message_id, "bob", "please", metadata);
  rb_test_settle ();
  rb_core_fixture_dispatch_start (self->fixture, message_id, self->endpoint_id, NULL);
  g_assert_cmpuint (self->channel->pushes->len, ==, n + 1);
  rb_worker_receipt (self);

  g_free (self->assignment_id);
  self->assignment_id = g_strdup (rb_fake_channel_get (self->channel, n)->assignment_id);
  g_assert_cmpstr (rb_worker_state (self, message_id), ==, "pending");
}

void
rb_worker_accept (RbWorker   *self,
                  gint64      seq,
                  const char *message_id,
                  const char *metadata)
{
  g_autoptr(GError) error = NULL;

  rb_worker_take (self, seq, message_id, metadata);
  rb_worker_report (self, message_id, 2, "adapter_accepted", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (rb_worker_state (self, message_id), ==, "accepted");
}

gboolean
rb_worker_report (RbWorker    *self,
                  const char  *message_id,
                  gint64       sequence,
                  const char  *state,
                  GError     **error)
{
  return rb_core_fixture_report (self->fixture, self->pid, self->endpoint_id, self->token, message_id, self->assignment_id, sequence,
                                 state, error);
}

char *
rb_worker_reply (RbWorker    *self,
                 const char  *message_id,
                 const char  *request_id,
                 const char  *content,
                 GError     **error)
{
  return rb_core_fixture_reply (self->fixture, self->pid, self->endpoint_id, self->token, message_id, self->assignment_id, request_id,
                                content, error);
}

void
rb_worker_reattach (RbWorker *self)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  RbCaller caller = { .pid = self->pid };
  guint i = 0;
  guint n;

  g_clear_object (&self->channel);
  self->channel = rb_core_fixture_attach (self->fixture, self->pid, TRUE);
  rb_reattach_async (self->fixture->core, &caller, self->endpoint_id, self->pid, rb_test_store_result, &result);
  rb_test_settle ();
  while (result == NULL && i < self->channel->pushes->len)
    rb_core_fixture_receipt (self->fixture, self->channel, i++);
  rb_test_wait_until (result != NULL);
  rb_reattach_finish (self->fixture->core, result, &n, &error);
  g_assert_no_error (error);
}

void
rb_worker_detach (RbWorker *self)
{
  rb_core_fixture_detach (self->fixture, self->channel);
}

const char *
rb_error_text_detail (const GError *error,
                      const char   *name)
{
  GVariant *details = rb_error_get_details (error);
  const char *text = "";

  if (details != NULL)
    g_variant_lookup (details, name, "&s", &text);
  return text;
}

const char *
rb_error_retryable (const GError *error)
{
  GVariant *details = rb_error_get_details (error);
  gboolean retryable;

  if (details == NULL || !g_variant_lookup (details, "retryable", "b", &retryable))
    return "absent";
  return retryable ? "true" : "false";
}

GVariant *
rb_worker_row (RbWorker   *self,
               const char *message_id)
{
  return rb_fake_store_peek (self->fixture->store, RB_TABLE_ASSIGNMENTS, g_variant_new ("(ss)", message_id, self->assignment_id));
}

const char *
rb_worker_state (RbWorker   *self,
                 const char *message_id)
{
  GVariant *row = rb_worker_row (self, message_id);
  const char *state = NULL;

  if (row != NULL)
    g_variant_get_child (row, 3, "&s", &state);
  return state;
}

gint64
rb_worker_sequence (RbWorker   *self,
                    const char *message_id)
{
  g_autoptr(GVariant) rows = g_variant_ref_sink (rb_view_assignments (self->fixture->core));
  gint64 sequence = 0;

  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      const char *id;

      if (g_variant_lookup (row, "source_message_id", "&s", &id) && g_str_equal (id, message_id))
        g_variant_lookup (row, "last_sequence", "x", &sequence);
    }
  return sequence;
}
