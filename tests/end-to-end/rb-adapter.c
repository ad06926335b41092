/* rb-adapter.c: an adapter of the end-to-end tests, which remembers everything that came and when
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-adapter.h"

#include "rb-adapter-link.h"
#include "rb-sim-json.h"
#include "rb-test.h"

#include <libsoup/soup.h>
#include <string.h>

#define CAPABILITIES "endpoint_metadata_v1,push_receipt_ack_v1"
#define CONNECTIONS 64
#define CALL_US (60 * G_USEC_PER_SEC)

struct _RbAdapter {
  RbDaemonFixture *daemon;      /* borrowed */
  GSubprocess     *process;     /* whose pid is ours; it reads a pipe and so ends with us */
  int              pid;
  SoupSession     *session;
  RbAdapterLink   *link;        /* (nullable) */
  RbAdapterManner  manner;
  char            *session_id;  /* (nullable) of the runtime */
  char            *endpoint;
  char            *owner;
  GPtrArray       *pushes;      /* of RbPush */
  GHashTable      *counts;      /* source id to how often it came */
  GPtrArray       *kept;        /* of char *: push ids without a receipt, of the stream that is open */
  char            *presence;
};

static void
push_free (RbPush *push)
{
  g_free (push->source_id);
  g_free (push->content);
  g_free (push->assignment_id);
  g_free (push->push_id);
  g_free (push);
}

RbAsk *
rb_ask_ref (RbAsk *ask)
{
  ask->ref_count++;
  return ask;
}

void
rb_ask_unref (RbAsk *ask)
{
  if (--ask->ref_count > 0)
    return;
  g_free (ask->body);
  g_free (ask);
}

char *
rb_ask_dup (RbAsk      *ask,
            const char *member)
{
  g_autoptr(JsonObject) object = ask->body != NULL ? rb_sim_json_parse (ask->body) : NULL;

  return g_strdup (rb_sim_json_string (object, member));
}

RbAdapter *
rb_adapter_new (RbDaemonFixture *daemon)
{
  RbAdapter *self = g_new0 (RbAdapter, 1);
  g_autoptr(GError) error = NULL;

  self->daemon = daemon;
  self->process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error, "cat", NULL);
  g_assert_no_error (error);
  self->pid = (int) g_ascii_strtoll (g_subprocess_get_identifier (self->process), NULL, 10);
  self->session = soup_session_new_with_options ("max-conns", CONNECTIONS, "max-conns-per-host", CONNECTIONS, NULL);
  self->pushes = g_ptr_array_new_with_free_func ((GDestroyNotify) push_free);
  self->counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->kept = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
rb_adapter_free (RbAdapter *self)
{
  rb_adapter_disconnect (self);
  soup_session_abort (self->session);
  rb_test_settle ();
  g_object_unref (self->session);
  g_subprocess_force_exit (self->process);
  g_subprocess_wait (self->process, NULL, NULL);
  g_object_unref (self->process);
  g_ptr_array_unref (self->pushes);
  g_hash_table_unref (self->counts);
  g_ptr_array_unref (self->kept);
  g_free (self->session_id);
  g_free (self->endpoint);
  g_free (self->owner);
  g_free (self->presence);
  g_free (self);
}

/* The stream */

static void
confirm (RbAdapter  *self,
         const char *push_id)
{
  g_autofree char *text = g_strdup_printf ("{\"event\":\"push_ack\",\"push_id\":\"%s\"}", push_id);

  rb_adapter_link_say (self->link, text);
}

static void
remember (RbAdapter  *self,
          JsonObject *frame)
{
  JsonObject *assignment = rb_sim_json_object (frame, "runtimeAssignment");
  const char *id = rb_sim_json_string (frame, "sourceMessageId");
  RbPush *push = g_new0 (RbPush, 1);
  gsize n;

  push->source_id = g_strdup (id != NULL ? id : "");
  push->content = g_strdup (rb_sim_json_string (frame, "content"));
  push->push_id = g_strdup (rb_sim_json_string (frame, "push_id"));
  push->assignment_id = g_strdup (rb_sim_json_string (assignment, "assignmentId"));
  push->at_us = g_get_monotonic_time ();
  g_ptr_array_add (self->pushes, push);
  n = GPOINTER_TO_SIZE (g_hash_table_lookup (self->counts, push->source_id));
  g_hash_table_insert (self->counts, g_strdup (push->source_id), GSIZE_TO_POINTER (n + 1));
}

static void
react (RbAdapter  *self,
       const char *push_id)
{
  switch (self->manner)
    {
    case RB_ADAPTER_CONFIRMS:
      confirm (self, push_id);
      break;
    case RB_ADAPTER_KEEPS:
      g_ptr_array_add (self->kept, g_strdup (push_id));
      break;
    case RB_ADAPTER_CONFIRMS_LEAVES:
      confirm (self, push_id);
      rb_adapter_disconnect (self);
      break;
    case RB_ADAPTER_LEAVES:
      rb_adapter_disconnect (self);
      break;
    }
}

static void
on_text (RbAdapterLink *link,
         const char    *text,
         gpointer       user_data)
{
  RbAdapter *self = user_data;
  g_autoptr(JsonObject) frame = text != NULL ? rb_sim_json_parse (text) : NULL;
  const char *event = rb_sim_json_string (frame, "event");
  const char *push_id = rb_sim_json_string (frame, "push_id");

  if (g_strcmp0 (event, "message_received") == 0)
    {
      remember (self, frame);
      g_assert_nonnull (push_id);
      react (self, push_id);
    }
  else if (g_strcmp0 (event, "presence_changed") == 0)
    {
      g_free (self->presence);
      self->presence = g_strdup (rb_sim_json_string (frame, "presence"));
    }
}

gboolean
rb_adapter_connect (RbAdapter *self)
{
  rb_adapter_disconnect (self);
  self->link = rb_adapter_link_new (rb_daemon_fixture_get_url (self->daemon), rb_daemon_fixture_get_token (self->daemon), self->pid,
                                    CAPABILITIES, on_text, self);
  return self->link != NULL;
}

void
rb_adapter_disconnect (RbAdapter *self)
{
  g_ptr_array_set_size (self->kept, 0);
  g_clear_pointer (&self->link, rb_adapter_link_free);
}

gboolean
rb_adapter_is_connected (RbAdapter *self)
{
  return self->link != NULL && rb_adapter_link_is_open (self->link);
}

void
rb_adapter_set_manner (RbAdapter       *self,
                       RbAdapterManner  manner)
{
  self->manner = manner;
}

void
rb_adapter_set_reads (RbAdapter *self,
                      gboolean   reads)
{
  rb_adapter_link_set_reads (self->link, reads);
}

void
rb_adapter_confirm_kept (RbAdapter *self)
{
  for (guint i = 0; i < self->kept->len; i++)
    confirm (self, g_ptr_array_index (self->kept, i));
  g_ptr_array_set_size (self->kept, 0);
}

/* Requests */

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(RbAsk) ask = user_data;
  SoupMessage *message = soup_session_get_async_result_message (SOUP_SESSION (source), result);
  g_autoptr(GBytes) body = soup_session_send_and_read_finish (SOUP_SESSION (source), result, NULL);

  ask->is_done = TRUE;
  if (body == NULL)
    return;
  ask->status = soup_message_get_status (message);
  ask->body = g_strndup (g_bytes_get_data (body, NULL), g_bytes_get_size (body));
}

RbAsk *
rb_adapter_begin (RbAdapter  *self,
                  const char *method,
                  const char *path,
                  const char *body)
{
  g_autofree char *url = g_strconcat (rb_daemon_fixture_get_url (self->daemon), path, NULL);
  g_autoptr(SoupMessage) message = soup_message_new (method, url);
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);
  g_autofree char *bearer = g_strdup_printf ("Bearer %s", rb_daemon_fixture_get_token (self->daemon));
  g_autofree char *pid = g_strdup_printf ("%d", self->pid);
  RbAsk *ask = g_new0 (RbAsk, 1);

  ask->ref_count = 1;
  soup_message_headers_append (headers, "Authorization", bearer);
  soup_message_headers_append (headers, "x-plugin-pid", pid);
  if (body != NULL)
    {
      g_autoptr(GBytes) bytes = g_bytes_new (body, strlen (body));

      soup_message_set_request_body_from_bytes (message, "application/json", bytes);
    }
  soup_session_send_and_read_async (self->session, message, G_PRIORITY_DEFAULT, NULL, on_answered, rb_ask_ref (ask));
  return ask;
}

guint
rb_adapter_call (RbAdapter   *self,
                 const char  *method,
                 const char  *path,
                 const char  *body,
                 char       **answer)
{
  g_autoptr(RbAsk) ask = rb_adapter_begin (self, method, path, body);
  gint64 deadline_us = g_get_monotonic_time () + CALL_US;

  while (!ask->is_done)
    rb_test_turn (deadline_us, path, __FILE__, __LINE__);
  if (answer != NULL)
    *answer = g_strdup (ask->body);
  return ask->status;
}

void
rb_adapter_set_session (RbAdapter  *self,
                        const char *session)
{
  g_free (self->session_id);
  self->session_id = g_strdup (session);
}

void
rb_adapter_register (RbAdapter *self,
                     gboolean   is_worker)
{
  g_autofree char *session = self->session_id != NULL ? g_strdup_printf (",\"runtime_session_id\":\"%s\"", self->session_id) : g_strdup ("");
  const char *more = is_worker ? ",\"runtime_capabilities\":[\"background_exchange_v1\"],\"background_exchange_mode\":\"resident_endpoint\""
                               : "";
  g_autofree char *body = g_strdup_printf ("{\"agent_id\":\"a\",\"plugin_pid\":%d,\"kind\":\"custom\",\"execution_surface\":\"headless\"%s%s}",
                                           self->pid, more, session);
  g_autofree char *answer = NULL;
  g_autoptr(JsonObject) object = NULL;

  g_assert_cmpuint (rb_adapter_call (self, "POST", "/v1/endpoint/register", body, &answer), ==, 200);
  object = rb_sim_json_parse (answer);
  g_free (self->endpoint);
  g_free (self->owner);
  self->endpoint = g_strdup (rb_sim_json_string (object, "endpoint_id"));
  self->owner = g_strdup (rb_sim_json_string (object, "endpoint_owner_token"));
}

void
rb_adapter_reattach (RbAdapter *self)
{
  g_autofree char *path = g_strdup_printf ("/v1/endpoint/%s/reattach", self->endpoint);
  g_autofree char *body = g_strdup_printf ("{\"plugin_pid\":%d}", self->pid);
  g_autofree char *answer = NULL;

  if (rb_adapter_call (self, "POST", path, body, &answer) != 200)
    g_error ("The endpoint could not be reattached: %s", answer);
}

const char *
rb_adapter_get_endpoint (RbAdapter *self)
{
  return self->endpoint;
}

const char *
rb_adapter_get_owner (RbAdapter *self)
{
  return self->owner;
}

int
rb_adapter_get_pid (RbAdapter *self)
{
  return self->pid;
}

char *
rb_adapter_dup_identity (RbAdapter *self)
{
  return g_strdup_printf ("\"endpoint_id\":\"%s\",\"plugin_pid\":%d,\"endpoint_owner_token\":\"%s\"", self->endpoint, self->pid, self->owner);
}

RbAsk *
rb_adapter_begin_accept (RbAdapter    *self,
                         const RbPush *push)
{
  g_autofree char *identity = rb_adapter_dup_identity (self);
  g_autofree char *body
    = g_strdup_printf ("{%s,\"source_message_id\":\"%s\",\"assignment_id\":\"%s\",\"state\":\"adapter_accepted\",\"state_sequence\":2,"
                       "\"state_event_id\":\"%s:accepted\"}", identity, push->source_id, push->assignment_id, push->assignment_id);

  return rb_adapter_begin (self, "POST", "/v1/runtime/processing-state", body);
}

RbAsk *
rb_adapter_begin_reply (RbAdapter    *self,
                        const RbPush *push,
                        const char   *content)
{
  g_autofree char *identity = rb_adapter_dup_identity (self);
  g_autofree char *body
    = g_strdup_printf ("{%s,\"source_message_id\":\"%s\",\"assignment_id\":\"%s\",\"reply_request_id\":\"r\",\"content\":\"%s\"}",
                       identity, push->source_id, push->assignment_id, content);

  return rb_adapter_begin (self, "POST", "/v1/runtime/assignment-reply", body);
}

/* What came */

GPtrArray *
rb_adapter_get_pushes (RbAdapter *self)
{
  return self->pushes;
}

guint
rb_adapter_count (RbAdapter *self)
{
  return g_hash_table_size (self->counts);
}

guint
rb_adapter_count_of (RbAdapter  *self,
                     const char *source_id)
{
  return (guint) GPOINTER_TO_SIZE (g_hash_table_lookup (self->counts, source_id));
}

const char *
rb_adapter_get_presence (RbAdapter *self)
{
  return self->presence;
}

void
rb_adapter_assert_in_order (RbAdapter  *self,
                            const char *prefix,
                            guint       count)
{
  g_assert_cmpuint (self->pushes->len, ==, count);
  for (guint i = 0; i < count; i++)
    {
      g_autofree char *id = g_strdup_printf ("%s-%u", prefix, i + 1);

      g_assert_cmpstr (((RbPush *) g_ptr_array_index (self->pushes, i))->source_id, ==, id);
    }
}
