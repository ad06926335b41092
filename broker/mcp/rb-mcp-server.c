/* rb-mcp-server.c: the life of one connection with a host: what may be asked when, and what waits for an answer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-server.h"

#include "rb-json-writer.h"
#include "rb-log.h"
#include "rb-mcp-batch.h"

#include <string.h>

typedef enum {
  STATE_NEW,            /* only initialize and ping */
  STATE_GREETED,        /* answered; hosts that do not say so are served, too */
  STATE_READY,
  STATE_ENDED,
} State;

/* Of a request at work. */
typedef struct {
  RbMcpCall  *call;
  RbMcpBatch *batch;    /* (nullable) */
} Work;

struct _RbMcpServer {
  GObject             parent_instance;

  RbMcpStdio         *stdio;
  const RbMcpMethod  *methods;
  char               *greeting;
  gpointer            user_data;
  State               state;
  const RbMcpVersion *version;
  GHashTable         *works;     /* GBytes (the id's text) -> Work */
};

enum { INITIALIZE, READY, DISOWNED, ENDED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RbMcpServer, rb_mcp_server, G_TYPE_OBJECT)

static void
work_free (gpointer data)
{
  Work *work = data;

  rb_mcp_call_unref (work->call);
  g_clear_pointer (&work->batch, rb_mcp_batch_unref);
  g_free (work);
}

static void
say (RbMcpServer      *self,
     RbMcpBatch       *batch,
     GBytes           *frame,
     RbMcpWrittenFunc  written,
     gpointer          user_data)
{
  if (batch != NULL)
    rb_mcp_batch_add (batch, frame, written, user_data);
  else
    rb_mcp_stdio_write (self->stdio, frame, written, user_data);
}

static void
refuse (RbMcpServer *self,
        RbMcpBatch  *batch,
        GBytes      *id,
        RbMcpCode    code,
        const char  *text)
{
  g_autoptr(GBytes) frame = rb_mcp_frame_error (id, code, text);

  say (self, batch, frame, NULL, NULL);
}

static void
on_answer (RbMcpCall        *call,
           GBytes           *frame,
           RbMcpWrittenFunc  written,
           gpointer          written_data,
           gpointer          user_data)
{
  RbMcpServer *self = user_data;
  Work *work = g_hash_table_lookup (self->works, rb_mcp_call_get_id (call));

  say (self, work != NULL ? work->batch : NULL, frame, written, written_data);
  g_hash_table_remove (self->works, rb_mcp_call_get_id (call));
}

static void
on_notify (const char *method,
           GBytes     *params,
           gpointer    user_data)
{
  rb_mcp_server_notify (user_data, method, params);
}

static GBytes *
make_greeting (RbMcpServer *self)
{
  g_autofree char *text = g_strdup_printf ("{\"protocolVersion\":\"%s\",%s}", self->version->name, self->greeting);

  return g_bytes_new (text, strlen (text));
}

static void
initialize (RbMcpServer *self,
            RbMcpCall   *call)
{
  RbJson *params = rb_mcp_call_get_params (call);
  g_autofree char *asked = params != NULL ? rb_json_peek_string (params, "protocolVersion") : NULL;
  g_autoptr(RbJson) client = params != NULL ? rb_json_open (params, "clientInfo", NULL) : NULL;
  gboolean has_client = client != NULL && rb_json_get_root_type (client) == RB_JSON_OBJECT;
  g_autofree char *name = has_client ? rb_json_peek_string (client, "name") : NULL;
  g_autofree char *version = has_client ? rb_json_peek_string (client, "version") : NULL;
  g_autoptr(GBytes) greeting = NULL;

  if (self->state != STATE_NEW)
    {
      rb_mcp_call_fail (call, RB_MCP_INVALID_REQUEST, "initialize was asked before");
      return;
    }
  if (asked == NULL)
    {
      rb_mcp_call_fail (call, RB_MCP_INVALID_PARAMS, "'protocolVersion' must be a string");
      return;
    }
  self->version = rb_mcp_version_negotiate (asked);
  self->state = STATE_GREETED;
  rb_log_info ("mcp_initialized", "client", name, "version", version, "asked", asked, "protocol", self->version->name, NULL);
  g_signal_emit (self, signals[INITIALIZE], 0, name, version);
  greeting = make_greeting (self);
  rb_mcp_call_return (call, greeting, NULL, NULL);
}

static const RbMcpMethod *
find_method (RbMcpServer *self,
             const char  *name)
{
  for (const RbMcpMethod *method = self->methods; method->name != NULL; method++)
    if (strcmp (method->name, name) == 0)
      return method;
  return NULL;
}

static void
run (RbMcpServer *self,
     RbMcpCall   *call,
     const char  *name)
{
  const RbMcpMethod *method = find_method (self, name);

  if (strcmp (name, "initialize") == 0)
    initialize (self, call);
  else if (strcmp (name, "ping") == 0)
    {
      g_autoptr(GBytes) empty = g_bytes_new_static ("{}", 2);

      rb_mcp_call_return (call, empty, NULL, NULL);
    }
  else if (method == NULL)
    {
      g_autofree char *text = g_strdup_printf ("there is no method '%.100s'", name);

      rb_mcp_call_fail (call, RB_MCP_METHOD_NOT_FOUND, text);
    }
  else if (self->state == STATE_NEW)
    rb_mcp_call_fail (call, RB_MCP_INVALID_REQUEST, "initialize has to be asked first");
  else
    method->run (call, self->user_data);
}

static void
take_request (RbMcpServer  *self,
              RbMcpMessage *message,
              RbMcpBatch   *batch)
{
  g_autoptr(RbMcpCall) call = NULL;
  Work *work;

  if (g_hash_table_contains (self->works, message->id))
    {
      refuse (self, batch, message->id, RB_MCP_INVALID_REQUEST, "a request with this id is at work");
      return;
    }
  if (g_hash_table_size (self->works) >= RB_MCP_CALLS_MAX)
    {
      refuse (self, batch, message->id, RB_MCP_INTERNAL_ERROR, "too many requests are at work");
      return;
    }
  call = rb_mcp_call_new (message->id, message->params, on_answer, on_notify, self);
  work = g_new0 (Work, 1);
  work->call = rb_mcp_call_ref (call);
  work->batch = batch != NULL ? rb_mcp_batch_ref (batch) : NULL;
  g_hash_table_insert (self->works, g_bytes_ref (message->id), work);
  run (self, call, message->method);
}

static void
take_cancelled (RbMcpServer *self,
                RbJson      *params)
{
  RbJsonType type = params != NULL ? rb_json_get_member_type (params, "requestId") : RB_JSON_ABSENT;
  g_autoptr(GBytes) id = type == RB_JSON_STRING || type == RB_JSON_NUMBER ? rb_json_dup_slice (params, "requestId") : NULL;
  Work *work = id != NULL ? g_hash_table_lookup (self->works, id) : NULL;

  if (work != NULL)
    {
      g_autoptr(RbMcpCall) call = rb_mcp_call_ref (work->call);

      rb_mcp_call_end (call);
      g_hash_table_remove (self->works, id);
    }
  else if (id != NULL)
    g_signal_emit (self, signals[DISOWNED], 0, id);
}

static void
take_notification (RbMcpServer  *self,
                   RbMcpMessage *message)
{
  if (strcmp (message->method, "notifications/initialized") == 0 && self->state == STATE_GREETED)
    {
      self->state = STATE_READY;
      g_signal_emit (self, signals[READY], 0);
    }
  else if (strcmp (message->method, "notifications/cancelled") == 0)
    take_cancelled (self, message->params);
}

static void
take_value (RbMcpServer  *self,
            const RbJson *value,
            RbMcpBatch   *batch)
{
  g_auto(RbMcpFault) fault = { 0 };
  g_autoptr(RbMcpMessage) message = rb_mcp_message_parse (value, &fault);

  if (message == NULL)
    refuse (self, batch, fault.id, fault.code, fault.text);
  else if (message->kind == RB_MCP_REQUEST)
    take_request (self, message, batch);
  else if (message->kind == RB_MCP_NOTIFICATION)
    take_notification (self, message);
}

static void
take_batch (RbMcpServer  *self,
            const RbJson *array)
{
  RbMcpBatch *batch;

  if (self->version == NULL || !self->version->has_batches || rb_json_get_length (array) == 0)
    {
      refuse (self, NULL, NULL, RB_MCP_INVALID_REQUEST, "a batch is not a message in this version of the protocol, nor is an empty one");
      return;
    }
  if (rb_json_get_length (array) > RB_MCP_CALLS_MAX)
    {
      refuse (self, NULL, NULL, RB_MCP_INVALID_REQUEST, "a batch has too many messages");
      return;
    }
  batch = rb_mcp_batch_new (self->stdio);
  for (guint i = 0; i < rb_json_get_length (array) && self->state != STATE_ENDED; i++)
    {
      RbJsonType type = rb_json_get_item_type (array, i);
      g_autoptr(RbJson) item = type == RB_JSON_OBJECT ? rb_json_open_item (array, i, NULL) : NULL;

      if (item != NULL)
        take_value (self, item, batch);
      else
        refuse (self, batch, NULL, RB_MCP_INVALID_REQUEST, "a message must be an object");
    }
  rb_mcp_batch_unref (batch);
}

static void
on_line (GBytes  *line,
         gpointer user_data)
{
  RbMcpServer *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) value = line != NULL ? rb_json_parse (line, RB_MCP_LINE_MAX, &error) : NULL;
  g_autofree char *text = NULL;

  if (value != NULL && rb_json_get_root_type (value) == RB_JSON_ARRAY)
    take_batch (self, value);
  else if (value != NULL)
    take_value (self, value, NULL);
  else
    {
      text = line == NULL ? g_strdup_printf ("a line is longer than %d bytes", RB_MCP_LINE_MAX) : g_strdup (error->message);
      refuse (self, NULL, NULL, RB_MCP_PARSE_ERROR, text);
    }
}

static void
on_ended (const char *why,
          gpointer    user_data)
{
  rb_mcp_server_stop (user_data, why);
}

static void
rb_mcp_server_finalize (GObject *object)
{
  RbMcpServer *self = RB_MCP_SERVER (object);

  g_hash_table_unref (self->works);
  rb_mcp_stdio_free (self->stdio);
  g_free (self->greeting);
  G_OBJECT_CLASS (rb_mcp_server_parent_class)->finalize (object);
}

static void
rb_mcp_server_class_init (RbMcpServerClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = rb_mcp_server_finalize;

  signals[INITIALIZE] = g_signal_new ("initialize", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
  signals[READY] = g_signal_new ("ready", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[DISOWNED] = g_signal_new ("disowned", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BYTES);
  signals[ENDED] = g_signal_new ("ended", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
rb_mcp_server_init (RbMcpServer *self)
{
  self->works = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, work_free);
}

RbMcpServer *
rb_mcp_server_new (GInputStream      *input,
                   GOutputStream     *output,
                   const RbMcpMethod *methods,
                   const char        *greeting,
                   gpointer           user_data)
{
  static const RbMcpStdioFuncs funcs = { on_line, on_ended };
  RbMcpServer *self = g_object_new (RB_TYPE_MCP_SERVER, NULL);

  self->stdio = rb_mcp_stdio_new (input, output, &funcs, self);
  self->methods = methods;
  self->greeting = g_strdup (greeting);
  self->user_data = user_data;
  return self;
}

void
rb_mcp_server_start (RbMcpServer *self)
{
  rb_mcp_stdio_start (self->stdio);
}

const RbMcpVersion *
rb_mcp_server_get_version (RbMcpServer *self)
{
  return self->version;
}

void
rb_mcp_server_notify (RbMcpServer *self,
                      const char  *method,
                      GBytes      *params)
{
  g_autoptr(GBytes) frame = NULL;

  if (self->state != STATE_READY && self->state != STATE_GREETED)
    return;
  if (rb_mcp_stdio_is_full (self->stdio))
    return;
  frame = rb_mcp_frame_notification (method, params);
  rb_mcp_stdio_write (self->stdio, frame, NULL, NULL);
}

void
rb_mcp_server_stop (RbMcpServer *self,
                    const char  *why)
{
  g_autoptr(GHashTable) works = NULL;
  GHashTableIter iter;
  gpointer work;

  if (self->state == STATE_ENDED)
    return;
  self->state = STATE_ENDED;
  works = g_steal_pointer (&self->works);
  self->works = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, work_free);
  g_hash_table_iter_init (&iter, works);
  while (g_hash_table_iter_next (&iter, NULL, &work))
    rb_mcp_call_end (((Work *) work)->call);
  g_signal_emit (self, signals[ENDED], 0, why);
}

guint
rb_mcp_server_get_n_calls (RbMcpServer *self)
{
  return g_hash_table_size (self->works);
}
