/* rb-ipc-routes.c: which request goes where
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-routes.h"

#include "rb-error.h"

#include <string.h>

#define PLAIN RB_IPC_ROUTE_PLAIN
#define BODY RB_IPC_ROUTE_BODY
#define OPERATOR RB_IPC_ROUTE_OPERATOR
#define PAGE RB_IPC_ROUTE_PAGE
#define ENTRANCE RB_IPC_ROUTE_ENTRANCE
#define ONCE RB_IPC_ROUTE_ONCE
#define PATIENT RB_IPC_ROUTE_PATIENT

/* Source: protocol.md 4.5. GET /v1/stream is not here: without an upgrade it does not exist. First match wins. */
static const RbIpcRoute routes[] = {
  { "GET", "/health", rb_ipc_handle_health, RB_IPC_ROUTE_OPEN },
  { "POST", "/v1/initialize", rb_ipc_handle_initialize, BODY },
  { "POST", "/v1/endpoint/register", rb_ipc_handle_register, BODY },
  { "POST", "/v1/endpoint/{}/heartbeat", rb_ipc_handle_heartbeat, ONCE },
  { "POST", "/v1/endpoint/{}/reattach", rb_ipc_handle_reattach, BODY | ONCE },
  { "POST", "/v1/endpoint/{}/task-hint", rb_ipc_handle_task_hint, BODY | ONCE },
  { "DELETE", "/v1/endpoint/{}", rb_ipc_handle_unregister, PLAIN },
  { "POST", "/v1/send", rb_ipc_handle_send, BODY | PATIENT },
  { "POST", "/v1/runtime/assignment-claim", rb_ipc_handle_claim, BODY },
  { "POST", "/v1/runtime/assignment-reply", rb_ipc_handle_reply, BODY | ONCE },
  { "POST", "/v1/runtime/processing-state", rb_ipc_handle_processing, BODY | ONCE },
  { "POST", "/v1/runtime/session-conversation-history", rb_ipc_handle_history, BODY | PATIENT },
  { "POST", "/v1/runtime/self-settle", rb_ipc_handle_settle, BODY },
  { "POST", "/v1/runtime/staged-delivery", rb_ipc_handle_staged, BODY | PATIENT },
  { "GET", "/v1/undispatched/presence", rb_ipc_handle_presence, PLAIN },
  { "GET", "/v1/undispatched", rb_ipc_handle_undispatched, PLAIN },
  { "POST", "/v1/dispatch", rb_ipc_handle_dispatch, BODY },

  { "GET", "/v1/operator/status", rb_ipc_handle_operator_status, OPERATOR | PAGE },
  { "GET", "/v1/operator/endpoints", rb_ipc_handle_operator_endpoints, OPERATOR | PAGE },
  { "GET", "/v1/operator/inbox", rb_ipc_handle_operator_inbox, OPERATOR | PAGE },
  { "GET", "/v1/operator/needs", rb_ipc_handle_operator_needs, OPERATOR | PAGE },
  { "GET", "/v1/operator/assignments", rb_ipc_handle_operator_assignments, OPERATOR | PAGE },
  { "GET", "/v1/operator/explain/{}", rb_ipc_handle_operator_explain, OPERATOR | PAGE },
  { "GET", "/v1/operator/show/{}", rb_ipc_handle_operator_show, OPERATOR | PAGE },
  { "POST", "/v1/operator/dispatch", rb_ipc_handle_operator_dispatch, OPERATOR | PAGE | BODY },
  { "GET", "/v1/operator/outbox", rb_ipc_handle_operator_outbox, OPERATOR | PAGE },
  { "GET", "/v1/operator/dead-letters", rb_ipc_handle_operator_dead_letters, OPERATOR | PAGE },
  { "POST", "/v1/operator/dead-letters/retry", rb_ipc_handle_operator_retry, OPERATOR | PAGE | BODY },
  { "POST", "/v1/operator/needs/dismiss", rb_ipc_handle_operator_dismiss, OPERATOR | PAGE | BODY },
  { "GET", "/v1/operator/policy", rb_ipc_handle_operator_policy, OPERATOR | PAGE },
  { "POST", "/v1/operator/policy", rb_ipc_handle_operator_policy_set, OPERATOR | PAGE | BODY },
  { "POST", "/v1/operator/policy/remove", rb_ipc_handle_operator_policy_remove, OPERATOR | PAGE | BODY },
  { "POST", "/v1/operator/policy/apply", rb_ipc_handle_operator_policy_apply, OPERATOR | PAGE | BODY },
  { "GET", "/v1/operator/held", rb_ipc_handle_operator_held, OPERATOR | PAGE },
  { "POST", "/v1/operator/held/accept", rb_ipc_handle_operator_accept, OPERATOR | PAGE | BODY },
  { "POST", "/v1/operator/held/refuse", rb_ipc_handle_operator_refuse, OPERATOR | PAGE | BODY },
  { "GET", "/v1/operator/spawns", rb_ipc_handle_operator_spawns, OPERATOR | PAGE },
  { "POST", "/v1/operator/spawns/approve", rb_ipc_handle_operator_spawn_approve, OPERATOR | PAGE | BODY },
  { "POST", "/v1/operator/spawns/deny", rb_ipc_handle_operator_spawn_deny, OPERATOR | PAGE | BODY },
  { "POST", "/v1/operator/spawns/start", rb_ipc_handle_operator_spawn_start, OPERATOR | BODY },
  { "GET", "/v1/operator/runtimes", rb_ipc_handle_operator_runtimes, OPERATOR | PAGE },
  { "GET", "/v1/operator/runtimes/{}/log", rb_ipc_handle_operator_runtime_log, OPERATOR | PAGE | PATIENT },
  { "POST", "/v1/operator/runtimes/stop", rb_ipc_handle_operator_runtime_stop, OPERATOR | PAGE | BODY },
  { "POST", "/v1/operator/restart", rb_ipc_handle_operator_restart, OPERATOR | PATIENT },
  { "POST", "/v1/operator/use", rb_ipc_handle_operator_use, OPERATOR | BODY },
  { "GET", "/v1/operator/search", rb_ipc_handle_operator_search, OPERATOR | PAGE },
  { "GET", "/v1/operator/export", rb_ipc_handle_operator_export, OPERATOR },
  { "POST", "/v1/operator/page", rb_ipc_handle_operator_page, OPERATOR },
  { "GET", "/v1/operator/{}", rb_ipc_handle_operator_view, OPERATOR | PAGE },

  { "GET", "/ui/", rb_ipc_handle_page_file, ENTRANCE },
  { "GET", "/ui/{}", rb_ipc_handle_page_file, ENTRANCE },
  { "POST", "/ui/login", rb_ipc_handle_page_login, ENTRANCE | BODY },
  { "POST", "/ui/logout", rb_ipc_handle_page_logout, ENTRANCE | BODY },
};

/* Of the views that the daemon adds, what the page may show: no secret is among it. */
static const char *const page_views[] = { "modules", NULL };

static gboolean
allows (const RbIpcRoute *route,
        RbIpcAccess       access)
{
  switch (access)
    {
    case RB_IPC_ACCESS_ADAPTER:
      return (route->flags & (OPERATOR | ENTRANCE)) == 0;
    case RB_IPC_ACCESS_ANYBODY:
      return (route->flags & ENTRANCE) != 0;
    case RB_IPC_ACCESS_PAGE:
      return (route->flags & (PAGE | ENTRANCE)) != 0;
    case RB_IPC_ACCESS_LOCAL:
      return (route->flags & ENTRANCE) == 0;
    }
  return FALSE;
}

/* @segment: (out) where the parameter stands in @path, NULL without one */
static gboolean
matches (const char  *pattern,
         const char  *path,
         const char **segment,
         gsize       *segment_length)
{
  *segment = NULL;
  while (*pattern != '\0')
    {
      if (pattern[0] == '{')
        {
          *segment = path;
          *segment_length = strcspn (path, "/");
          if (*segment_length == 0)
            return FALSE;
          path += *segment_length;
          pattern += 2;
        }
      else if (*pattern++ != *path++)
        return FALSE;
    }
  return *path == '\0';
}

static char *
decode_segment (const char *segment,
                gsize       length,
                GError    **error)
{
  g_autofree char *text = g_uri_unescape_segment (segment, segment + length, NULL);

  if (text == NULL || !g_utf8_validate (text, -1, NULL))
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_request", "the path has a malformed escape");
      return NULL;
    }
  return g_steal_pointer (&text);
}

static void
add_method (char      **allow,
            const char *method)
{
  char *longer;

  if (*allow != NULL && strstr (*allow, method) != NULL)
    return;
  longer = *allow == NULL ? g_strdup (method) : g_strconcat (*allow, ", ", method, NULL);
  g_free (*allow);
  *allow = longer;
}

const RbIpcRoute *
rb_ipc_route_find (const char *method,
                   const char *target,
                   RbIpcAccess access,
                   char      **parameter,
                   char      **allow,
                   GError    **error)
{
  g_autofree char *path = g_strndup (target, strcspn (target, "?#"));
  g_autofree char *others = NULL;
  gboolean is_known = FALSE;      /* without a parameter, by another method */

  *parameter = NULL;
  *allow = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (routes); i++)
    {
      const RbIpcRoute *route = &routes[i];
      const char *segment;
      gsize length;

      if (!allows (route, access))
        continue;
      if (!matches (route->pattern, (route->flags & RB_IPC_ROUTE_OPEN) != 0 ? target : path, &segment, &length))
        continue;
      if (strcmp (route->method, method) != 0)
        {
          add_method (&others, route->method);
          is_known = is_known || segment == NULL;
          continue;
        }
      /* "restart" is no view that one could get: the path is known by its own name. */
      if (segment != NULL && is_known)
        continue;
      if (segment != NULL && (*parameter = decode_segment (segment, length, error)) == NULL)
        return NULL;
      if (access == RB_IPC_ACCESS_PAGE && route->handler == rb_ipc_handle_operator_view && !g_strv_contains (page_views, *parameter))
        {
          g_clear_pointer (parameter, g_free);
          break;
        }
      return route;
    }
  *allow = g_steal_pointer (&others);
  return NULL;
}

gboolean
rb_ipc_query_get (const char *target,
                  const char *name,
                  char      **value,
                  GError    **error)
{
  const char *query = strchr (target, '?');
  GUriParamsIter iter;
  g_autoptr(GError) local_error = NULL;
  char *key;
  char *text;

  *value = NULL;
  if (query == NULL)
    return TRUE;

  g_uri_params_iter_init (&iter, query + 1, -1, "&", G_URI_PARAMS_WWW_FORM | G_URI_PARAMS_PARSE_RELAXED);
  while (g_uri_params_iter_next (&iter, &key, &text, &local_error))
    {
      gboolean found = strcmp (key, name) == 0;

      g_free (key);
      if (found)
        {
          *value = text;
          return TRUE;
        }
      g_free (text);
    }
  if (local_error == NULL)
    return TRUE;
  rb_set_error (error, RB_ERROR_INVALID, "bad_request", "the query is malformed: %s", local_error->message);
  return FALSE;
}
