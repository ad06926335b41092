/* rb-spawn-verbs.c: brokerctl spawns, approve, deny, spawn: whether runtimes start
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-input.h"
#include "rb-json-writer.h"
#include "rb-pick.h"
#include "rb-verb.h"
#include "rb-view.h"

#include <glib/gi18n.h>
#include <string.h>

static gboolean with_prompts;
static gboolean always;
static char *directory;

static const GOptionEntry spawns_options[] = {
  { "prompt", 0, 0, G_OPTION_ARG_NONE, &with_prompts, N_ ("Show what each would be told, too"), NULL },
  { NULL },
};

static const GOptionEntry answer_options[] = {
  { "always", 0, 0, G_OPTION_ARG_NONE, &always, N_ ("And the same for every runtime of that kind, as a rule that policy shows"), NULL },
  { NULL },
};

static const GOptionEntry spawn_options[] = {
  { "directory", 'd', 0, G_OPTION_ARG_FILENAME, &directory, N_ ("Where it works; one that [spawn] directories allows"), N_ ("DIRECTORY") },
  { NULL },
};

static const RbViewColumn columns[] = {
  { { N_ ("SPAWN"), 10 }, "id" },
  { { N_ ("KIND"), 6 }, "runtime_kind" },
  { { N_ ("FOR"), 0 }, "asked_at", NULL, TRUE },
  { { N_ ("BYTES"), 0 }, "prompt_bytes" },
  { { N_ ("WHY"), 8 }, "rule" },
  { { N_ ("PROMPT"), 12 }, "prompt" },
};

static RbExitCode
run_spawns (RbCtl             *ctl,
            const char *const *args)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) view = rb_ctl_view (ctl, with_prompts ? "spawns?prompts=yes" : "spawns", &error);
  guint n_columns = G_N_ELEMENTS (columns) - (with_prompts ? 0 : 1);

  with_prompts = FALSE;
  if (view == NULL)
    return rb_ctl_fail (error);
  rb_view_print_table (ctl, view, columns, n_columns, _ ("no runtime waits to be started\n"));
  return RB_EXIT_OK;
}

static GBytes *
make_answer (const char *id,
             gboolean    is_always)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "id", id);
  rb_json_writer_boolean (writer, "always", is_always);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

static RbExitCode
answer (RbCtl      *ctl,
        const char *text,
        const char *path,
        const char *done)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *id = rb_pick_spawn (ctl, text, &error);
  g_autoptr(GBytes) body = id != NULL ? make_answer (id, always) : NULL;
  g_autoptr(RbJson) result = NULL;
  g_autofree char *escaped = NULL;

  always = FALSE;
  if (id == NULL)
    return rb_ctl_fail (error);
  result = rb_ctl_call (ctl, "POST", path, body, &error);
  if (result == NULL)
    return rb_ctl_fail (error);
  escaped = rb_terminal_escape (id);
  if (ctl->json)
    rb_ctl_print_json (ctl, result);
  else
    rb_ctl_print (ctl, "%s: %s\n", escaped, done);
  return RB_EXIT_OK;
}

static RbExitCode
run_approve (RbCtl             *ctl,
             const char *const *args)
{
  return answer (ctl, args[0], "/v1/operator/spawns/approve", _ ("started"));
}

static RbExitCode
run_deny (RbCtl             *ctl,
          const char *const *args)
{
  return answer (ctl, args[0], "/v1/operator/spawns/deny", _ ("denied"));
}

static GBytes *
make_order (const char *kind,
            const char *prompt,
            const char *place)
{
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "runtime_kind", kind);
  rb_json_writer_string (writer, "prompt", prompt);
  if (place != NULL)
    rb_json_writer_string (writer, "directory", place);
  rb_json_writer_end_object (writer);
  return rb_json_writer_end (writer);
}

static RbExitCode
run_spawn (RbCtl             *ctl,
           const char *const *args)
{
  g_autofree char *named = g_steal_pointer (&directory);
  g_autofree char *place = named != NULL ? g_canonicalize_filename (named, NULL) : NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *prompt = g_strcmp0 (args[1], "-") == 0 ? rb_input_read (&error) : g_strdup (args[1] != NULL ? args[1] : "");
  g_autoptr(GBytes) body = NULL;
  g_autoptr(RbJson) result = NULL;
  g_autofree char *id = NULL;
  g_autofree char *escaped = NULL;

  if (prompt == NULL)
    return rb_ctl_fail (error);
  body = make_order (args[0], prompt, place);
  result = rb_ctl_call (ctl, "POST", "/v1/operator/spawns/start", body, &error);
  if (result == NULL)
    return rb_ctl_fail (error);
  id = rb_view_dup_text (result, "id");
  escaped = id != NULL ? rb_terminal_escape (id) : NULL;
  if (ctl->json)
    rb_ctl_print_json (ctl, result);
  else
    rb_ctl_print (ctl, "%s\n", escaped != NULL ? escaped : "-");
  return RB_EXIT_OK;
}

const RbVerb rb_spawns_verb = {
  .name = "spawns",
  .summary = N_ ("List the runtimes that the network wants started here, and that wait for you"),
  .usage = "[--prompt]",
  .details = N_ ("They wait for as long as nobody answers: approve or deny. What a runtime would be told comes from somebody else, and is shown "
                 "only with --prompt. Those that run are listed by runtimes."),
  .options = spawns_options,
  .run = run_spawns,
};

const RbVerb rb_approve_verb = {
  .name = "approve",
  .summary = N_ ("Let a runtime start that the network asks for"),
  .usage = N_ ("SPAWN [--always]"),
  .details = N_ ("SPAWN is an id that spawns shows, or a beginning of it that fits only one."),
  .options = answer_options,
  .min_args = 1,
  .max_args = 1,
  .completes = "spawn",
  .run = run_approve,
};

const RbVerb rb_deny_verb = {
  .name = "deny",
  .summary = N_ ("Do not let a runtime start that the network asks for"),
  .usage = N_ ("SPAWN [--always]"),
  .details = N_ ("SPAWN is an id that spawns shows, or a beginning of it that fits only one."),
  .options = answer_options,
  .min_args = 1,
  .max_args = 1,
  .completes = "spawn",
  .run = run_deny,
};

const RbVerb rb_spawn_verb = {
  .name = "spawn",
  .summary = N_ ("Start a runtime here"),
  .usage = N_ ("KIND [PROMPT|-]"),
  .details = N_ ("By the spawn driver for that kind, within the limits of [spawn], as if the network had asked and you had approved. '-' reads "
                 "the prompt from standard input. Prints the id under which runtimes, logs, stop and explain know it."),
  .options = spawn_options,
  .min_args = 1,
  .max_args = 2,
  .starts = TRUE,
  .run = run_spawn,
};
