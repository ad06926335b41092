/* rb-explain-verb.c: brokerctl explain: where a thing is, how it got there and what comes next
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"
#include "rb-explain-print.h"
#include "rb-pick.h"
#include "rb-verb.h"
#include "rb-view.h"

#include <glib/gi18n.h>
#include <string.h>

#define FOLLOW_MS 300
#define ID_MAX_BYTES 1024       /* nothing has a longer one, and a request has no place for any length */
#define ID_SHOWN_CHARS 40

static gboolean wants_follow;

static const GOptionEntry options[] = {
  { "follow", 'f', 0, G_OPTION_ARG_NONE, &wants_follow, N_ ("Go on and print each step as it comes, until it has ended"), NULL },
  { NULL },
};

static RbJson *
ask (RbCtl       *ctl,
     const char  *id,
     GError     **error)
{
  g_autofree char *escaped = g_uri_escape_string (id, NULL, FALSE);
  g_autofree char *view = g_strconcat ("explain/", escaped, NULL);

  return rb_ctl_view (ctl, view, error);
}

static void
set_too_long (GError     **error,
              const char  *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, ID_MAX_BYTES);
  g_autofree char *begin = g_utf8_substring (valid, 0, MIN (ID_SHOWN_CHARS, g_utf8_strlen (valid, -1)));

  rb_set_error (error, RB_ERROR_NOT_FOUND, "not_found", _ ("nothing is known of '%s...'"), begin);
}

static RbJson *
ask_by_any_name (RbCtl       *ctl,
                 const char  *text,
                 GError     **error)
{
  g_autoptr(GError) first = NULL;
  g_autoptr(GError) second = NULL;
  g_autofree char *id = NULL;
  RbJson *explained;

  if (strlen (text) > ID_MAX_BYTES)
    {
      set_too_long (error, text);
      return NULL;
    }
  explained = ask (ctl, text, &first);
  if (explained != NULL)
    return explained;
  if (g_error_matches (first, RB_ERROR, RB_ERROR_NOT_FOUND) && g_strcmp0 (rb_error_get_reason (first), "broker_not_running") != 0)
    id = rb_pick_endpoint (ctl, text, &second);
  if (id != NULL)
    return ask (ctl, id, error);

  /* The broker has looked at everything; what the names say counts when there are several. */
  if (second != NULL && g_strcmp0 (rb_error_get_reason (second), "ambiguous") == 0)
    g_propagate_error (error, g_steal_pointer (&second));
  else
    g_propagate_error (error, g_steal_pointer (&first));
  return NULL;
}

static gboolean
on_moment (gpointer user_data)
{
  gboolean *is_over = user_data;

  *is_over = TRUE;
  return G_SOURCE_REMOVE;
}

/* FALSE: interrupted. */
static gboolean
wait_a_moment (RbCtl *ctl)
{
  gboolean is_over = FALSE;
  guint source = g_timeout_add (FOLLOW_MS, on_moment, &is_over);

  while (!is_over && !g_cancellable_is_cancelled (ctl->cancellable))
    g_main_context_iteration (NULL, TRUE);
  if (!is_over)
    g_source_remove (source);
  return is_over;
}

static gboolean
has_ended (const RbJson *explained)
{
  return rb_json_get_member_type (explained, "ended") == RB_JSON_OBJECT;
}

static RbExitCode
follow (RbCtl  *ctl,
        RbJson *explained,
        guint   n_steps)
{
  g_autofree char *id = rb_view_dup_text (explained, "id");
  g_autoptr(RbJson) latest = rb_json_ref (explained);
  g_autoptr(GError) error = NULL;

  rb_ctl_catch_signals (ctl);
  while (!has_ended (latest))
    {
      if (!wait_a_moment (ctl))
        return RB_EXIT_INTERRUPTED;
      g_clear_pointer (&latest, rb_json_unref);
      latest = ask (ctl, id, &error);
      if (latest == NULL)
        return rb_ctl_fail (error);
      n_steps = rb_explain_print_steps (ctl, latest, n_steps);
    }
  return RB_EXIT_OK;
}

static RbExitCode
run_explain (RbCtl             *ctl,
             const char *const *args)
{
  gboolean follows = wants_follow;
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) explained = NULL;
  guint n_steps = 0;

  wants_follow = FALSE;
  if (*args[0] == '\0')
    {
      rb_ctl_warn (_ ("explain needs an id, or its beginning"));
      return RB_EXIT_USAGE;
    }
  explained = ask_by_any_name (ctl, args[0], &error);
  if (explained == NULL)
    return rb_ctl_fail (error);
  if (rb_json_get_root_type (explained) != RB_JSON_OBJECT)
    return RB_EXIT_OK;

  if (ctl->json && !follows)
    rb_ctl_print_json (ctl, explained);
  else if (ctl->json)
    n_steps = rb_explain_print_steps (ctl, explained, 0);
  else
    n_steps = rb_explain_print (ctl, explained);
  return follows ? follow (ctl, explained, n_steps) : RB_EXIT_OK;
}

const RbVerb rb_explain_verb = {
  .name = "explain",
  .summary = N_ ("Tell where a message is, how it got there and what comes next"),
  .usage = N_ ("ID"),
  .details = N_ ("ID is that of a message that came or was sent, an assignment, a reply, an endpoint, an event of the outbox, a spawn or an order of "
                 "the upstream, also of one that has ended; a beginning that fits only one is enough. Endpoints go by their name, too."),
  .options = options,
  .min_args = 1,
  .max_args = 1,
  .completes = "any",
  .run = run_explain,
};
