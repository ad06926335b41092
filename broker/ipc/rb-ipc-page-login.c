/* rb-ipc-page-login.c: how a person comes to a session of the page
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-page.h"

#include "rb-log.h"
#include "rb-wire-answers.h"

static void
answer (RbIpcRequest *request,
        GVariantDict *dict)
{
  g_autoptr(GVariant) value = g_variant_ref_sink (g_variant_dict_end (dict));

  rb_ipc_request_answer (request, 200, rb_wire_answer_variant (value));
}

/* POST /v1/operator/page, at the Unix socket. What is behind "#" a browser keeps to itself: it is in no log and no Referer. */
void
rb_ipc_handle_operator_page (RbIpcRequest *request)
{
  RbIpcServer *server = rb_ipc_request_get_server (request);
  g_autofree char *ticket = NULL;
  g_autofree char *url = NULL;
  GVariantDict dict;

  if (server->page == NULL)
    {
      rb_ipc_request_fail_with (request, RB_ERROR_NOT_FOUND, "page_disabled", FALSE, "this broker shows no page: page.enabled is false");
      return;
    }
  ticket = rb_ipc_sessions_issue (rb_ipc_page_get_sessions (server->page));
  if (ticket == NULL)
    {
      rb_ipc_request_fail_with (request, RB_ERROR_UNAVAILABLE, "no_random", TRUE, "the kernel has no random numbers yet");
      return;
    }
  url = g_strconcat (server->url, RB_IPC_PAGE_PATH "#ticket=", ticket, NULL);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "url", "s", url);
  g_variant_dict_insert (&dict, "valid_ms", "x", (gint64) RB_IPC_TICKET_MS);
  answer (request, &dict);
}

/* POST /ui/login {"ticket": ""} */
void
rb_ipc_handle_page_login (RbIpcRequest *request)
{
  RbIpcPage *page = rb_ipc_request_get_server (request)->page;
  g_autoptr(GError) error = NULL;
  g_autofree char *ticket = rb_json_dup_string (rb_ipc_request_get_body (request), "ticket", &error);
  g_autofree char *session = NULL;
  GVariantDict dict;

  if (ticket == NULL)
    {
      rb_ipc_request_fail (request, error);
      return;
    }
  session = rb_ipc_sessions_exchange (rb_ipc_page_get_sessions (page), ticket);
  if (session == NULL)
    {
      rb_log_warning ("page_login_refused", NULL);
      rb_ipc_page_refuse_later (page, request);
      return;
    }
  rb_log_info ("page_login", NULL);
  rb_ipc_live_sift (rb_ipc_page_get_live (page));
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "session", "s", session);
  g_variant_dict_insert (&dict, "idle_ms", "x", (gint64) RB_IPC_SESSION_IDLE_MS);
  answer (request, &dict);
}

/* POST /ui/logout {"session": ""}; of what is no session (any more) as well. */
void
rb_ipc_handle_page_logout (RbIpcRequest *request)
{
  RbIpcPage *page = rb_ipc_request_get_server (request)->page;
  g_autoptr(GError) error = NULL;
  g_autofree char *session = rb_json_dup_string (rb_ipc_request_get_body (request), "session", &error);

  if (session == NULL)
    {
      rb_ipc_request_fail (request, error);
      return;
    }
  rb_ipc_sessions_end (rb_ipc_page_get_sessions (page), session);
  rb_ipc_live_sift (rb_ipc_page_get_live (page));
  rb_ipc_request_answer (request, 200, rb_wire_answer_ok ());
}
