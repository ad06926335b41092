/* rb-complete-verb.c: brokerctl complete: what a shell may offer at a place of the command line
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-complete.h"
#include "rb-program.h"
#include "rb-view.h"

#include <string.h>

/* Somebody has pressed a key and waits. */
#define DEADLINE_MS 700

/* What the broker knows: views, and which members of their rows are offered. */
static const struct {
  const char *kind;
  const char *view;
  const char *word, *otherwise;   /* the member that is offered; when it is absent, (nullable) another */
  const char *meaning;
} known[] = {
  { "endpoint", "endpoints", "session_name", "endpoint_id", "state" },
  { "message", "inbox", "id", NULL, "preview" },
  { "held", "held", "id", NULL, "preview" },
  { "dead-letter", "dead-letters", "id", NULL, "reason" },
  { "runtime", "runtimes", "id", NULL, "runtime_kind" },
  { "spawn", "spawns", "id", NULL, "runtime_kind" },
  { "connector", "connectors", "name", NULL, "summary" },
  { "any", "endpoints", "session_name", "endpoint_id", "state" },
  { "any", "inbox", "id", NULL, "preview" },
  { "any", "assignments", "undispatched_id", NULL, "state" },
};

static void
add_row (const RbJson *row,
         gsize         i,
         GPtrArray    *completions)
{
  g_autofree char *word = rb_view_dup_text (row, known[i].word);
  g_autofree char *otherwise = word == NULL && known[i].otherwise != NULL ? rb_view_dup_text (row, known[i].otherwise) : NULL;
  g_autofree char *meaning = rb_view_dup_text (row, known[i].meaning);
  const char *offered = word != NULL ? word : otherwise;

  if (offered != NULL && *offered != '\0')
    g_ptr_array_add (completions, rb_completion_new (offered, meaning));
}

/* As the running broker has them; else, as the next start would. */
static RbJson *
ask_settings (RbCtl *ctl)
{
  static const char *const arguments[] = { "--explain-config", "--json", NULL };
  const RbProgramRun run = { .arguments = arguments, .timeout_ms = DEADLINE_MS };
  g_autofree char *output = NULL;
  g_autoptr(GBytes) text = NULL;
  RbJson *view = rb_ctl_view (ctl, "config", NULL);

  if (view != NULL || rb_program_run (ctl, &run, &output, NULL, NULL) < 0)
    return view;
  text = g_bytes_new (output, strlen (output));
  return rb_json_parse (text, 0, NULL);
}

static void
add_settings (RbCtl     *ctl,
              GPtrArray *completions)
{
  g_autoptr(RbJson) view = ask_settings (ctl);

  for (guint n = 0; view != NULL && rb_json_get_root_type (view) == RB_JSON_ARRAY && n < rb_json_get_length (view); n++)
    {
      g_autoptr(RbJson) row = rb_json_get_item_type (view, n) == RB_JSON_OBJECT ? rb_json_open_item (view, n, NULL) : NULL;
      g_autofree char *group = row != NULL ? rb_view_dup_text (row, "group") : NULL;
      g_autofree char *key = row != NULL ? rb_view_dup_text (row, "key") : NULL;
      g_autofree char *summary = row != NULL ? rb_view_dup_text (row, "summary") : NULL;
      g_autofree char *name = group != NULL && key != NULL ? g_strdup_printf ("%s.%s", group, key) : NULL;

      if (name != NULL)
        g_ptr_array_add (completions, rb_completion_new (name, summary));
    }
}

/* A broker that does not run, or has no such view, has nothing to offer. */
static void
add_known (RbCtl      *ctl,
           const char *kind,
           GPtrArray  *completions)
{
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_autoptr(RbJson) view = g_str_equal (known[i].kind, kind) ? rb_ctl_view (ctl, known[i].view, NULL) : NULL;

      for (guint n = 0; view != NULL && rb_json_get_root_type (view) == RB_JSON_ARRAY && n < rb_json_get_length (view); n++)
        {
          g_autoptr(RbJson) row = rb_json_get_item_type (view, n) == RB_JSON_OBJECT ? rb_json_open_item (view, n, NULL) : NULL;

          if (row != NULL)
            add_row (row, i, completions);
        }
    }
}

/* One line each: what cannot be shown as it is is no word that a shell could offer. */
static void
print (RbCtl              *ctl,
       const RbCompletion *completion)
{
  g_autofree char *meaning = completion->meaning != NULL ? rb_terminal_escape (completion->meaning) : NULL;
  g_autofree char *shown = rb_terminal_escape (completion->word);

  if (g_str_equal (shown, completion->word))
    rb_ctl_print (ctl, "%s\t%s\n", completion->word, meaning != NULL ? meaning : "");
}

static void
choose_broker (RbCtl             *ctl,
               const char *const *words)
{
  const struct {
    const char  *option;
    char       **place;
  } places[] = { { "account", &ctl->options->account_id }, { "data-dir", &ctl->options->data_dir }, { "socket", &ctl->options->socket } };

  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    {
      const char *value = rb_complete_option (words, places[i].option);

      if (value == NULL || *value == '\0')
        continue;
      g_free (*places[i].place);
      *places[i].place = g_strdup (value);
    }
  ctl->options->call_timeout_ms = DEADLINE_MS;
}

static RbExitCode
run_complete (RbCtl             *ctl,
              const char *const *args)
{
  g_autoptr(GPtrArray) completions = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_completion_free);
  const RbVerb *verb;
  const char *kind = rb_complete (args, completions, &verb);

  choose_broker (ctl, args);
  if (g_strcmp0 (kind, RB_COMPLETE_FILE) == 0)
    rb_ctl_print (ctl, ":files\n");
  else if (g_strcmp0 (kind, "setting") == 0)
    add_settings (ctl, completions);
  else if (kind != NULL)
    add_known (ctl, kind, completions);
  for (guint i = 0; i < completions->len; i++)
    print (ctl, g_ptr_array_index (completions, i));
  return RB_EXIT_OK;
}

const RbVerb rb_complete_verb = {
  .name = "complete",
  .summary = "Print what may stand at a place of the command line, for shells",
  .usage = "-- WORD...",
  .min_args = 1,
  .max_args = -1,
  .hidden = TRUE,
  .run = run_complete,
};
