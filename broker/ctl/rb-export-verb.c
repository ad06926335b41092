/* rb-export-verb.c: brokerctl export: all that is kept, as JSON lines
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-query.h"
#include "rb-verb.h"
#include "rb-view.h"

#include <glib/gi18n.h>

static struct {
  char     *since, *until;
  gboolean  no_content;
} wanted;

static const GOptionEntry options[] = {
  { "since", 0, 0, G_OPTION_ARG_STRING, &wanted.since, N_ ("Not what came before"), N_ ("TIME") },
  { "until", 0, 0, G_OPTION_ARG_STRING, &wanted.until, N_ ("Not what came then or later"), N_ ("TIME") },
  { "content", 0, G_OPTION_FLAG_REVERSE, G_OPTION_ARG_NONE, &wanted.no_content, N_ ("With what was said (the default)"), NULL },
  { "no-content", 0, 0, G_OPTION_ARG_NONE, &wanted.no_content, N_ ("Without what was said"), NULL },
  { NULL },
};

/* FALSE: nobody reads any more. */
static gboolean
print_lines (RbCtl        *ctl,
             const RbJson *page)
{
  g_autoptr(RbJson) lines = rb_json_get_member_type (page, "lines") == RB_JSON_ARRAY ? rb_json_open (page, "lines", NULL) : NULL;

  for (guint i = 0; lines != NULL && i < rb_json_get_length (lines); i++)
    {
      g_autoptr(GBytes) line = rb_json_dup_item_slice (lines, i);
      gsize size;
      const char *text = g_bytes_get_data (line, &size);

      rb_ctl_print_json_text (ctl, text, (gssize) size);
    }
  return rb_ctl_can_write (ctl);
}

static RbExitCode
export (RbCtl   *ctl,
        RbQuery *query)
{
  g_autofree char *cursor = NULL;

  do
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *view = rb_query_dup_view_at (query, "export", "cursor", cursor);
      g_autoptr(RbJson) page = rb_ctl_view (ctl, view, &error);

      if (page == NULL)
        return rb_ctl_fail (error);
      if (!print_lines (ctl, page))
        return rb_ctl_end (ctl, RB_EXIT_OK);
      g_free (cursor);
      cursor = rb_view_dup_text (page, "cursor");
    }
  while (cursor != NULL);
  return RB_EXIT_OK;
}

static RbExitCode
run_export (RbCtl             *ctl,
            const char *const *args)
{
  gint64 now_ms = g_get_real_time () / 1000;
  g_autofree char *since = g_steal_pointer (&wanted.since);
  g_autofree char *until = g_steal_pointer (&wanted.until);
  g_autoptr(RbQuery) query = rb_query_new ();
  g_autoptr(GError) error = NULL;

  rb_query_add (query, "content", wanted.no_content ? "no" : "yes");
  wanted.no_content = FALSE;
  if (rb_query_add_moment (query, "since", since, now_ms, &error) && rb_query_add_moment (query, "until", until, now_ms, &error))
    return export (ctl, query);
  rb_ctl_fail (error);
  return RB_EXIT_USAGE;
}

const RbVerb rb_export_verb = {
  .name = "export",
  .summary = N_ ("Print all that is kept, as JSON lines"),
  .usage = "",
  .details = N_ ("Endpoints, messages, assignments, replies and events, one a line, each with a \"type\"; brokerctl(1) tells what is in them. TIME is "
                 "2026-11-26, '2026-11-26 12:00', 12:00 or how long ago: 90s, 15min, 2h, 3d, 1w."),
  .options = options,
  .run = run_export,
};
