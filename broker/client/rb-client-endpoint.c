/* rb-client-endpoint.c: one endpoint of this adapter, the same object across every reconnect
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-endpoint.h"

#include "rb-json-writer.h"

/* Every id that messages under way may still carry. */
#define FORMER_IDS_MAX 16

struct _RbClientEndpoint {
  GObject    parent_instance;

  char      *id;             /* (nullable) until registered */
  char      *owner_token;    /* (nullable) until registered */
  guint      generation;
  GQueue     former_ids;     /* of char *, newest first */
  GBytes    *body;           /* of the first registration */
  GBytes    *body_again;     /* without the spawn token */
};

G_DEFINE_FINAL_TYPE (RbClientEndpoint, rb_client_endpoint, G_TYPE_OBJECT)

static void
rb_client_endpoint_finalize (GObject *object)
{
  RbClientEndpoint *self = RB_CLIENT_ENDPOINT (object);

  g_free (self->id);
  g_free (self->owner_token);
  g_queue_clear_full (&self->former_ids, g_free);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_clear_pointer (&self->body_again, g_bytes_unref);
  G_OBJECT_CLASS (rb_client_endpoint_parent_class)->finalize (object);
}

static void
rb_client_endpoint_class_init (RbClientEndpointClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rb_client_endpoint_finalize;
}

static void
rb_client_endpoint_init (RbClientEndpoint *self)
{
  g_queue_init (&self->former_ids);
}

static GBytes *
write_body (const RbClientRegistration *registration,
            const char                 *client_kind,
            const char                 *client_version,
            gint64                      pid,
            const char                 *spawn_token)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "agent_id", registration->agent_id);
  rb_json_writer_int (writer, "plugin_pid", pid);
  rb_json_writer_string (writer, "kind", registration->kind);
  rb_json_writer_string (writer, "client_kind", client_kind);
  rb_json_writer_string (writer, "client_version", client_version);
  rb_json_writer_string (writer, "session_name", registration->session_name);
  rb_json_writer_string (writer, "workspace", registration->workspace);
  rb_json_writer_string (writer, "tracking_ref", registration->tracking_ref);
  rb_json_writer_string (writer, "task_hint", registration->task_hint);
  rb_json_writer_string (writer, "runtime_session_id", registration->runtime_session_id);
  rb_json_writer_strv (writer, "runtime_capabilities", registration->capabilities);
  rb_json_writer_string (writer, "execution_surface", registration->execution_surface);
  rb_json_writer_string (writer, "background_exchange_mode", registration->background_exchange_mode);
  rb_json_writer_string (writer, "spawn_token", spawn_token);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

RbClientEndpoint *
rb_client_endpoint_new (const RbClientRegistration *registration,
                        const char                 *client_kind,
                        const char                 *client_version,
                        gint64                      pid)
{
  RbClientEndpoint *self = g_object_new (RB_TYPE_CLIENT_ENDPOINT, NULL);

  self->body = write_body (registration, client_kind, client_version, pid, registration->spawn_token);
  self->body_again = write_body (registration, client_kind, client_version, pid, NULL);
  return self;
}

GBytes *
rb_client_endpoint_make_body (RbClientEndpoint *self)
{
  return g_bytes_ref (self->id == NULL ? self->body : self->body_again);
}

gboolean
rb_client_endpoint_registered (RbClientEndpoint *self,
                               const RbJson     *answer,
                               GError          **error)
{
  g_autofree char *id = rb_json_dup_string (answer, "endpoint_id", error);
  g_autofree char *owner_token = NULL;

  if (id == NULL)
    return FALSE;
  owner_token = rb_json_dup_string (answer, "endpoint_owner_token", error);
  if (owner_token == NULL)
    return FALSE;

  if (self->id != NULL && !g_str_equal (self->id, id))
    {
      g_queue_push_head (&self->former_ids, g_steal_pointer (&self->id));
      if (self->former_ids.length > FORMER_IDS_MAX)
        g_free (g_queue_pop_tail (&self->former_ids));
    }
  g_free (self->id);
  g_free (self->owner_token);
  self->id = g_steal_pointer (&id);
  self->owner_token = g_steal_pointer (&owner_token);
  self->generation++;
  return TRUE;
}

const char *
rb_client_endpoint_get_id (RbClientEndpoint *self)
{
  return self->id;
}

const char *
rb_client_endpoint_get_owner_token (RbClientEndpoint *self)
{
  return self->owner_token;
}

gboolean
rb_client_endpoint_has_id (RbClientEndpoint *self,
                           const char       *id)
{
  if (g_strcmp0 (self->id, id) == 0)
    return TRUE;
  return g_queue_find_custom (&self->former_ids, id, (GCompareFunc) g_strcmp0) != NULL;
}

guint
rb_client_endpoint_get_generation (RbClientEndpoint *self)
{
  return self->generation;
}
