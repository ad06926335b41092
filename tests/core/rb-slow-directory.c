/* rb-slow-directory.c: a directory that knows to whom it gave what, and hears how that ended
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-slow.h"

#include "rb-claimer.h"
#include "rb-json.h"

guint
rb_session_pick (RbSession *self,
                 guint      n)
{
  return (guint) g_rand_int_range (self->random, 0, (gint32) n);
}

const char *
rb_session_pick_id (RbSession *self)
{
  static const char *const ids[N_IDS] = { "m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7" };

  return ids[rb_session_pick (self, N_IDS)];
}

RbSlow *
rb_session_pick_worker (RbSession *self)
{
  return &self->workers[rb_session_pick (self, N_WORKERS)];
}

static void
given_free (gpointer data)
{
  RbGiven *given = data;

  g_free (given->assignment_id);
  g_free (given->endpoint_id);
  g_free (given);
}

static void
take_away (RbSession  *self,
           const char *message_id,
           const char *assignment_id)
{
  const RbGiven *given = g_hash_table_lookup (self->given, message_id);

  if (given != NULL && (assignment_id == NULL || g_str_equal (given->assignment_id, assignment_id)))
    g_hash_table_remove (self->given, message_id);
}

static gboolean
is_of_endpoint (gpointer key,
                gpointer value,
                gpointer user_data)
{
  return g_str_equal (((RbGiven *) value)->endpoint_id, user_data);
}

static GVariant *
no (GError **error)
{
  g_propagate_error (error, rb_claimer_failure (RB_ERROR_REJECTED, 409, NULL, "no"));
  return NULL;
}

static GVariant *
give (RbSession   *self,
      const char  *message_id,
      const char  *endpoint_id,
      GError     **error)
{
  RbGiven *given = g_hash_table_lookup (self->given, message_id);
  gpointer pid = g_hash_table_lookup (self->pids, endpoint_id);
  RbWorker worker = { .pid = GPOINTER_TO_INT (pid), .endpoint_id = (char *) endpoint_id };

  if ((given != NULL && !g_str_equal (given->endpoint_id, endpoint_id)) || rb_session_pick (self, 8) == 0)
    return no (error);
  if (given == NULL)
    {
      given = g_new (RbGiven, 1);
      given->assignment_id = g_strdup_printf ("a%u", ++self->n_assignments);
      given->endpoint_id = g_strdup (endpoint_id);
      g_hash_table_insert (self->given, g_strdup (message_id), given);
    }
  return rb_claimer_answer (&worker, message_id, given->assignment_id);
}

static GVariant *
list (RbSession  *self,
      const char *endpoint_id)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < N_IDS; i++)
    {
      g_autofree char *id = g_strdup_printf ("m%u", i);
      const RbGiven *given = g_hash_table_lookup (self->given, id);

      if (given != NULL)
        g_variant_builder_add_value (&builder, rb_claimer_candidate (id, "assigned_in_progress", given->assignment_id, given->endpoint_id));
      else if (rb_session_pick (self, 4) == 0)
        g_variant_builder_add_value (&builder, rb_claimer_candidate (id, "node_pull_only", NULL, NULL));
    }
  return g_variant_new_parsed ("{'items': <%@aa{sv}>}", g_variant_builder_end (&builder));
}

static const char *
argument (GVariant   *arguments,
          const char *name)
{
  const char *text = NULL;

  g_variant_lookup (arguments, name, "&s", &text);
  return text;
}

static GVariant *
respond (RbUpstreamCall   call,
         GVariant        *arguments,
         gpointer         user_data,
         GError         **error)
{
  RbSession *self = user_data;

  if (call == RB_UPSTREAM_ROUTE_CLAIM)
    return rb_session_pick (self, 5) == 0 ? no (error) : g_variant_new_parsed ("{'action': <'route'>}");
  if (call == RB_UPSTREAM_CANDIDATES)
    return list (self, argument (arguments, "endpoint_id"));
  if (call == RB_UPSTREAM_SELF_CLAIM)
    return give (self, argument (arguments, "undispatched_id"), argument (arguments, "target_endpoint_id"), error);
  if (call == RB_UPSTREAM_UNREGISTER)
    g_hash_table_foreach_remove (self->given, is_of_endpoint, (gpointer) argument (arguments, "endpoint_id"));
  if (call != RB_UPSTREAM_RELEASE_CLAIM && call != RB_UPSTREAM_SELF_SETTLE)
    return NULL;

  if (rb_session_pick (self, 4) == 0)
    return no (error);
  take_away (self, argument (arguments, "undispatched_id"), argument (arguments, "assignment_id"));
  return NULL;
}

/* It hears how an assignment ended. */
static void
on_heard (RbEvent  *event,
          gpointer  user_data)
{
  static const char *const ends[] = { "target_lost_before_acceptance", "processing_failed", "expired", "waiting_for_runtime_capability",
                                      "reply_emitted", NULL };
  RbSession *self = user_data;
  g_autoptr(RbJson) json = NULL;
  g_autofree char *state = NULL;
  g_autofree char *message_id = NULL;

  if (rb_event_get_kind (event) != RB_EVENT_PROCESSING_STATE)
    return;

  json = rb_json_parse_object (rb_event_get_payload (event), 0, NULL);
  state = rb_json_peek_string (json, "state");
  message_id = rb_json_peek_string (json, "source_message_id");
  if (g_strv_contains (ends, state))
    take_away (self, message_id, rb_event_get_subject (event));
}

void
rb_slow_directory_open (RbSession *self)
{
  RbCoreFixture *fixture = self->fixture;

  self->pids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->given = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, given_free);
  rb_claimer_open_mailroom (fixture);
  fixture->upstream->respond = respond;
  fixture->upstream->respond_data = self;
  fixture->authority->heard = on_heard;
  fixture->authority->heard_data = self;
}

void
rb_slow_directory_close (RbSession *self)
{
  self->fixture->upstream->respond = NULL;
  self->fixture->authority->heard = NULL;
  g_hash_table_unref (self->pids);
  g_hash_table_unref (self->given);
}
