/* rb-bus-archive.c: methods for what is over: search and export
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-archive.h"

#include "rb-bus-options.h"
#include "rb-error.h"
#include "rb-export.h"
#include "rb-search.h"

static void
on_searched (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) page = rb_search_finish (RB_CORE (source), result, &error);

  rb_bus_call_answer_view (user_data, page, error);
}

static gboolean
check_limit (guint    limit,
             GError **error)
{
  if (limit <= RB_SEARCH_LIMIT_MAX)
    return TRUE;
  rb_set_error (error, RB_ERROR_INVALID, "bad_request", "'limit' must be a whole number from 1 to %d", RB_SEARCH_LIMIT_MAX);
  return FALSE;
}

void
rb_bus_archive_search (RbBusCall  *call,
                       const char *key,
                       GVariant   *parameters)
{
  RbSearchRequest search = { NULL };
  const RbBusOption known[] = {
    { "from", "s", &search.from },   { "to", "s", &search.to },       { "endpoint", "s", &search.endpoint_id },
    { "since", "x", &search.since }, { "until", "x", &search.until }, { "before", "x", &search.before },
    { "limit", "u", &search.limit },
  };
  g_autoptr(GPtrArray) values = rb_bus_options_values_new ();
  g_autoptr(GVariant) filter = g_variant_get_child_value (parameters, 1);
  g_autoptr(GError) error = NULL;

  g_variant_get_child (parameters, 0, "&s", &search.words);
  if (rb_bus_options_read (filter, known, G_N_ELEMENTS (known), values, &error) && check_limit (search.limit, &error))
    rb_search_async (call->ports->core, &search, on_searched, call);
  else
    rb_bus_call_fail (call, error);
}

static void
on_exported (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) page = rb_export_finish (RB_CORE (source), result, &error);

  rb_bus_call_answer_view (user_data, page, error);
}

void
rb_bus_archive_export (RbBusCall  *call,
                       const char *key,
                       GVariant   *parameters)
{
  RbExportRequest export = { NULL };
  const RbBusOption known[] = {
    { "cursor", "s", &export.cursor },
    { "since", "x", &export.since },
    { "until", "x", &export.until },
    { "content", "b", &export.has_content },
  };
  g_autoptr(GPtrArray) values = rb_bus_options_values_new ();
  g_autoptr(GVariant) options = g_variant_get_child_value (parameters, 0);
  g_autoptr(GError) error = NULL;

  if (rb_bus_options_read (options, known, G_N_ELEMENTS (known), values, &error))
    rb_export_async (call->ports->core, &export, on_exported, call);
  else
    rb_bus_call_fail (call, error);
}
