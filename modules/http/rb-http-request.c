/* rb-http-request.c: the path and the body of a call
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-http-request.h"

#include "rb-error.h"
#include "rb-json-writer.h"

#include <string.h>

/* What stands for itself in a path component, besides letters, digits and `-._~`. */
#define COMPONENT_CHARS "!*'()"

static gboolean
has_id (const RbHttpRoute *route)
{
  return strstr (route->path, "%s") != NULL;
}

/**
 * rb_http_request_path_of:
 * @route: a route
 * @endpoint_id: (nullable): what takes the place of `%s`; may be untrusted
 * @error: return location for a #GError
 *
 * Fails with %RB_ERROR_REJECTED "endpoint_id_invalid" for what would name another route: nothing, `.` and `..`.
 *
 * Returns: (transfer full) (nullable): the path
 */
char *
rb_http_request_path_of (const RbHttpRoute  *route,
                         const char         *endpoint_id,
                         GError            **error)
{
  const char *place = strstr (route->path, "%s");
  g_autofree char *before = NULL;
  g_autofree char *escaped = NULL;

  if (place == NULL)
    return g_strdup (route->path);
  if (endpoint_id == NULL || *endpoint_id == '\0' || g_str_equal (endpoint_id, ".") || g_str_equal (endpoint_id, ".."))
    {
      rb_set_error (error, RB_ERROR_REJECTED, "endpoint_id_invalid", "'%s' is no endpoint id", endpoint_id != NULL ? endpoint_id : "");
      return NULL;
    }

  before = g_strndup (route->path, (gsize) (place - route->path));
  escaped = g_uri_escape_string (endpoint_id, COMPONENT_CHARS, FALSE);
  return g_strconcat (before, escaped, place + strlen ("%s"), NULL);
}

char *
rb_http_request_path (RbUpstreamCall   call,
                      GVariant        *arguments,
                      const char      *node_id,
                      GError         **error)
{
  const char *endpoint_id = NULL;
  g_autofree char *path = NULL;
  g_autofree char *node = NULL;

  g_variant_lookup (arguments, "endpoint_id", "&s", &endpoint_id);
  path = rb_http_request_path_of (rb_http_route_of_call (call), endpoint_id, error);
  if (path == NULL || call != RB_UPSTREAM_LOOKUP_CLOSED || node_id == NULL)
    return g_steal_pointer (&path);

  node = g_uri_escape_string (node_id, NULL, FALSE);
  return g_strconcat (path, "?as=", node, NULL);
}

GBytes *
rb_http_request_body (RbUpstreamCall  call,
                      GVariant       *arguments)
{
  const RbHttpRoute *route = rb_http_route_of_call (call);
  RbJsonWriter *writer;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  if (route->body == RB_HTTP_BODY_NONE)
    return NULL;

  writer = rb_json_writer_new ();
  rb_json_writer_begin_object (writer, NULL);
  if (route->type != NULL)
    {
      rb_json_writer_string (writer, "type", route->type);
      rb_json_writer_int (writer, "version", 1);
    }
  g_variant_iter_init (&iter, arguments);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    if (!has_id (route) || !g_str_equal (name, "endpoint_id"))
      rb_json_writer_variant (writer, name, value);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

char *
rb_http_request_events (const char *node_id)
{
  g_autofree char *node = g_uri_escape_string (node_id, NULL, FALSE);

  return g_strconcat ("/runtime/control-events?agent_id=", node, NULL);
}
