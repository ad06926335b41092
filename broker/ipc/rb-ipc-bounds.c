/* rb-ipc-bounds.c: everything between adapters and the core that has a limit
 *
 * Time has limits too: see rb-ipc-connection.h and rb-ipc-request.c.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-bounds.h"

#include "rb-ipc-channel.h"
#include "rb-ipc-page-live.h"
#include "rb-ipc-page.h"
#include "rb-ipc-private.h"

static const RbBoundInfo infos[RB_N_IPC_BOUNDS] = {
  [RB_IPC_BOUND_CONNECTIONS] = { "connections", "connections", RB_BOUND_PUSHES_BACK, "further ones are closed at once" },
  [RB_IPC_BOUND_REQUESTS] = { "requests", "requests", RB_BOUND_PUSHES_BACK, "further ones are answered 503; those of a person are not" },
  [RB_IPC_BOUND_INPUT] = { "input_bytes", "bytes", RB_BOUND_PUSHES_BACK,
                           "further requests are answered 503, channels that send more are closed" },
  [RB_IPC_BOUND_BODY] = { "request_body", "bytes", RB_BOUND_PUSHES_BACK, "a larger one is answered 413" },
  [RB_IPC_BOUND_MESSAGE] = { "channel_message", "bytes", RB_BOUND_PUSHES_BACK, "a channel that sends a larger one is closed" },
  [RB_IPC_BOUND_CHANNEL_REQUESTS] = { "channel_requests", "requests", RB_BOUND_WAITS,
                                      "nothing is read from that channel until one is answered" },
  [RB_IPC_BOUND_CHANNEL_QUEUE] = { "channel_queue", "bytes", RB_BOUND_PUSHES_BACK, "a channel that does not read is closed" },
  [RB_IPC_BOUND_PAGE_TICKETS] = { "page_tickets", "logins", RB_BOUND_FORGETS, "the oldest is no longer good" },
  [RB_IPC_BOUND_PAGE_SESSIONS] = { "page_sessions", "pages", RB_BOUND_FORGETS, "the one used longest ago has to log in again" },
  [RB_IPC_BOUND_PAGE_SOCKETS] = { "page_sockets", "sockets", RB_BOUND_PUSHES_BACK, "further pages are not live" },
  [RB_IPC_BOUND_PAGE_QUEUE] = { "page_queue", "bytes", RB_BOUND_PUSHES_BACK, "a page that does not read is closed" },
  [RB_IPC_BOUND_PAGE_CHANGES] = { "page_changes", "ids", RB_BOUND_FORGETS, "all are forgotten; pages read everything again" },
};

static void
on_refresh (RbBounds *bounds,
            gpointer  user_data)
{
  RbIpcServer *server = user_data;

  rb_bounds_set_used (bounds, RB_IPC_BOUND_CONNECTIONS, server->connections.length);
  rb_bounds_set_used (bounds, RB_IPC_BOUND_REQUESTS, server->requests.length);
  rb_bounds_set_used (bounds, RB_IPC_BOUND_INPUT, server->input.used);
  rb_bounds_set_used (bounds, RB_IPC_BOUND_CHANNEL_REQUESTS, rb_ipc_channels_get_most_requests (server));
  rb_bounds_set_used (bounds, RB_IPC_BOUND_CHANNEL_QUEUE, rb_ipc_channels_get_most_queued (server));
  if (server->page != NULL)
    rb_ipc_page_show_bounds (server->page, bounds);
}

void
rb_ipc_bounds_start (RbIpcServer *server)
{
  const RbIpcOptions *options = &server->options;
  RbBounds *bounds = rb_bounds_new (infos, G_N_ELEMENTS (infos), server->clock);

  rb_bounds_set_limit (bounds, RB_IPC_BOUND_CONNECTIONS, options->connections_max);
  rb_bounds_set_limit (bounds, RB_IPC_BOUND_REQUESTS, options->requests_max);
  rb_bounds_set_limit (bounds, RB_IPC_BOUND_INPUT, options->input_max);
  rb_bounds_set_limit (bounds, RB_IPC_BOUND_BODY, options->body_max);
  rb_bounds_set_limit (bounds, RB_IPC_BOUND_MESSAGE, options->frame_max);
  rb_bounds_set_limit (bounds, RB_IPC_BOUND_CHANNEL_REQUESTS, RB_IPC_CHANNEL_REQUESTS_MAX);
  rb_bounds_set_limit (bounds, RB_IPC_BOUND_CHANNEL_QUEUE, RB_IPC_CHANNEL_QUEUE_MAX);
  rb_bounds_set_limit (bounds, RB_IPC_BOUND_PAGE_TICKETS, RB_IPC_TICKETS_MAX);
  rb_bounds_set_limit (bounds, RB_IPC_BOUND_PAGE_SESSIONS, RB_IPC_SESSIONS_MAX);
  rb_bounds_set_limit (bounds, RB_IPC_BOUND_PAGE_SOCKETS, RB_IPC_LIVE_MAX);
  rb_bounds_set_limit (bounds, RB_IPC_BOUND_PAGE_QUEUE, RB_IPC_LIVE_QUEUE_MAX);
  rb_bounds_set_limit (bounds, RB_IPC_BOUND_PAGE_CHANGES, RB_IPC_LIVE_CHANGES_MAX);
  rb_bounds_set_refresh (bounds, on_refresh, server);
  server->input.max = options->input_max;
  server->bounds = bounds;
  rb_core_add_bounds (server->core, bounds);
}

void
rb_ipc_bounds_stop (RbIpcServer *server)
{
  rb_bounds_set_refresh (server->bounds, NULL, NULL);
  g_clear_pointer (&server->bounds, rb_bounds_unref);
}
