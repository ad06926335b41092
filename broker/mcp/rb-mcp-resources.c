/* rb-mcp-resources.c: what the broker shows, as resources that a host lists, reads and watches
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-resources.h"

#include "rb-error.h"
#include "rb-json-writer.h"
#include "rb-mcp-page.h"

#include <string.h>

#define MIME_TYPE "application/json"

static const struct {
  const char *name;       /* of the URI, and of the resource */
  const char *title;
  const char *text;
  const char *path;
} fixed[] = {
  { "inbox", "Inbox", "Messages that nobody has taken yet", "/v1/operator/inbox" },
  { "endpoints", "Endpoints", "The agents and programs that are attached to the broker", "/v1/operator/endpoints" },
  { "assignments", "Assignments", "Which message is with whom", "/v1/operator/assignments" },
  { "status", "Status", "The broker, its network, what waits, and how full everything is", "/v1/operator/status" },
};

static const struct {
  const char *prefix;     /* of the URI, with an id behind it */
  const char *name;
  const char *title;
  const char *text;
  const char *path;
} patterns[] = {
  { "messages/", "message", "Message", "One message with its content, also after it has ended", "/v1/operator/show/" },
  { "ladders/", "ladder", "Ladder", "What became of a message, assignment, reply or endpoint: each step with its time and reason", "/v1/operator/explain/" },
};

typedef struct {
  char *uri;
  char *digest;       /* (nullable) of what it was when it was last seen */
} Watch;

struct _RbMcpResources {
  grefcount        ref_count;       /* of the owner, and of a look under way */
  RbMcpAgent      *agent;
  RbMcpNotifyFunc  notify;
  gpointer         user_data;
  gboolean         is_over;
  GPtrArray       *watches;         /* of Watch */
  guint            next_watch;      /* which one is looked at */
  guint64          timer;
  gboolean         is_looking;    /* from one timer to the next */
};

/* A request that waits for the broker, or a look at something that is watched. */
typedef struct {
  RbMcpResources *owner;
  RbMcpCall      *call;       /* (nullable) */
  char           *uri;        /* (nullable) */
  guint           begin;      /* of the page */
} Look;

static void watch_next (RbMcpResources *self);

static void
watch_free (gpointer data)
{
  Watch *watch = data;

  g_free (watch->uri);
  g_free (watch->digest);
  g_free (watch);
}

static void
unref (RbMcpResources *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  g_ptr_array_unref (self->watches);
  g_object_unref (self->agent);
  g_free (self);
}

static Look *
look_new (RbMcpResources *owner,
          RbMcpCall      *call,
          const char     *uri)
{
  Look *self = g_new0 (Look, 1);

  g_ref_count_inc (&owner->ref_count);
  self->owner = owner;
  self->call = call != NULL ? rb_mcp_call_ref (call) : NULL;
  self->uri = g_strdup (uri);
  return self;
}

static void
look_free (Look *self)
{
  g_clear_pointer (&self->call, rb_mcp_call_unref);
  g_free (self->uri);
  unref (self->owner);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Look, look_free)

static RbClock *
clock_of (RbMcpResources *self)
{
  return rb_mcp_link_get_clock (rb_mcp_agent_get_link (self->agent));
}

char *
rb_mcp_resource_dup_path (const char *uri)
{
  const char *rest = g_str_has_prefix (uri, RB_MCP_URI) ? uri + strlen (RB_MCP_URI) : "";

  for (gsize i = 0; i < G_N_ELEMENTS (fixed); i++)
    if (strcmp (fixed[i].name, rest) == 0)
      return g_strdup (fixed[i].path);
  for (gsize i = 0; i < G_N_ELEMENTS (patterns); i++)
    if (g_str_has_prefix (rest, patterns[i].prefix))
      {
        const char *id = rest + strlen (patterns[i].prefix);
        g_autofree char *plain = strchr (id, '/') == NULL ? g_uri_unescape_string (id, NULL) : NULL;
        g_autofree char *escaped = plain != NULL && *plain != '\0' ? g_uri_escape_string (plain, NULL, FALSE) : NULL;

        return escaped != NULL ? g_strconcat (patterns[i].path, escaped, NULL) : NULL;
      }
  return NULL;
}

/* @look: (transfer full) */
static void
ask (Look                *look,
     char                *path,
     GAsyncReadyCallback  callback)
{
  RbMcpAsk *what = rb_mcp_ask_new (RB_MCP_ASK_VIEW);

  what->path = path;
  rb_mcp_link_ask_async (rb_mcp_agent_get_link (look->owner->agent), what, look->call != NULL ? rb_mcp_call_get_cancellable (look->call) : NULL,
                         callback, look);
}

static void
return_object (RbMcpCall    *call,
               RbJsonWriter *writer)
{
  g_autoptr(GBytes) result = rb_json_writer_end (writer);

  rb_mcp_call_return (call, result, NULL, NULL);
}

static void
return_nothing (RbMcpCall *call)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_end_object (writer);
  return_object (call, writer);
}

static void
write_resource (RbJsonWriter *writer,
                const char   *prefix,
                const char   *id,
                const char   *title,
                const char   *text)
{
  g_autofree char *escaped = g_uri_escape_string (id, NULL, FALSE);
  g_autofree char *uri = g_strconcat (RB_MCP_URI, prefix, escaped, NULL);

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "uri", uri);
  rb_json_writer_string (writer, "name", id);
  rb_json_writer_string (writer, "title", title);
  rb_json_writer_string (writer, "description", text);
  rb_json_writer_string (writer, "mimeType", MIME_TYPE);
  rb_json_writer_end_object (writer);
}

static void
write_message (RbJsonWriter *writer,
               const RbJson *row)
{
  g_autofree char *id = rb_json_peek_string (row, "id");
  g_autofree char *from = rb_json_peek_string (row, "sender_address");
  g_autofree char *preview = rb_json_peek_string (row, "preview");
  g_autofree char *title = g_strdup_printf ("Message from %s", from != NULL ? from : "somebody");

  write_resource (writer, "messages/", id != NULL ? id : "", title, preview);
}

/* @rows: (nullable): the broker is away: what there is always is listed all the same. */
static void
return_list (RbMcpCall    *call,
             guint         begin,
             const RbJson *rows)
{
  guint n_rows = rows != NULL && rb_json_get_root_type (rows) == RB_JSON_ARRAY ? rb_json_get_length (rows) : 0;
  guint total = G_N_ELEMENTS (fixed) + n_rows;
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_begin_array (writer, "resources");
  for (guint i = begin; i < MIN (begin + RB_MCP_PAGE_SIZE, total); i++)
    {
      g_autoptr(RbJson) row = i >= G_N_ELEMENTS (fixed) ? rb_json_open_item (rows, i - G_N_ELEMENTS (fixed), NULL) : NULL;

      if (i < G_N_ELEMENTS (fixed))
        write_resource (writer, "", fixed[i].name, fixed[i].title, fixed[i].text);
      else if (row != NULL)
        write_message (writer, row);
    }
  rb_json_writer_end_array (writer);
  rb_mcp_page_write (begin, total, writer);
  rb_json_writer_end_object (writer);
  return_object (call, writer);
}

static void
on_inbox (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(Look) look = user_data;
  g_autoptr(GBytes) text = rb_mcp_link_ask_finish (RB_MCP_LINK (source), result, NULL, NULL);
  g_autoptr(RbJson) rows = text != NULL ? rb_json_parse (text, 0, NULL) : NULL;

  return_list (look->call, look->begin, rows);
}

void
rb_mcp_resources_list (RbMcpResources *self,
                       RbMcpCall      *call)
{
  guint begin;
  Look *look;

  if (!rb_mcp_page_read (rb_mcp_call_get_params (call), &begin))
    {
      rb_mcp_call_fail (call, RB_MCP_INVALID_PARAMS, "'cursor' is none that was given out");
      return;
    }
  look = look_new (self, call, NULL);
  look->begin = begin;
  ask (look, g_strdup ("/v1/operator/inbox"), on_inbox);
}

void
rb_mcp_resources_list_templates (RbMcpResources *self,
                                 RbMcpCall      *call)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  guint begin;

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_begin_array (writer, "resourceTemplates");
  for (gsize i = 0; i < G_N_ELEMENTS (patterns); i++)
    {
      g_autofree char *uri = g_strconcat (RB_MCP_URI, patterns[i].prefix, "{id}", NULL);

      rb_json_writer_begin_object (writer, NULL);
      rb_json_writer_string (writer, "uriTemplate", uri);
      rb_json_writer_string (writer, "name", patterns[i].name);
      rb_json_writer_string (writer, "title", patterns[i].title);
      rb_json_writer_string (writer, "description", patterns[i].text);
      rb_json_writer_string (writer, "mimeType", MIME_TYPE);
      rb_json_writer_end_object (writer);
    }
  rb_json_writer_end_array (writer);
  rb_json_writer_end_object (writer);
  if (rb_mcp_page_read (rb_mcp_call_get_params (call), &begin) && begin == 0)
    {
      return_object (call, writer);
      return;
    }
  rb_json_writer_free (writer);
  rb_mcp_call_fail (call, RB_MCP_INVALID_PARAMS, "'cursor' is none that was given out");
}

/* The URI that is asked for, with its path; NULL: @call was failed. */
static char *
dup_uri (RbMcpCall  *call,
         char      **path)
{
  RbJson *params = rb_mcp_call_get_params (call);
  g_autofree char *uri = params != NULL ? rb_json_peek_string (params, "uri") : NULL;

  *path = uri != NULL ? rb_mcp_resource_dup_path (uri) : NULL;
  if (*path != NULL)
    return g_steal_pointer (&uri);
  if (uri == NULL)
    rb_mcp_call_fail (call, RB_MCP_INVALID_PARAMS, "'uri' must be a string");
  else
    rb_mcp_call_fail (call, RB_MCP_RESOURCE_NOT_FOUND, "there is no such resource");
  return NULL;
}

static void
return_contents (RbMcpCall  *call,
                 const char *uri,
                 GBytes     *text)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  gsize size;
  const char *data = g_bytes_get_data (text, &size);
  g_autofree char *string = g_strndup (data, size);

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_begin_array (writer, "contents");
  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "uri", uri);
  rb_json_writer_string (writer, "mimeType", MIME_TYPE);
  rb_json_writer_string (writer, "text", string);
  rb_json_writer_end_object (writer);
  rb_json_writer_end_array (writer);
  rb_json_writer_end_object (writer);
  return_object (call, writer);
}

static void
on_read (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(Look) look = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) text = rb_mcp_link_ask_finish (RB_MCP_LINK (source), result, NULL, &error);

  if (text != NULL)
    return_contents (look->call, look->uri, text);
  else
    rb_mcp_call_fail (look->call, g_error_matches (error, RB_ERROR, RB_ERROR_NOT_FOUND) &&
                                      g_strcmp0 (rb_error_get_reason (error), "not_found") == 0
                                    ? RB_MCP_RESOURCE_NOT_FOUND
                                    : RB_MCP_INTERNAL_ERROR,
                      error->message);
}

void
rb_mcp_resources_read (RbMcpResources *self,
                       RbMcpCall      *call)
{
  char *path;
  g_autofree char *uri = dup_uri (call, &path);

  if (uri != NULL)
    ask (look_new (self, call, uri), path, on_read);
}

static Watch *
find_watch (RbMcpResources *self,
            const char     *uri,
            guint          *index)
{
  for (guint i = 0; i < self->watches->len; i++)
    {
      Watch *watch = g_ptr_array_index (self->watches, i);

      if (strcmp (watch->uri, uri) != 0)
        continue;
      if (index != NULL)
        *index = i;
      return watch;
    }
  return NULL;
}

static void
tell_updated (RbMcpResources *self,
              const char     *uri)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autoptr(GBytes) params = NULL;

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "uri", uri);
  rb_json_writer_end_object (writer);
  params = rb_json_writer_end (writer);
  self->notify ("notifications/resources/updated", params, self->user_data);
}

/* What it was when it began to be watched is no news; nor is that the broker is away. */
static void
compare (RbMcpResources *self,
         const char     *uri,
         GBytes         *text)
{
  Watch *watch = find_watch (self, uri, NULL);
  g_autofree char *digest = text != NULL ? g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, text) : NULL;

  if (watch == NULL || digest == NULL || g_strcmp0 (watch->digest, digest) == 0)
    return;
  if (watch->digest != NULL)
    tell_updated (self, uri);
  g_free (watch->digest);
  watch->digest = g_steal_pointer (&digest);
}

static void
on_watch_timer (gpointer user_data)
{
  RbMcpResources *self = user_data;

  self->timer = 0;
  self->is_looking = TRUE;
  self->next_watch = 0;
  watch_next (self);
}

static void
on_looked (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(Look) look = user_data;
  RbMcpResources *self = look->owner;
  g_autoptr(GBytes) text = rb_mcp_link_ask_finish (RB_MCP_LINK (source), result, NULL, NULL);

  if (self->is_over)
    return;
  compare (self, look->uri, text);
  watch_next (self);
}

static void
watch_next (RbMcpResources *self)
{
  const Watch *watch;

  if (self->next_watch >= self->watches->len)
    {
      self->is_looking = FALSE;
      if (self->watches->len > 0)
        self->timer = rb_clock_add (clock_of (self), RB_MCP_WATCH_MS, on_watch_timer, self);
      self->next_watch = G_MAXUINT;
      return;
    }
  watch = g_ptr_array_index (self->watches, self->next_watch++);
  ask (look_new (self, NULL, watch->uri), rb_mcp_resource_dup_path (watch->uri), on_looked);
}

static void
on_first_look (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(Look) look = user_data;
  RbMcpResources *self = look->owner;
  g_autoptr(GBytes) text = rb_mcp_link_ask_finish (RB_MCP_LINK (source), result, NULL, NULL);

  if (!self->is_over)
    compare (self, look->uri, text);
  return_nothing (look->call);
}

void
rb_mcp_resources_subscribe (RbMcpResources *self,
                            RbMcpCall      *call)
{
  g_autofree char *path = NULL;
  g_autofree char *uri = dup_uri (call, &path);
  Watch *watch;

  if (uri == NULL)
    return;
  if (find_watch (self, uri, NULL) != NULL)
    {
      return_nothing (call);
      return;
    }
  if (self->watches->len >= RB_MCP_SUBSCRIPTIONS_MAX)
    {
      rb_mcp_call_fail (call, RB_MCP_INTERNAL_ERROR, "too many resources are watched");
      return;
    }
  watch = g_new0 (Watch, 1);
  watch->uri = g_strdup (uri);
  g_ptr_array_add (self->watches, watch);
  if (self->timer == 0 && !self->is_looking)
    self->timer = rb_clock_add (clock_of (self), RB_MCP_WATCH_MS, on_watch_timer, self);
  ask (look_new (self, call, uri), g_steal_pointer (&path), on_first_look);
}

void
rb_mcp_resources_unsubscribe (RbMcpResources *self,
                              RbMcpCall      *call)
{
  g_autofree char *path = NULL;
  g_autofree char *uri = dup_uri (call, &path);
  guint index;

  if (uri == NULL)
    return;
  if (find_watch (self, uri, &index) != NULL)
    g_ptr_array_remove_index (self->watches, index);
  return_nothing (call);
}

void
rb_mcp_resources_note (RbMcpResources *self,
                       const char     *message_id)
{
  g_autofree char *escaped = g_uri_escape_string (message_id, NULL, FALSE);

  self->notify ("notifications/resources/list_changed", NULL, self->user_data);
  for (gsize i = 0; i < G_N_ELEMENTS (patterns); i++)
    {
      g_autofree char *uri = g_strconcat (RB_MCP_URI, patterns[i].prefix, escaped, NULL);

      if (find_watch (self, uri, NULL) != NULL)
        tell_updated (self, uri);
    }
}

RbMcpResources *
rb_mcp_resources_new (RbMcpAgent      *agent,
                      RbMcpNotifyFunc  notify,
                      gpointer         user_data)
{
  RbMcpResources *self = g_new0 (RbMcpResources, 1);

  g_ref_count_init (&self->ref_count);
  self->agent = g_object_ref (agent);
  self->notify = notify;
  self->user_data = user_data;
  self->watches = g_ptr_array_new_with_free_func (watch_free);
  return self;
}

void
rb_mcp_resources_free (RbMcpResources *self)
{
  self->is_over = TRUE;
  rb_clock_clear (clock_of (self), &self->timer);
  unref (self);
}
