/* rb-explain-verb.c: brokerctl explain: where a message is, how it got there and what comes next
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-verb.h"
#include "rb-view.h"

#include <string.h>

#define TITLE_CELLS 12

static RbJson *
ask (RbCtl       *ctl,
     const char  *id,
     GError     **error)
{
  g_autofree char *escaped = g_uri_escape_string (id, NULL, FALSE);
  g_autofree char *view = g_strconcat ("explain/", escaped, NULL);

  return rb_ctl_view (ctl, view, error);
}

static gboolean
add_from (RbCtl       *ctl,
          const char  *view_name,
          const char  *id_member,
          const char  *name_member,
          GPtrArray   *candidates,
          GError     **error)
{
  g_autoptr(RbJson) view = rb_ctl_view (ctl, view_name, error);

  if (view == NULL)
    return FALSE;
  rb_view_add_candidates (view, id_member, name_member, candidates);
  return TRUE;
}

/* What @text may be short for, among the things the broker holds right now. */
static char *
complete_id (RbCtl       *ctl,
             const char  *text,
             GError     **error)
{
  g_autoptr(GPtrArray) candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_candidate_free);
  const RbCandidate *picked;

  if (!add_from (ctl, "inbox", "id", NULL, candidates, error)
      || !add_from (ctl, "assignments", "undispatched_id", NULL, candidates, error)
      || !add_from (ctl, "assignments", "assignment_id", NULL, candidates, error)
      || !add_from (ctl, "endpoints", "endpoint_id", "session_name", candidates, error))
    return NULL;
  picked = rb_prefix_pick (candidates, "message, assignment or endpoint", text, error);
  return picked != NULL ? g_strdup (picked->id) : NULL;
}

static void
print_line (RbCtl      *ctl,
            const char *title,
            const char *value)
{
  g_autofree char *escaped = NULL;
  g_autofree char *line = NULL;
  g_autofree char *wrapped = NULL;

  if (value == NULL)
    return;
  escaped = rb_terminal_escape (value);
  line = g_strdup_printf ("%-*s%s", TITLE_CELLS, title, escaped);
  wrapped = rb_terminal_wrap (line, ctl->terminal.columns, TITLE_CELLS);
  rb_ctl_print (ctl, "%s\n", wrapped);
}

static char *
with_time (const char   *text,
           const RbJson *object,
           const char   *member,
           const char   *preposition,
           gint64        now_ms)
{
  g_autofree char *iso = rb_view_dup_text (object, member);
  g_autofree char *at = rb_view_dup_time (iso, now_ms);
  g_autofree char *age = rb_view_dup_age (iso, now_ms);

  if (text == NULL || at == NULL)
    return g_strdup (text);
  return g_strdup_printf ("%s %s %s (%s)", text, preposition, at, age);
}

static void
print_step (RbCtl        *ctl,
            const RbJson *step,
            int           width,
            gint64        now_ms)
{
  g_autofree char *iso = rb_view_dup_text (step, "at");
  g_autofree char *at = rb_view_dup_time (iso, now_ms);
  g_autofree char *name = rb_view_dup_text (step, "step");
  g_autofree char *endpoint_id = rb_view_dup_text (step, "endpoint_id");
  g_autofree char *detail = rb_view_dup_text (step, "detail");
  g_autofree char *text = g_strdup_printf ("%s  %-*s%s%s%s%s", at != NULL ? at : "-", width, name != NULL ? name : "-",
                                           endpoint_id != NULL ? "  " : "", endpoint_id != NULL ? endpoint_id : "",
                                           detail != NULL ? "  " : "", detail != NULL ? detail : "");
  g_autofree char *escaped = rb_terminal_escape (g_strchomp (text));
  g_autofree char *indented = g_strconcat ("  ", escaped, NULL);
  g_autofree char *wrapped = rb_terminal_wrap (indented, ctl->terminal.columns, 4);

  rb_ctl_print (ctl, "%s\n", wrapped);
}

static GPtrArray *
open_steps (const RbJson *explained)
{
  GPtrArray *steps = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_json_unref);
  g_autoptr(RbJson) ladder = NULL;

  if (rb_json_get_member_type (explained, "ladder") == RB_JSON_ARRAY)
    ladder = rb_json_open (explained, "ladder", NULL);
  for (guint i = 0; ladder != NULL && i < rb_json_get_length (ladder); i++)
    if (rb_json_get_item_type (ladder, i) == RB_JSON_OBJECT)
      g_ptr_array_add (steps, rb_json_open_item (ladder, i, NULL));
  return steps;
}

static void
print_ladder (RbCtl        *ctl,
              const RbJson *explained,
              gint64        now_ms)
{
  g_autoptr(GPtrArray) steps = open_steps (explained);
  gsize width = 0;

  for (guint i = 0; i < steps->len; i++)
    {
      g_autofree char *name = rb_view_dup_text (g_ptr_array_index (steps, i), "step");

      width = MAX (width, name != NULL ? strlen (name) : 1);
    }
  for (guint i = 0; i < steps->len; i++)
    print_step (ctl, g_ptr_array_index (steps, i), (int) MIN (width, 40), now_ms);
}

static void
print_queue (RbCtl        *ctl,
             const RbJson *explained)
{
  g_auto(GStrv) queue = NULL;

  if (!rb_json_get_optional_strv (explained, "queue", &queue, NULL) || queue == NULL)
    return;
  if (queue[0] == NULL)
    print_line (ctl, "queue", "empty");
  for (gsize i = 0; queue[i] != NULL; i++)
    print_line (ctl, i == 0 ? "queue" : "", queue[i]);
}

/* What a spawned program wrote last. */
static void
print_output (RbCtl        *ctl,
              const RbJson *explained)
{
  g_autofree char *output = rb_view_dup_text (explained, "output");
  g_auto(GStrv) lines = output != NULL ? g_strsplit (g_strchomp (output), "\n", -1) : NULL;

  for (gsize i = 0; lines != NULL && lines[i] != NULL; i++)
    print_line (ctl, i == 0 ? "output" : "", lines[i]);
}

static void
print_explained (RbCtl        *ctl,
                 const RbJson *explained)
{
  static const char *const plain[][2] = { { "label", "label" },     { "endpoint", "endpoint_id" },    { "why", "reason" },
                                          { "from", "sender_address" }, { "assignment", "assignment_id" }, { "", "assignment_state" },
                                          { "correlation", "correlation_id" }, { "attempts", "attempts" },
                                          { "runtime", "runtime_kind" },   { "process", "pid" },           { "ended with", "ended_with" } };
  gint64 now_ms = g_get_real_time () / 1000;
  g_autofree char *kind = rb_view_dup_text (explained, "kind");
  g_autofree char *id = rb_view_dup_text (explained, "id");
  g_autofree char *place = rb_view_dup_text (explained, "place");
  g_autofree char *state = rb_view_dup_text (explained, "state");
  g_autofree char *next = rb_view_dup_text (explained, "next");
  g_autofree char *place_since = with_time (place, explained, "since", "since", now_ms);
  g_autofree char *state_since = with_time (state, explained, "since", "since", now_ms);
  g_autofree char *next_at = with_time (next, explained, "next_at", "at", now_ms);

  print_line (ctl, kind != NULL ? kind : "id", id);
  print_line (ctl, "is", place_since);
  print_line (ctl, "is", state_since);
  for (gsize i = 0; i < G_N_ELEMENTS (plain); i++)
    {
      g_autofree char *value = rb_view_dup_text (explained, plain[i][1]);

      print_line (ctl, plain[i][0], value);
    }
  print_line (ctl, "next", next_at);
  print_queue (ctl, explained);
  print_output (ctl, explained);
  print_ladder (ctl, explained, now_ms);
}

RbExitCode
rb_verb_explain (RbCtl             *ctl,
                 const char *const *args)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *id = NULL;
  g_autoptr(RbJson) explained = ask (ctl, args[0], &error);

  if (explained == NULL && g_error_matches (error, RB_ERROR, RB_ERROR_NOT_FOUND)
      && g_strcmp0 (rb_error_get_reason (error), "broker_not_running") != 0)
    {
      g_clear_error (&error);
      id = complete_id (ctl, args[0], &error);
      explained = id != NULL ? ask (ctl, id, &error) : NULL;
    }
  if (explained == NULL)
    return rb_ctl_fail (error);
  if (ctl->json)
    rb_ctl_print_json (ctl, explained);
  else if (rb_json_get_root_type (explained) == RB_JSON_OBJECT)
    print_explained (ctl, explained);
  return RB_EXIT_OK;
}
