/* rb-ipc-archive.c: operator routes for what is over: search and export
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-export.h"
#include "rb-ipc-request.h"
#include "rb-search.h"
#include "rb-time.h"
#include "rb-wire-answers.h"

static gboolean
get_time (RbIpcRequest *request,
          const char   *name,
          gint64       *at,
          GError      **error)
{
  g_autofree char *text = NULL;

  *at = 0;
  if (!rb_ipc_query_get (rb_ipc_request_get_target (request), name, &text, error))
    return FALSE;
  if (text == NULL || rb_time_from_iso (text, at))
    return TRUE;
  rb_set_error (error, RB_ERROR_INVALID, "bad_request", "'%s' must be a time such as 2026-01-02T03:04:05.678Z", name);
  return FALSE;
}

static gboolean
get_number (RbIpcRequest *request,
            const char   *name,
            gint64        max,
            gint64       *number,
            GError      **error)
{
  g_autofree char *text = NULL;

  *number = 0;
  if (!rb_ipc_query_get (rb_ipc_request_get_target (request), name, &text, error))
    return FALSE;
  if (text == NULL || g_ascii_string_to_signed (text, 10, 1, max, number, NULL))
    return TRUE;
  rb_set_error (error, RB_ERROR_INVALID, "bad_request", "'%s' must be a whole number from 1 to %" G_GINT64_FORMAT, name, max);
  return FALSE;
}

static gboolean
get_flag (RbIpcRequest *request,
          const char   *name,
          gboolean     *flag,
          GError      **error)
{
  g_autofree char *text = NULL;

  *flag = FALSE;
  if (!rb_ipc_query_get (rb_ipc_request_get_target (request), name, &text, error))
    return FALSE;
  *flag = g_strcmp0 (text, "yes") == 0;
  if (text == NULL || *flag || g_str_equal (text, "no"))
    return TRUE;
  rb_set_error (error, RB_ERROR_INVALID, "bad_request", "'%s' must be 'yes' or 'no'", name);
  return FALSE;
}

static void
answer (RbIpcRequest *request,
        GVariant     *page,
        const GError *error)
{
  if (page == NULL)
    {
      rb_ipc_request_fail (request, error);
      return;
    }
  rb_ipc_request_answer (request, 200, rb_wire_answer_variant (page));
  g_variant_unref (page);
}

static void
on_searched (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;
  GVariant *page = rb_search_finish (rb_ipc_request_get_core (request), result, &error);

  answer (request, page, error);
}

/* ?words=&from=&to=&endpoint=&since=&until=&limit=&before= */
void
rb_ipc_handle_operator_search (RbIpcRequest *request)
{
  const char *target = rb_ipc_request_get_target (request);
  g_autofree char *words = NULL;
  g_autofree char *from = NULL;
  g_autofree char *to = NULL;
  g_autofree char *endpoint_id = NULL;
  g_autoptr(GError) error = NULL;
  RbSearchRequest search = { NULL };
  gint64 limit = 0;

  if (!rb_ipc_query_get (target, "words", &words, &error) || !rb_ipc_query_get (target, "from", &from, &error) ||
      !rb_ipc_query_get (target, "to", &to, &error) || !rb_ipc_query_get (target, "endpoint", &endpoint_id, &error) ||
      !get_time (request, "since", &search.since, &error) || !get_time (request, "until", &search.until, &error) ||
      !get_number (request, "limit", RB_SEARCH_LIMIT_MAX, &limit, &error) ||
      !get_number (request, "before", G_MAXINT64, &search.before, &error))
    {
      rb_ipc_request_fail (request, error);
      return;
    }

  search.words = words != NULL ? words : "";
  search.from = from;
  search.to = to;
  search.endpoint_id = endpoint_id;
  search.limit = (guint) limit;
  rb_search_async (rb_ipc_request_get_core (request), &search, on_searched, rb_ipc_request_ref (request));
}

static void
on_exported (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(RbIpcRequest) request = user_data;
  g_autoptr(GError) error = NULL;
  GVariant *page = rb_export_finish (rb_ipc_request_get_core (request), result, &error);

  answer (request, page, error);
}

/* ?cursor=&since=&until=&content=yes|no */
void
rb_ipc_handle_operator_export (RbIpcRequest *request)
{
  g_autofree char *cursor = NULL;
  g_autoptr(GError) error = NULL;
  RbExportRequest export = { NULL };

  if (!rb_ipc_query_get (rb_ipc_request_get_target (request), "cursor", &cursor, &error) ||
      !get_time (request, "since", &export.since, &error) || !get_time (request, "until", &export.until, &error) ||
      !get_flag (request, "content", &export.has_content, &error))
    {
      rb_ipc_request_fail (request, error);
      return;
    }

  export.cursor = cursor;
  rb_export_async (rb_ipc_request_get_core (request), &export, on_exported, rb_ipc_request_ref (request));
}
