/* rb-client-endpoint.c: one endpoint of this adapter, the same object across every reconnect
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-endpoint-private.h"

#include "rb-json-writer.h"

/* Every id that messages under way may still carry. */
#define FORMER_IDS_MAX 16

enum {
  PROP_0, PROP_AGENT_ID, PROP_KIND, PROP_SESSION_NAME, PROP_TASK_HINT, PROP_WORKSPACE, PROP_TRACKING_REF, PROP_RUNTIME_SESSION_ID,
  PROP_EXECUTION_SURFACE, PROP_BACKGROUND_EXCHANGE_MODE, PROP_SPAWN_TOKEN, N_TEXTS,
  PROP_CAPABILITIES = N_TEXTS, PROP_ID, PROP_GENERATION, N_PROPS,
};
static GParamSpec *properties[N_PROPS];

struct _RbClientEndpoint {
  GObject    parent_instance;

  char      *texts[N_TEXTS];   /* (nullable) each, by property */
  GStrv      capabilities;     /* (nullable) */
  char      *id;               /* (nullable) until registered */
  char      *owner_token;      /* (nullable) until registered */
  guint      generation;
  GQueue     former_ids;       /* of char *, newest first */
  gboolean   is_registering;   /* the broker was asked and has not answered */
  gboolean   is_forgotten;     /* it was taken leave of */
};

/**
 * RbClientEndpoint:
 *
 * One session of a runtime, to which messages can be addressed.
 *
 * An endpoint is made, described by its properties, and registered with
 * [method@Rb.Client.register_async]. From then on it is the same object,
 * whatever becomes of the connection: the client brings it back, and should the
 * broker have forgotten it, registers it anew. Its id is another one then, and
 * [property@Rb.ClientEndpoint:id] notifies.
 *
 * The describing properties are read when it is registered. Source: section 7.2
 * of the broker's protocol.
 */
G_DEFINE_FINAL_TYPE (RbClientEndpoint, rb_client_endpoint, G_TYPE_OBJECT)

static void
rb_client_endpoint_get_property (GObject    *object,
                                 guint       id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  RbClientEndpoint *self = RB_CLIENT_ENDPOINT (object);

  if (id < N_TEXTS)
    g_value_set_string (value, self->texts[id]);
  else if (id == PROP_CAPABILITIES)
    g_value_set_boxed (value, self->capabilities);
  else if (id == PROP_ID)
    g_value_set_string (value, self->id);
  else if (id == PROP_GENERATION)
    g_value_set_uint (value, self->generation);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
rb_client_endpoint_set_property (GObject      *object,
                                 guint         id,
                                 const GValue *value,
                                 GParamSpec   *pspec)
{
  RbClientEndpoint *self = RB_CLIENT_ENDPOINT (object);

  if (id < N_TEXTS)
    {
      g_free (self->texts[id]);
      self->texts[id] = g_value_dup_string (value);
    }
  else if (id == PROP_CAPABILITIES)
    {
      g_strfreev (self->capabilities);
      self->capabilities = g_value_dup_boxed (value);
    }
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
rb_client_endpoint_finalize (GObject *object)
{
  RbClientEndpoint *self = RB_CLIENT_ENDPOINT (object);

  for (guint i = 0; i < N_TEXTS; i++)
    g_free (self->texts[i]);
  g_strfreev (self->capabilities);
  g_free (self->id);
  g_free (self->owner_token);
  g_queue_clear_full (&self->former_ids, g_free);
  G_OBJECT_CLASS (rb_client_endpoint_parent_class)->finalize (object);
}

static GParamSpec *
text (const char *name)
{
  return g_param_spec_string (name, NULL, NULL, NULL, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
}

static void
rb_client_endpoint_class_init (RbClientEndpointClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = rb_client_endpoint_get_property;
  object_class->set_property = rb_client_endpoint_set_property;
  object_class->finalize = rb_client_endpoint_finalize;

  /**
   * RbClientEndpoint:agent-id:
   *
   * The name of the agent. Unset: [property@Rb.ClientEndpoint:session-name],
   * or the kind.
   */
  properties[PROP_AGENT_ID] = text ("agent-id");
  /**
   * RbClientEndpoint:kind:
   *
   * What kind of runtime it is: `claude-code`, `codex`, `openclaw`, ...;
   * `custom` unless set.
   */
  properties[PROP_KIND] = text ("kind");
  /**
   * RbClientEndpoint:session-name:
   *
   * The name under which people and other agents see this endpoint.
   */
  properties[PROP_SESSION_NAME] = text ("session-name");
  /**
   * RbClientEndpoint:task-hint:
   *
   * What the runtime works on, in a few words.
   */
  properties[PROP_TASK_HINT] = text ("task-hint");
  /**
   * RbClientEndpoint:workspace:
   *
   * The directory that the runtime works in.
   */
  properties[PROP_WORKSPACE] = text ("workspace");
  /**
   * RbClientEndpoint:tracking-ref:
   *
   * The issue or branch it works on.
   */
  properties[PROP_TRACKING_REF] = text ("tracking-ref");
  /**
   * RbClientEndpoint:runtime-session-id:
   *
   * The runtime's own name for this session: at most 256 characters, not
   * beginning with `__masons_`. With it, a session that comes back takes over
   * what waits for it.
   */
  properties[PROP_RUNTIME_SESSION_ID] = text ("runtime-session-id");
  /**
   * RbClientEndpoint:execution-surface:
   *
   * Where the runtime shows itself; `headless` unless set.
   */
  properties[PROP_EXECUTION_SURFACE] = text ("execution-surface");
  /**
   * RbClientEndpoint:background-exchange-mode:
   *
   * How work is given to it: `adapter_managed_turn` (needs
   * [property@Rb.ClientEndpoint:runtime-session-id]) or `resident_endpoint`.
   * Unset: the first with a session id, the second without.
   */
  properties[PROP_BACKGROUND_EXCHANGE_MODE] = text ("background-exchange-mode");
  /**
   * RbClientEndpoint:spawn-token:
   *
   * What the broker gave to a runtime that it started itself. Sent with the
   * first registration only.
   */
  properties[PROP_SPAWN_TOKEN] = text ("spawn-token");
  /**
   * RbClientEndpoint:capabilities:
   *
   * What the endpoint can do. `background_exchange_v1`: it takes assignments;
   * `foreground_channel_v1`: the messages of conversations that it began itself
   * are pushed to it. Both, unless set.
   */
  properties[PROP_CAPABILITIES] = g_param_spec_boxed ("capabilities", NULL, NULL, G_TYPE_STRV,
                                                      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  /**
   * RbClientEndpoint:id: (getter get_id)
   *
   * The broker's name for the endpoint; %NULL until it was registered. It
   * changes when the broker had to register it anew.
   */
  properties[PROP_ID] = g_param_spec_string ("id", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  /**
   * RbClientEndpoint:generation: (getter get_generation)
   *
   * How often it was registered. What was refused under another number may be
   * asked again.
   */
  properties[PROP_GENERATION] = g_param_spec_uint ("generation", NULL, NULL, 0, G_MAXUINT, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
set_texts (RbClientEndpoint           *self,
           const RbClientRegistration *from)
{
  const char *const texts[N_TEXTS] = {
    [PROP_AGENT_ID] = from->agent_id,
    [PROP_KIND] = from->kind,
    [PROP_SESSION_NAME] = from->session_name,
    [PROP_TASK_HINT] = from->task_hint,
    [PROP_WORKSPACE] = from->workspace,
    [PROP_TRACKING_REF] = from->tracking_ref,
    [PROP_RUNTIME_SESSION_ID] = from->runtime_session_id,
    [PROP_EXECUTION_SURFACE] = from->execution_surface,
    [PROP_BACKGROUND_EXCHANGE_MODE] = from->background_exchange_mode,
    [PROP_SPAWN_TOKEN] = from->spawn_token,
  };

  for (guint i = 0; i < N_TEXTS; i++)
    {
      g_free (self->texts[i]);
      self->texts[i] = g_strdup (texts[i]);
    }
  g_strfreev (self->capabilities);
  self->capabilities = g_strdupv ((char **) from->capabilities);
}

static void
rb_client_endpoint_init (RbClientEndpoint *self)
{
  static const char *const capabilities[] = { "background_exchange_v1", "foreground_channel_v1", NULL };
  const RbClientRegistration usual = { .kind = "custom",
                                       .capabilities = capabilities,
                                       .execution_surface = "headless" };

  g_queue_init (&self->former_ids);
  set_texts (self, &usual);
}

/**
 * rb_client_endpoint_new:
 * @kind: (nullable): what kind of runtime it is; %NULL: `custom`
 * @session_name: (nullable): the name under which people see it
 *
 * Makes an endpoint that nobody knows yet: see
 * [method@Rb.Client.register_async].
 *
 * Returns: (transfer full): the endpoint
 */
RbClientEndpoint *
rb_client_endpoint_new (const char *kind,
                        const char *session_name)
{
  RbClientEndpoint *self = g_object_new (RB_TYPE_CLIENT_ENDPOINT, "session-name", session_name, NULL);

  if (kind != NULL)
    g_object_set (self, "kind", kind, NULL);
  return self;
}

RbClientEndpoint *
rb_client_endpoint_new_for (const RbClientRegistration *registration)
{
  RbClientEndpoint *self = g_object_new (RB_TYPE_CLIENT_ENDPOINT, NULL);

  set_texts (self, registration);
  return self;
}

/* The broker wants a name of the agent. */
static const char *
get_agent_id (RbClientEndpoint *self)
{
  if (self->texts[PROP_AGENT_ID] != NULL)
    return self->texts[PROP_AGENT_ID];
  return self->texts[PROP_SESSION_NAME] != NULL ? self->texts[PROP_SESSION_NAME] : self->texts[PROP_KIND];
}

/* Work is given to those only who say how (protocol.md 11.2). */
static const char *
get_mode (RbClientEndpoint *self)
{
  if (self->texts[PROP_BACKGROUND_EXCHANGE_MODE] != NULL)
    return self->texts[PROP_BACKGROUND_EXCHANGE_MODE];
  if (self->capabilities == NULL || !g_strv_contains ((const char *const *) self->capabilities, "background_exchange_v1"))
    return NULL;
  return self->texts[PROP_RUNTIME_SESSION_ID] != NULL ? "adapter_managed_turn" : "resident_endpoint";
}

GBytes *
rb_client_endpoint_make_body (RbClientEndpoint *self,
                              const char       *client_kind,
                              const char       *client_version,
                              gint64            pid)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "agent_id", get_agent_id (self));
  rb_json_writer_int (writer, "plugin_pid", pid);
  rb_json_writer_string (writer, "kind", self->texts[PROP_KIND]);
  rb_json_writer_string (writer, "client_kind", client_kind);
  rb_json_writer_string (writer, "client_version", client_version);
  rb_json_writer_string (writer, "session_name", self->texts[PROP_SESSION_NAME]);
  rb_json_writer_string (writer, "workspace", self->texts[PROP_WORKSPACE]);
  rb_json_writer_string (writer, "tracking_ref", self->texts[PROP_TRACKING_REF]);
  rb_json_writer_string (writer, "task_hint", self->texts[PROP_TASK_HINT]);
  rb_json_writer_string (writer, "runtime_session_id", self->texts[PROP_RUNTIME_SESSION_ID]);
  rb_json_writer_strv (writer, "runtime_capabilities", (const char *const *) self->capabilities);
  rb_json_writer_string (writer, "execution_surface", self->texts[PROP_EXECUTION_SURFACE]);
  rb_json_writer_string (writer, "background_exchange_mode", get_mode (self));
  if (self->id == NULL)
    rb_json_writer_string (writer, "spawn_token", self->texts[PROP_SPAWN_TOKEN]);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

static void
take_id (RbClientEndpoint *self,
         char             *id)
{
  if (self->id != NULL && !g_str_equal (self->id, id))
    {
      g_queue_push_head (&self->former_ids, g_steal_pointer (&self->id));
      if (self->former_ids.length > FORMER_IDS_MAX)
        g_free (g_queue_pop_tail (&self->former_ids));
    }
  g_free (self->id);
  self->id = id;
}

gboolean
rb_client_endpoint_registered (RbClientEndpoint *self,
                               const RbJson     *answer,
                               GError          **error)
{
  g_autofree char *id = rb_json_dup_string (answer, "endpoint_id", error);
  g_autofree char *owner_token = NULL;
  gboolean is_new;

  if (id == NULL)
    return FALSE;
  owner_token = rb_json_dup_string (answer, "endpoint_owner_token", error);
  if (owner_token == NULL)
    return FALSE;

  is_new = g_strcmp0 (self->id, id) != 0;
  take_id (self, g_steal_pointer (&id));
  g_free (self->owner_token);
  self->owner_token = g_steal_pointer (&owner_token);
  self->generation++;
  if (is_new)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ID]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_GENERATION]);
  return TRUE;
}

/**
 * rb_client_endpoint_get_id: (get-property id)
 * @self: an endpoint
 *
 * The broker's name for it. It may change with a reconnect: see
 * [method@Rb.ClientEndpoint.has_id].
 *
 * Returns: (nullable) (transfer none): the id; %NULL until it was registered
 */
const char *
rb_client_endpoint_get_id (RbClientEndpoint *self)
{
  g_return_val_if_fail (RB_IS_CLIENT_ENDPOINT (self), NULL);

  return self->id;
}

/**
 * rb_client_endpoint_get_owner_token:
 * @self: an endpoint
 *
 * The secret that proves that the endpoint is ours. The calls of this library
 * send it where it is needed; it is for [method@Rb.Client.request_async].
 *
 * Returns: (nullable) (transfer none): the token; %NULL until it was registered
 */
const char *
rb_client_endpoint_get_owner_token (RbClientEndpoint *self)
{
  g_return_val_if_fail (RB_IS_CLIENT_ENDPOINT (self), NULL);

  return self->owner_token;
}

/**
 * rb_client_endpoint_has_id:
 * @self: an endpoint
 * @id: an endpoint's id
 *
 * Whether @id names this endpoint, now or before a registration was repeated.
 *
 * Returns: %TRUE when it does
 */
gboolean
rb_client_endpoint_has_id (RbClientEndpoint *self,
                           const char       *id)
{
  g_return_val_if_fail (RB_IS_CLIENT_ENDPOINT (self), FALSE);

  if (id == NULL)
    return FALSE;
  if (g_strcmp0 (self->id, id) == 0)
    return TRUE;
  return g_queue_find_custom (&self->former_ids, id, (GCompareFunc) g_strcmp0) != NULL;
}

/**
 * rb_client_endpoint_get_generation: (get-property generation)
 * @self: an endpoint
 *
 * How often it was registered.
 *
 * Returns: the count; 0 until it was registered
 */
guint
rb_client_endpoint_get_generation (RbClientEndpoint *self)
{
  g_return_val_if_fail (RB_IS_CLIENT_ENDPOINT (self), 0);

  return self->generation;
}

gboolean
rb_client_endpoint_begin (RbClientEndpoint *self)
{
  if (self->is_registering)
    return FALSE;
  self->is_registering = TRUE;
  self->is_forgotten = FALSE;
  return TRUE;
}

void
rb_client_endpoint_end (RbClientEndpoint *self)
{
  self->is_registering = FALSE;
}

void
rb_client_endpoint_forget (RbClientEndpoint *self)
{
  self->is_forgotten = TRUE;
}

gboolean
rb_client_endpoint_is_forgotten (RbClientEndpoint *self)
{
  return self->is_forgotten;
}

gboolean
rb_client_endpoint_has_session (RbClientEndpoint *self)
{
  return self->texts[PROP_RUNTIME_SESSION_ID] != NULL;
}
