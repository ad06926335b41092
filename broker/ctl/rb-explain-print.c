/* rb-explain-print.c: the story of a thing as a page for a terminal
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-explain-print.h"

#include "rb-time.h"
#include "rb-view.h"

#include <glib/gi18n.h>
#include <string.h>

#define TITLE_CELLS 12

typedef struct {
  RbCtl        *ctl;
  const RbJson *explained;
  gint64        now_ms;
} Page;

typedef enum { SINCE, AT } When;

static void
print_styled (const Page *page,
              RbStyle     style,
              const char *title,
              const char *value)
{
  g_autofree char *safe_title = NULL;
  g_autofree char *spaced = NULL;
  g_autofree char *padded = NULL;
  g_autofree char *escaped = NULL;
  g_autofree char *line = NULL;
  g_autofree char *wrapped = NULL;
  g_autofree char *shown = NULL;
  g_autofree char *styled_title = NULL;

  if (value == NULL)
    return;
  escaped = rb_terminal_escape (value);
  safe_title = rb_terminal_escape (*title != '\0' ? _ (title) : "");
  spaced = g_strconcat (safe_title, " ", NULL);
  padded = rb_terminal_pad (spaced, TITLE_CELLS);
  line = g_strconcat (padded, escaped, NULL);
  wrapped = rb_terminal_wrap (line, page->ctl->terminal.columns, TITLE_CELLS);
  if (!g_str_has_prefix (wrapped, padded))
    {
      rb_ctl_print (page->ctl, "%s\n", wrapped);
      return;
    }
  shown = rb_terminal_style (&page->ctl->terminal, style, wrapped + strlen (padded));
  styled_title = rb_terminal_style (&page->ctl->terminal, RB_STYLE_DIM, padded);
  rb_ctl_print (page->ctl, "%s%s\n", styled_title, shown);
}

static void
print_line (const Page *page,
            const char *title,
            const char *value)
{
  print_styled (page, RB_STYLE_PLAIN, title, value);
}

/* "12:03:04.123 (2 min ago)"; NULL: none. */
static char *
dup_moment (const Page   *page,
            const RbJson *object,
            const char   *member)
{
  g_autofree char *iso = rb_view_dup_text (object, member);
  g_autofree char *at = rb_view_dup_time (iso, page->now_ms);
  g_autofree char *age = rb_view_dup_age (iso, page->now_ms);

  if (at == NULL)
    return NULL;
  if (rb_view_is_ahead (iso, page->now_ms))
    return g_strdup_printf ("%s (%s)", at, age);
  /* TRANSLATORS: a time and its distance, "12:03:04.123 (2 min ago)" */
  return g_strdup_printf (_ ("%s (%s ago)"), at, age);
}

static char *
with_time (const Page   *page,
           const char   *text,
           const RbJson *object,
           const char   *member,
           When          when)
{
  g_autofree char *moment = dup_moment (page, object, member);

  if (text == NULL || moment == NULL)
    return g_strdup (text);
  /* TRANSLATORS: what is or happens, and a time, "12:03:04.123 (2 min ago)" */
  return when == SINCE ? g_strdup_printf (_ ("%s since %s"), text, moment) : g_strdup_printf (_ ("%s at %s"), text, moment);
}

static RbJson *
open_object (const RbJson *object,
             const char   *member)
{
  return rb_json_get_member_type (object, member) == RB_JSON_OBJECT ? rb_json_open (object, member, NULL) : NULL;
}

static GPtrArray *
open_list (const RbJson *object,
           const char   *member)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_json_unref);
  g_autoptr(RbJson) array = NULL;

  if (rb_json_get_member_type (object, member) == RB_JSON_ARRAY)
    array = rb_json_open (object, member, NULL);
  for (guint i = 0; array != NULL && i < rb_json_get_length (array); i++)
    if (rb_json_get_item_type (array, i) == RB_JSON_OBJECT)
      g_ptr_array_add (list, rb_json_open_item (array, i, NULL));
  return list;
}

static void
print_rule (const Page *page)
{
  g_autoptr(RbJson) rule = open_object (page->explained, "rule");
  g_autofree char *code = rule != NULL ? rb_view_dup_text (rule, "code") : NULL;
  g_autofree char *text = rule != NULL ? rb_view_dup_text (rule, "text") : NULL;
  g_autofree char *line = code != NULL ? g_strdup_printf ("%s: %s", code, text != NULL ? text : "") : NULL;

  print_line (page, N_ ("rule"), line);
}

static void
print_holder (const Page *page)
{
  g_autoptr(RbJson) holder = open_object (page->explained, "held_by");
  g_autofree char *id = holder != NULL ? rb_view_dup_text (holder, "endpoint_id") : NULL;
  g_autofree char *name = holder != NULL ? rb_view_dup_text (holder, "session_name") : NULL;
  g_autofree char *adapter = holder != NULL ? rb_view_dup_text (holder, "adapter") : NULL;
  g_autofree char *pid = holder != NULL ? rb_view_dup_text (holder, "pid") : NULL;
  g_autofree char *state = holder != NULL ? rb_view_dup_text (holder, "state") : NULL;
  g_autofree char *since = holder != NULL ? with_time (page, state, holder, "since", SINCE) : NULL;
  g_autofree char *line = NULL;

  if (id == NULL)
    return;
  line = g_strdup_printf (_ ("%s%s%s, %s, process %s, %s"), id, name != NULL ? " " : "", name != NULL ? name : "",
                          adapter != NULL ? adapter : "?", pid != NULL ? pid : "?", since != NULL ? since : "?");
  print_line (page, N_ ("held by"), line);
}

static void
print_timers (const Page *page)
{
  g_autoptr(GPtrArray) timers = open_list (page->explained, "timers");

  for (guint i = 0; i < timers->len; i++)
    {
      const RbJson *timer = g_ptr_array_index (timers, i);
      g_autofree char *what = rb_view_dup_text (timer, "what");
      g_autofree char *then = rb_view_dup_text (timer, "then");
      g_autofree char *at = with_time (page, what, timer, "at", AT);
      g_autofree char *line = g_strdup_printf ("%s: %s", at != NULL ? at : "?", then != NULL ? then : "?");

      print_line (page, i == 0 ? N_ ("timer") : "", line);
    }
}

static void
print_error (const Page *page)
{
  g_autoptr(RbJson) error = open_object (page->explained, "last_error");
  g_autofree char *text = error != NULL ? rb_view_dup_text (error, "text") : NULL;
  g_autofree char *code = error != NULL ? rb_view_dup_text (error, "code") : NULL;
  g_autofree char *count = error != NULL ? rb_view_dup_text (error, "count") : NULL;
  g_autofree char *what = NULL;
  g_autofree char *at = NULL;
  g_autofree char *line = NULL;

  if (text == NULL)
    return;
  what = g_strdup_printf ("%s%s%s%s", text, code != NULL ? " (" : "", code != NULL ? code : "", code != NULL ? ")" : "");
  at = with_time (page, what, error, "at", AT);
  line = g_strcmp0 (count, "1") == 0 || count == NULL ? g_strdup (at) : g_strdup_printf (_ ("%s, %s times so far"), at, count);
  print_styled (page, RB_STYLE_BAD, N_ ("last error"), line);
}

static void
print_ended (const Page *page)
{
  g_autoptr(RbJson) ended = open_object (page->explained, "ended");
  g_autofree char *how = ended != NULL ? rb_view_dup_text (ended, "how") : NULL;
  g_autofree char *why = ended != NULL ? rb_view_dup_text (ended, "why") : NULL;
  g_autofree char *at = ended != NULL ? with_time (page, how, ended, "at", AT) : NULL;
  g_autofree char *line = at != NULL ? g_strdup_printf ("%s%s%s", at, why != NULL ? ": " : "", why != NULL ? why : "") : NULL;

  print_styled (page, RB_STYLE_GOOD, N_ ("ended"), line);
}

static void
print_owed (const Page *page)
{
  g_autoptr(GPtrArray) owed = open_list (page->explained, N_ ("owed"));

  for (guint i = 0; i < owed->len; i++)
    {
      const RbJson *event = g_ptr_array_index (owed, i);
      g_autofree char *id = rb_view_dup_text (event, "id");
      g_autofree char *kind = rb_view_dup_text (event, "kind");
      g_autofree char *waits_for = rb_view_dup_text (event, "waits_for");
      g_autofree char *line = g_strdup_printf (_ ("event %s %s, waits for %s"), id != NULL ? id : "?", kind != NULL ? kind : "?",
                                               waits_for != NULL ? waits_for : "?");

      print_line (page, i == 0 ? N_ ("owed") : "", line);
    }
}

/* What waits for an endpoint, in order, and why. */
static void
print_queue (const Page *page)
{
  g_autoptr(GPtrArray) queue = open_list (page->explained, "queue");

  if (rb_json_get_member_type (page->explained, "queue") == RB_JSON_ARRAY && queue->len == 0)
    print_line (page, "queue", "empty");
  for (guint i = 0; i < queue->len; i++)
    {
      const RbJson *item = g_ptr_array_index (queue, i);
      g_autofree char *id = rb_view_dup_text (item, "id");
      g_autofree char *sender = rb_view_dup_text (item, "sender_address");
      g_autofree char *why = rb_view_dup_text (item, "why");
      g_autofree char *line = g_strdup_printf ("%s from %s: %s", id != NULL ? id : "?", sender != NULL ? sender : "?", why != NULL ? why : "?");

      print_line (page, i == 0 ? "queue" : "", line);
    }
}

static void
print_assignments (const Page *page)
{
  g_autoptr(GPtrArray) assignments = open_list (page->explained, "assignments");

  for (guint i = 0; i < assignments->len; i++)
    {
      const RbJson *assignment = g_ptr_array_index (assignments, i);
      g_autofree char *id = rb_view_dup_text (assignment, "assignment_id");
      g_autofree char *message_id = rb_view_dup_text (assignment, "message_id");
      g_autofree char *state = rb_view_dup_text (assignment, "state");
      g_autofree char *since = with_time (page, state, assignment, "assigned_at", SINCE);
      g_autofree char *line = g_strdup_printf (_ ("%s of %s, %s"), id != NULL ? id : "?", message_id != NULL ? message_id : "?",
                                               since != NULL ? since : "?");

      print_line (page, i == 0 ? N_ ("works on") : "", line);
    }
}

/* What a spawned program wrote last. */
static void
print_output (const Page *page)
{
  g_autofree char *output = rb_view_dup_text (page->explained, "output");
  g_auto(GStrv) lines = output != NULL ? g_strsplit (g_strchomp (output), "\n", -1) : NULL;

  for (gsize i = 0; lines != NULL && lines[i] != NULL; i++)
    print_line (page, i == 0 ? N_ ("output") : "", lines[i]);
}

static gint64
get_time (const RbJson *object)
{
  g_autofree char *iso = rb_view_dup_text (object, "at");
  gint64 at = 0;

  return iso != NULL && rb_time_from_iso (iso, &at) ? at : 0;
}

/* Since the step before: where the time went. */
static char *
dup_distance (gint64 before,
              gint64 at)
{
  gint64 ms = at - before;

  if (before == 0 || ms < 0)
    return g_strdup ("");
  if (ms < 100 * 1000)
    return g_strdup_printf ("+%" G_GINT64_FORMAT ".%03d s", ms / 1000, (int) (ms % 1000));
  return g_strdup_printf ("+%" G_GINT64_FORMAT " min", ms / 60000);
}

/* The endpoint that the page is about, or has said, is not repeated with each step. */
static char *
dup_other_endpoint (const Page   *page,
                    const RbJson *step)
{
  g_autofree char *endpoint_id = rb_view_dup_text (step, "endpoint_id");
  g_autofree char *said = rb_view_dup_text (page->explained, "endpoint_id");
  g_autofree char *id = rb_view_dup_text (page->explained, "id");

  if (g_strcmp0 (endpoint_id, said) == 0 || g_strcmp0 (endpoint_id, id) == 0)
    return NULL;
  return g_steal_pointer (&endpoint_id);
}

static void
print_step (const Page   *page,
            const RbJson *step,
            gint64        before,
            int           width)
{
  g_autofree char *iso = rb_view_dup_text (step, "at");
  g_autofree char *at = rb_view_dup_time (iso, page->now_ms);
  g_autofree char *distance = dup_distance (before, get_time (step));
  g_autofree char *name = rb_view_dup_text (step, "step");
  g_autofree char *rule = rb_view_dup_text (step, "rule");
  g_autofree char *endpoint_id = dup_other_endpoint (page, step);
  g_autofree char *detail = rb_view_dup_text (step, "detail");
  const char *first = endpoint_id != NULL ? " " : "  ";
  g_autofree char *text = g_strdup_printf ("%s  %9s  %-*s%s%s%s%s%s%s%s", at != NULL ? at : "-", distance, width, name != NULL ? name : "-",
                                           endpoint_id != NULL ? "  " : "", endpoint_id != NULL ? endpoint_id : "",
                                           detail != NULL ? first : "", detail != NULL ? detail : "", rule != NULL ? " [" : "",
                                           rule != NULL ? rule : "", rule != NULL ? "]" : "");
  g_autofree char *escaped = rb_terminal_escape (g_strchomp (text));
  g_autofree char *indented = g_strconcat ("  ", escaped, NULL);
  g_autofree char *wrapped = rb_terminal_wrap (indented, page->ctl->terminal.columns, 27);

  rb_ctl_print (page->ctl, "%s\n", wrapped);
}

guint
rb_explain_print_steps (RbCtl        *ctl,
                        const RbJson *explained,
                        guint         from)
{
  Page page = { ctl, explained, g_get_real_time () / 1000 };
  g_autoptr(GPtrArray) steps = open_list (explained, "ladder");
  gsize width = 0;

  for (guint i = 0; i < steps->len; i++)
    {
      g_autofree char *name = rb_view_dup_text (g_ptr_array_index (steps, i), "step");

      width = MAX (width, name != NULL ? strlen (name) : 1);
    }
  for (guint i = from; i < steps->len; i++)
    {
      if (ctl->json)
        rb_ctl_print_json (ctl, g_ptr_array_index (steps, i));
      else
        print_step (&page, g_ptr_array_index (steps, i), i > 0 ? get_time (g_ptr_array_index (steps, i - 1)) : 0, (int) MIN (width, 40));
    }
  return steps->len;
}

static void
print_head (const Page *page)
{
  g_autofree char *kind = rb_view_dup_text (page->explained, "kind");
  g_autofree char *id = rb_view_dup_text (page->explained, "id");
  g_autofree char *place = rb_view_dup_text (page->explained, "place");
  g_autofree char *state = rb_view_dup_text (page->explained, "state");
  g_autofree char *since = with_time (page, place != NULL ? place : state, page->explained, "since", SINCE);

  print_styled (page, RB_STYLE_HEADING, kind != NULL ? kind : N_ ("id"), id);
  print_line (page, N_ ("is"), since);
}

/* Of what has ended the end says it. */
static void
print_reason (const Page *page)
{
  g_autofree char *reason = rb_view_dup_text (page->explained, "reason");

  if (rb_json_get_member_type (page->explained, "ended") != RB_JSON_OBJECT)
    print_line (page, N_ ("why"), reason);
}

static void
print_times (const Page *page)
{
  static const char *const times[][2] = { { N_ ("arrived"), "arrived_at" }, { N_ ("asked"), "asked_at" }, { N_ ("created"), "created_at" },
                                          { N_ ("registered"), "registered_at" } };

  for (gsize i = 0; i < G_N_ELEMENTS (times); i++)
    {
      g_autofree char *moment = dup_moment (page, page->explained, times[i][1]);

      print_line (page, times[i][0], moment);
    }
}

guint
rb_explain_print (RbCtl        *ctl,
                  const RbJson *explained)
{
  static const char *const plain[][2] = {
    { N_ ("label"), "label" },          { N_ ("name"), "session_name" },          { N_ ("from"), "sender_address" },
    { N_ ("to"), "to_address" },        { N_ ("event"), "event" },                { N_ ("about"), "subject" },
    { N_ ("message"), "message_id" },   { N_ ("endpoint"), "endpoint_id" },       { N_ ("assignment"), "assignment_id" },
    { "", "assignment_state" },         { N_ ("reply"), "reply_request_id" },     { N_ ("sent as"), "wire_message_id" },
    { N_ ("correlation"), "correlation_id" }, { N_ ("attempts"), "attempts" },    { N_ ("adapter"), "adapter" },
    { N_ ("runtime"), "runtime_kind" }, { N_ ("process"), "pid" },                { N_ ("channel"), "channel" },
    { N_ ("ended with"), "ended_with" },
  };
  Page page = { ctl, explained, g_get_real_time () / 1000 };
  g_autofree char *next = rb_view_dup_text (explained, "next");
  g_autofree char *next_at = with_time (&page, next, explained, "next_at", AT);

  print_head (&page);
  print_reason (&page);
  for (gsize i = 0; i < G_N_ELEMENTS (plain); i++)
    {
      g_autofree char *value = rb_view_dup_text (explained, plain[i][1]);

      print_line (&page, plain[i][0], value);
    }
  print_times (&page);
  print_rule (&page);
  print_holder (&page);
  print_line (&page, N_ ("next"), next_at);
  print_timers (&page);
  print_owed (&page);
  print_error (&page);
  print_ended (&page);
  print_queue (&page);
  print_assignments (&page);
  print_output (&page);
  return rb_explain_print_steps (ctl, explained, 0);
}
