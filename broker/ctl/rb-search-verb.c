/* rb-search-verb.c: brokerctl search: messages by what they say
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-moment.h"
#include "rb-pick.h"
#include "rb-query.h"
#include "rb-verb.h"
#include "rb-view.h"

#include <glib/gi18n.h>
#include <string.h>

#define PAGE 100
#define LIMIT_DEFAULT 20
#define LIMIT_MAX 100000

static struct {
  char *from, *to, *endpoint, *since, *until;
  guint limit;                   /* 0: not given */
} wanted;

static gboolean
parse_limit (const char  *name,
             const char  *value,
             gpointer     user_data,
             GError     **error)
{
  guint64 limit;

  if (!g_ascii_string_to_unsigned (value, 10, 1, LIMIT_MAX, &limit, NULL))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _ ("--limit must be from 1 to %d"), LIMIT_MAX);
      return FALSE;
    }
  wanted.limit = (guint) limit;
  return TRUE;
}

static const GOptionEntry options[] = {
  { "from", 0, 0, G_OPTION_ARG_STRING, &wanted.from, N_ ("Only what came from this address"), N_ ("ADDRESS") },
  { "to", 0, 0, G_OPTION_ARG_STRING, &wanted.to, N_ ("Only what was sent to this address"), N_ ("ADDRESS") },
  { "endpoint", 'e', 0, G_OPTION_ARG_STRING, &wanted.endpoint, N_ ("Only what this endpoint had or sent"), N_ ("ENDPOINT") },
  { "since", 0, 0, G_OPTION_ARG_STRING, &wanted.since, N_ ("Not what came before"), N_ ("TIME") },
  { "until", 0, 0, G_OPTION_ARG_STRING, &wanted.until, N_ ("Not what came then or later"), N_ ("TIME") },
  { "limit", 'n', 0, G_OPTION_ARG_CALLBACK, parse_limit, N_ ("At most so many (20)"), N_ ("NUMBER") },
  { NULL },
};

/* What one search prints, page by page. */
typedef struct {
  RbCtl  *ctl;
  gint64  now_ms;
  guint   n_left;
  guint   n_shown;
  gboolean is_cut;
} Output;

static void
append_hit (GString          *line,
            const RbTerminal *terminal,
            const char       *part,
            gboolean          is_hit)
{
  g_autofree char *plain = g_strdup (part);
  g_autofree char *escaped = NULL;
  g_autofree char *styled = NULL;

  for (char *at = plain; *at != '\0'; at++)
    if (*at == '\n' || *at == '\t')
      *at = ' ';
  escaped = rb_terminal_escape (plain);
  styled = rb_terminal_style (terminal, is_hit ? RB_STYLE_HEADING : RB_STYLE_PLAIN, escaped);
  if (is_hit && !terminal->colour)
    g_string_append_printf (line, "[%s]", escaped);
  else
    g_string_append (line, styled);
}

static void
print_snippet (const Output *output,
               const RbJson *row)
{
  g_auto(GStrv) parts = NULL;
  g_autoptr(GString) line = g_string_new ("    ");

  if (!rb_json_get_optional_strv (row, "snippet", &parts, NULL) || parts == NULL || parts[0] == NULL)
    return;
  for (gsize i = 0; parts[i] != NULL; i++)
    append_hit (line, &output->ctl->terminal, parts[i], i % 2 == 1);
  rb_ctl_print (output->ctl, "%s\n", line->str);
}

static void
print_row (const Output *output,
           const RbJson *row)
{
  g_autofree char *iso = rb_view_dup_text (row, "at");
  g_autofree char *at = rb_view_dup_time (iso, output->now_ms);
  g_autofree char *direction = rb_view_dup_text (row, "direction");
  g_autofree char *peer = rb_view_dup_text (row, "peer");
  g_autofree char *id = rb_view_dup_text (row, "id");
  g_autofree char *endpoint_id = rb_view_dup_text (row, "endpoint_id");
  g_autofree char *state = rb_view_dup_text (row, "state");
  g_autofree char *outcome = rb_view_dup_text (row, "outcome");
  gboolean is_out = g_strcmp0 (direction, "out") == 0;
  g_autofree char *text = g_strdup_printf ("%s  %s %s  %s  %s%s%s%s%s", at != NULL ? at : "-", is_out ? "to" : "from", peer != NULL ? peer : "-",
                                           id != NULL ? id : "-", state != NULL ? state : "-", outcome != NULL ? ": " : "",
                                           outcome != NULL ? outcome : "", endpoint_id != NULL ? "  " : "",
                                           endpoint_id != NULL ? endpoint_id : "");
  g_autofree char *escaped = rb_terminal_escape (text);
  g_autofree char *wrapped = rb_terminal_wrap (escaped, output->ctl->terminal.columns, 4);

  rb_ctl_print (output->ctl, "%s\n", wrapped);
  print_snippet (output, row);
}

static void
print_page (Output       *output,
            const RbJson *page)
{
  g_autoptr(RbJson) rows = rb_json_get_member_type (page, "rows") == RB_JSON_ARRAY ? rb_json_open (page, "rows", NULL) : NULL;
  gboolean is_cut = FALSE;

  for (guint i = 0; rows != NULL && i < rb_json_get_length (rows) && output->n_left > 0; i++)
    {
      g_autoptr(RbJson) row = rb_json_get_item_type (rows, i) == RB_JSON_OBJECT ? rb_json_open_item (rows, i, NULL) : NULL;

      if (row == NULL)
        continue;
      if (output->ctl->json)
        rb_ctl_print_json (output->ctl, row);
      else
        print_row (output, row);
      output->n_left--;
      output->n_shown++;
    }
  if (rb_json_get_optional_boolean (page, "live_cut", FALSE, &is_cut, NULL))
    output->is_cut = output->is_cut || is_cut;
}

/* Words, as they came: those with blanks in them were quoted for the shell, and are a phrase. */
static char *
join_words (const char *const *args)
{
  GString *words = g_string_new (NULL);

  for (gsize i = 0; args[i] != NULL; i++)
    {
      gboolean is_phrase = args[1] != NULL && strchr (args[i], ' ') != NULL && strchr (args[i], '"') == NULL;

      g_string_append_printf (words, "%s%s%s%s", i > 0 ? " " : "", is_phrase ? "\"" : "", args[i], is_phrase ? "\"" : "");
    }
  return g_string_free (words, FALSE);
}

static gboolean
make_query (RbQuery            *query,
            const char *const  *args,
            guint               limit,
            gint64              now_ms,
            GError            **error)
{
  g_autofree char *words = join_words (args);

  rb_query_add (query, "words", words);
  rb_query_add (query, "from", wanted.from);
  rb_query_add (query, "to", wanted.to);
  rb_query_add_number (query, "limit", MIN (limit, PAGE));
  return rb_query_add_moment (query, "since", wanted.since, now_ms, error) && rb_query_add_moment (query, "until", wanted.until, now_ms, error);
}

static void
clear_wanted (void)
{
  g_clear_pointer (&wanted.from, g_free);
  g_clear_pointer (&wanted.to, g_free);
  g_clear_pointer (&wanted.endpoint, g_free);
  g_clear_pointer (&wanted.since, g_free);
  g_clear_pointer (&wanted.until, g_free);
  wanted.limit = 0;
}

/* What the broker did not understand of the question was asked wrongly. */
static RbExitCode
fail (const GError *error)
{
  const char *reason = rb_error_get_reason (error);
  gboolean is_wrong_question = g_error_matches (error, RB_ERROR, RB_ERROR_INVALID) &&
                               (g_strcmp0 (reason, "bad_query") == 0 || g_strcmp0 (reason, "bad_request") == 0);
  RbExitCode code = rb_ctl_fail (error);

  return is_wrong_question ? RB_EXIT_USAGE : code;
}

static RbExitCode
search (Output  *output,
        RbQuery *query)
{
  gint64 before = 0;

  do
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *view = rb_query_dup_view (query, "search", "before", before);
      g_autoptr(RbJson) page = rb_ctl_view (output->ctl, view, &error);

      if (page == NULL)
        return fail (error);
      print_page (output, page);
      if (!rb_json_get_optional_int (page, "before", 0, &before, NULL))
        before = 0;
    }
  while (before > 0 && output->n_left > 0);

  if (output->n_shown == 0 && !output->ctl->json)
    rb_ctl_print (output->ctl, _ ("nothing found\n"));
  if (output->is_cut)
    rb_ctl_warn (_ ("not all that lives was looked through: ask with a higher --limit (up to 100), or for less with --from, --endpoint, --since or --until"));
  return RB_EXIT_OK;
}

/* One that is closed is known by its whole id alone. */
static gboolean
add_endpoint (RbCtl    *ctl,
              RbQuery  *query,
              GError  **error)
{
  g_autoptr(GError) why = NULL;
  g_autofree char *id = NULL;

  if (wanted.endpoint == NULL)
    return TRUE;
  id = rb_pick_endpoint (ctl, wanted.endpoint, &why);
  if (id == NULL && !g_error_matches (why, RB_ERROR, RB_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&why));
      return FALSE;
    }
  rb_query_add (query, "endpoint", id != NULL ? id : wanted.endpoint);
  return TRUE;
}

static RbExitCode
run_search (RbCtl             *ctl,
            const char *const *args)
{
  guint limit = wanted.limit != 0 ? wanted.limit : LIMIT_DEFAULT;
  Output output = { ctl, g_get_real_time () / 1000, limit, 0, FALSE };
  g_autoptr(RbQuery) query = rb_query_new ();
  g_autoptr(GError) error = NULL;
  RbExitCode code = RB_EXIT_OK;

  if (!make_query (query, args, limit, output.now_ms, &error))
    {
      rb_ctl_fail (error);
      code = RB_EXIT_USAGE;
    }
  else if (!add_endpoint (ctl, query, &error))
    code = rb_ctl_fail (error);
  clear_wanted ();
  return code == RB_EXIT_OK ? search (&output, query) : code;
}

const RbVerb rb_search_verb = {
  .name = "search",
  .summary = N_ ("Find messages by what they say"),
  .usage = N_ ("WORDS..."),
  .details = N_ ("All words must be there, in any order. \"Words in quotes\" stand together; an asterisk behind a word (depl*) stands for any ending. "
                 "TIME is 2026-11-26, '2026-11-26 12:00', 12:00 or how long ago: 90s, 15min, 2h, 3d, 1w. With --json each message is a line."),
  .options = options,
  .min_args = 1,
  .max_args = -1,
  .run = run_search,
};
