/* rb-ipc-page.c: the web page of the broker: who may look at it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-page.h"

#include "rb-ipc-http.h"

#include <string.h>

#define SCHEME "Page "
/* A wrong ticket is answered this much later. */
#define REFUSAL_MS 500
/* So many may wait for that; then they are answered at once. The right ticket never waits for wrong ones. */
#define REFUSALS_MAX 16

struct _RbIpcPage {
  RbIpcServer   *server;     /* borrowed: it owns us */
  RbIpcSessions *sessions;
  RbIpcLive     *live;
  GQueue         refusals;   /* of Refusal, oldest first */
};

typedef struct {
  RbIpcPage    *page;
  RbIpcRequest *request;
  guint64       timer;
} Refusal;

static const struct {
  const char *name;
  const char *value;
} headers[] = {
  { "Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
                               "frame-ancestors 'none'; base-uri 'none'; form-action 'none'" },
  { "X-Content-Type-Options", "nosniff" },
  { "X-Frame-Options", "DENY" },
  { "Referrer-Policy", "no-referrer" },
  { "Cross-Origin-Opener-Policy", "same-origin" },
  { "Cross-Origin-Embedder-Policy", "require-corp" },
  { "Cross-Origin-Resource-Policy", "same-origin" },
  { "Cache-Control", "no-store" },
};

RbIpcPage *
rb_ipc_page_new (RbIpcServer *server)
{
  RbIpcPage *self;

  if (server->options.is_page_off)
    return NULL;
  self = g_new0 (RbIpcPage, 1);
  self->server = server;
  self->sessions = rb_ipc_sessions_new (server->clock, server->bounds);
  self->live = rb_ipc_live_new (server);
  g_queue_init (&self->refusals);
  if (server->options.page_sessions != NULL)
    rb_ipc_sessions_unpack (self->sessions, server->options.page_sessions);
  return self;
}

static void
refusal_end (gpointer data)
{
  Refusal *refusal = data;

  rb_clock_clear (refusal->page->server->clock, &refusal->timer);
  rb_ipc_request_unref (refusal->request);
  g_free (refusal);
}

void
rb_ipc_page_free (RbIpcPage *self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->refusals, refusal_end);
  rb_ipc_live_free (self->live);
  rb_ipc_sessions_free (self->sessions);
  g_free (self);
}

RbIpcSessions *
rb_ipc_page_get_sessions (RbIpcPage *self)
{
  return self->sessions;
}

RbIpcLive *
rb_ipc_page_get_live (RbIpcPage *self)
{
  return self->live;
}

void
rb_ipc_page_show_bounds (RbIpcPage *self,
                         RbBounds  *bounds)
{
  rb_ipc_sessions_show (self->sessions);
  rb_bounds_set_used (bounds, RB_IPC_BOUND_PAGE_SOCKETS, rb_ipc_live_get_n (self->live));
  rb_bounds_set_used (bounds, RB_IPC_BOUND_PAGE_QUEUE, rb_ipc_live_get_most_queued (self->live));
  rb_bounds_set_used (bounds, RB_IPC_BOUND_PAGE_CHANGES, rb_ipc_live_get_changes (self->live));
}

/* What the page says who it is; NULL: it does not. */
static const char *
get_session (SoupServerMessage *message)
{
  const char *header = rb_ipc_http_get_header (message, "Authorization");

  return header != NULL && g_str_has_prefix (header, SCHEME) ? header + strlen (SCHEME) : NULL;
}

gboolean
rb_ipc_page_is_meant (RbIpcServer       *server,
                      RbIpcConnection   *connection,
                      SoupServerMessage *message,
                      const char        *target)
{
  return server->page != NULL && !connection->local && (g_str_has_prefix (target, RB_IPC_PAGE_PATH) || get_session (message) != NULL);
}

/* An Origin has to be ours, and be there once @is_needed; a browser leaves it out of a GET of the page itself. */
static gboolean
is_own_origin (SoupServerMessage *message,
               gboolean           is_needed)
{
  const char *origin = rb_ipc_http_get_header (message, "Origin");
  g_autofree char *own = g_strconcat ("http://", rb_ipc_http_get_header (message, "Host"), NULL);

  if (rb_ipc_http_count_header (message, "Origin") > 1)
    return FALSE;
  return origin != NULL ? g_ascii_strcasecmp (origin, own) == 0 : !is_needed;
}

/* Browsers that say where a request comes from have to say: from us. */
static gboolean
is_same_site (SoupServerMessage *message)
{
  const char *site = rb_ipc_http_get_header (message, "Sec-Fetch-Site");

  return site == NULL || strcmp (site, "same-origin") == 0;
}

static const char *
find_fault (RbIpcServer       *server,
            SoupServerMessage *message,
            gboolean           is_for_all)
{
  gboolean acts = strcmp (soup_server_message_get_method (message), "GET") != 0;

  if (!rb_ipc_http_is_our_host (server, message))
    return "forbidden_host";
  if (!is_own_origin (message, acts))
    return "forbidden_origin";
  /* What everybody may read may be linked to. */
  return is_for_all || is_same_site (message) ? NULL : "forbidden_origin";
}

gboolean
rb_ipc_page_admit (RbIpcServer       *server,
                   RbIpcConnection   *connection,
                   SoupServerMessage *message,
                   RbIpcRequest      *request)
{
  const char *session = get_session (message);
  const char *fault = find_fault (server, message, session == NULL);

  for (size_t i = 0; i < G_N_ELEMENTS (headers); i++)
    rb_ipc_request_set_header (request, headers[i].name, headers[i].value);
  if (fault != NULL)
    {
      rb_ipc_request_fail_with (request, RB_ERROR_FORBIDDEN, fault, FALSE, "requests from other web pages are refused");
      return FALSE;
    }
  if (session != NULL && !rb_ipc_sessions_use (server->page->sessions, session))
    {
      rb_ipc_request_refuse (request, 401, "unauthorized", NULL);
      return FALSE;
    }
  connection->proven |= session != NULL;
  rb_ipc_request_set_access (request, session != NULL ? RB_IPC_ACCESS_PAGE : RB_IPC_ACCESS_ANYBODY);
  return rb_ipc_request_route (request);
}

/* "runtime-broker.page.1, session.<session>" */
static char *
dup_live_session (SoupServerMessage *message)
{
  const char *header = rb_ipc_http_get_header (message, "Sec-WebSocket-Protocol");
  g_auto(GStrv) offers = g_strsplit (header != NULL ? header : "", ",", 3);

  if (g_strv_length (offers) != 2 || strcmp (g_strstrip (offers[0]), RB_IPC_PAGE_PROTOCOL) != 0 ||
      !g_str_has_prefix (g_strstrip (offers[1]), RB_IPC_PAGE_SESSION_PREFIX))
    return NULL;
  return g_strdup (offers[1] + strlen (RB_IPC_PAGE_SESSION_PREFIX));
}

guint
rb_ipc_page_check_live (RbIpcServer       *server,
                        SoupServerMessage *message,
                        char             **key)
{
  g_autofree char *session = dup_live_session (message);

  if (!rb_ipc_http_is_our_host (server, message) || !is_own_origin (message, TRUE) || !is_same_site (message))
    return 403;
  if (!rb_ipc_sessions_use (server->page->sessions, session))
    return 401;
  if (rb_ipc_live_get_n (server->page->live) >= RB_IPC_LIVE_MAX)
    {
      rb_bounds_reached (server->bounds, RB_IPC_BOUND_PAGE_SOCKETS);
      return 503;
    }
  *key = rb_ipc_sessions_dup_key (session);
  return 0;
}

static void
refuse (RbIpcRequest *request,
        gboolean      is_too_often)
{
  if (is_too_often)
    rb_ipc_request_refuse (request, 429, "too_many_attempts", NULL);
  else
    rb_ipc_request_fail_with (request, RB_ERROR_FORBIDDEN, "ticket_invalid", FALSE,
                              "the ticket was used, is too old, or never was one; 'brokerctl open' gives another");
}

static void
on_refusal_due (gpointer user_data)
{
  Refusal *refusal = user_data;

  refusal->timer = 0;
  g_queue_remove (&refusal->page->refusals, refusal);
  refuse (refusal->request, FALSE);
  refusal_end (refusal);
}

void
rb_ipc_page_refuse_later (RbIpcPage    *self,
                          RbIpcRequest *request)
{
  Refusal *refusal;

  if (self->refusals.length >= REFUSALS_MAX)
    {
      refuse (request, TRUE);
      return;
    }
  refusal = g_new (Refusal, 1);
  refusal->page = self;
  refusal->request = rb_ipc_request_ref (request);
  refusal->timer = rb_clock_add (self->server->clock, REFUSAL_MS, on_refusal_due, refusal);
  g_queue_push_tail (&self->refusals, refusal);
}
