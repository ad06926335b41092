/* rb-client-properties.c: what can be set and read of a client by name
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-properties.h"

#include "rb-client-private.h"

enum {
  PROP_0, PROP_ACCOUNT, PROP_RUNTIME_TOKEN, PROP_DATA_DIR, PROP_SOCKET, PROP_PROGRAM, PROP_KIND, PROP_VERSION, N_TEXTS,
  PROP_START_TIMEOUT = N_TEXTS, PROP_CALL_TIMEOUT, PROP_PING_INTERVAL, PROP_AUTOSTART, PROP_PHASE, PROP_PRESENCE, N_PROPS,
};

/* NULL: not a text of the options. */
static char **
find_text (RbClient *self,
           guint     id)
{
  RbClientOptions *options = rb_client_get_options (self);

  switch (id)
    {
    case PROP_ACCOUNT: return &options->account_id;
    case PROP_RUNTIME_TOKEN: return &options->runtime_token;
    case PROP_DATA_DIR: return &options->data_dir;
    case PROP_SOCKET: return &options->socket;
    case PROP_PROGRAM: return &options->program;
    case PROP_KIND: return &options->client_kind;
    case PROP_VERSION: return &options->client_version;
    default: return NULL;
    }
}

/* Likewise, milliseconds. */
static gint64 *
find_time (RbClient *self,
           guint     id)
{
  RbClientOptions *options = rb_client_get_options (self);

  switch (id)
    {
    case PROP_START_TIMEOUT: return &options->start_timeout_ms;
    case PROP_CALL_TIMEOUT: return &options->call_timeout_ms;
    case PROP_PING_INTERVAL: return &options->ping_interval_ms;
    default: return NULL;
    }
}

static void
get_property (GObject    *object,
              guint       id,
              GValue     *value,
              GParamSpec *pspec)
{
  RbClient *self = RB_CLIENT (object);

  if (find_text (self, id) != NULL)
    g_value_set_string (value, *find_text (self, id));
  else if (find_time (self, id) != NULL)
    g_value_set_int64 (value, *find_time (self, id));
  else if (id == PROP_AUTOSTART)
    g_value_set_boolean (value, rb_client_get_options (self)->start);
  else if (id == PROP_PHASE)
    g_value_set_enum (value, (int) rb_client_get_phase (self));
  else if (id == PROP_PRESENCE)
    g_value_set_string (value, rb_client_get_presence (self));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

/* These three are never without a value: NULL is what a new client has. */
static char *
dup_usual (guint id)
{
  g_autoptr(RbClientOptions) usual = rb_client_options_new ();

  if (id == PROP_ACCOUNT)
    return g_steal_pointer (&usual->account_id);
  if (id == PROP_KIND)
    return g_steal_pointer (&usual->client_kind);
  return id == PROP_VERSION ? g_steal_pointer (&usual->client_version) : NULL;
}

static void
set_property (GObject      *object,
              guint         id,
              const GValue *value,
              GParamSpec   *pspec)
{
  RbClient *self = RB_CLIENT (object);
  char **text = find_text (self, id);

  if (text != NULL)
    {
      g_free (*text);
      *text = g_value_get_string (value) != NULL ? g_value_dup_string (value) : dup_usual (id);
    }
  else if (find_time (self, id) != NULL)
    *find_time (self, id) = g_value_get_int64 (value);
  else if (id == PROP_AUTOSTART)
    rb_client_get_options (self)->start = g_value_get_boolean (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
add_text (GObjectClass *klass,
          guint         id,
          const char   *name)
{
  g_object_class_install_property (klass, id, g_param_spec_string (name, NULL, NULL, NULL, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
}

static void
add_time (GObjectClass *klass,
          guint         id,
          const char   *name,
          gint64        usual)
{
  g_object_class_install_property (klass, id, g_param_spec_int64 (name, NULL, NULL, 0, G_MAXINT64, usual,
                                                                  G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
}

/* Which broker. */
static void
install_where (GObjectClass *klass)
{
  /**
   * RbClient:account: (getter get_account)
   *
   * The account whose broker is wanted. Unset: `MASONS_BROKER_ACCOUNT_ID` of the
   * environment, or `default`.
   */
  add_text (klass, PROP_ACCOUNT, "account");
  /**
   * RbClient:runtime-token:
   *
   * The token that names one broker of several of an account. Unset:
   * `MASONS_BROKER_RUNTIME_TOKEN` of the environment, or any broker of the
   * account.
   */
  add_text (klass, PROP_RUNTIME_TOKEN, "runtime-token");
  /**
   * RbClient:data-dir:
   *
   * The directory in which brokers leave their discovery files. %NULL: the usual
   * one. A new client has `MASONS_BROKER_USER_DATA` of the environment.
   */
  add_text (klass, PROP_DATA_DIR, "data-dir");
  /**
   * RbClient:socket:
   *
   * A Unix socket to use without looking for a discovery file.
   */
  add_text (klass, PROP_SOCKET, "socket");
  /**
   * RbClient:program:
   *
   * The broker's program, to start it. %NULL: it is looked for beside the
   * running program, then on `PATH`.
   */
  add_text (klass, PROP_PROGRAM, "program");
  /**
   * RbClient:autostart:
   *
   * Whether a broker is started when none runs. %TRUE unless set.
   */
  g_object_class_install_property (klass, PROP_AUTOSTART,
                                   g_param_spec_boolean ("autostart", NULL, NULL, TRUE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
}

void
rb_client_properties_install (GObjectClass *klass)
{
  klass->get_property = get_property;
  klass->set_property = set_property;
  install_where (klass);
  /**
   * RbClient:kind:
   *
   * What kind of adapter this is, told to the broker; `custom` unless set.
   */
  add_text (klass, PROP_KIND, "kind");
  /**
   * RbClient:version:
   *
   * The adapter's version, told to the broker; this library's unless set.
   */
  add_text (klass, PROP_VERSION, "version");
  /**
   * RbClient:start-timeout:
   *
   * How long a broker that is started may take until it serves, in
   * milliseconds.
   */
  add_time (klass, PROP_START_TIMEOUT, "start-timeout", 5000);
  /**
   * RbClient:call-timeout:
   *
   * How long one call may take until it is answered, in milliseconds.
   */
  add_time (klass, PROP_CALL_TIMEOUT, "call-timeout", 40000);
  /**
   * RbClient:ping-interval:
   *
   * How often the channel is probed, in milliseconds; 0: never. Two probes
   * without an answer are a broken channel.
   */
  add_time (klass, PROP_PING_INTERVAL, "ping-interval", 30000);
  /**
   * RbClient:phase: (getter get_phase)
   *
   * Where the client is with its connection.
   */
  g_object_class_install_property (klass, PROP_PHASE,
                                   g_param_spec_enum ("phase", NULL, NULL, RB_TYPE_CLIENT_PHASE, RB_CLIENT_NEVER_CONNECTED,
                                                      G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  /**
   * RbClient:presence: (getter get_presence)
   *
   * What the broker's link to its network is: `online`, `reconnecting`,
   * `offline`; %NULL until connected.
   */
  g_object_class_install_property (klass, PROP_PRESENCE,
                                   g_param_spec_string ("presence", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}
