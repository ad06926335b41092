/* rb-spawn-view.c: what is told of a spawn
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-spawn-view.h"

#include "rb-dict.h"
#include "rb-spawn-list.h"
#include "rb-spawn-operator.h"

#include <string.h>

static void
put_progress (RbStory       *story,
              const RbSpawn *spawn)
{
  const char *state = rb_spawn_state_to_string (spawn->state);

  switch (spawn->state)
    {
    case RB_SPAWN_ASKED:
      rb_story_put_next (story, "a person has to say whether it starts: brokerctl approve, brokerctl deny", 0);
      break;
    case RB_SPAWN_STARTING:
      rb_story_put_next (story, "the program is being started", 0);
      break;
    case RB_SPAWN_WAITING:
      rb_story_put_next (story, "the program runs; its endpoint has to register in time", spawn->deadline);
      rb_story_add_clock (story, "registration", spawn->timer,
                          spawn->is_remote ? "the spawn counts as failed; the upstream is told" : "the spawn counts as failed");
      break;
    case RB_SPAWN_REGISTERED:
      rb_story_put_ended (story, "registered", "its endpoint has registered", spawn->since);
      break;
    case RB_SPAWN_FAILED:
    case RB_SPAWN_DENIED:
    case RB_SPAWN_GIVEN_UP:
      rb_story_put_error (story, spawn->detail, NULL, spawn->since, 1);
      rb_story_put_ended (story, state, spawn->detail, spawn->since);
      break;
    }
  if (spawn->is_ending)
    rb_story_add_clock (story, "end", spawn->end_timer, "it is killed");
}

static void
put_runtime (GVariantDict  *dict,
             const RbSpawn *spawn)
{
  const RbRuntime *runtime = spawn->runtime;

  if (runtime == NULL)
    return;
  if (runtime->pid > 0)
    rb_dict_put_count (dict, "pid", (guint64) runtime->pid);
  rb_dict_put_text (dict, "unit", runtime->unit);
  rb_dict_put_text (dict, "log_file", runtime->log_file);
  rb_dict_put_text (dict, "directory", runtime->directory);
  rb_dict_put_time (dict, "started_at", spawn->started_at);
  rb_dict_put_time (dict, "ended_at", spawn->ended_at);
}

static void
put_spawn (GVariantDict  *dict,
           const RbSpawn *spawn)
{
  g_autofree char *end = spawn->has_exited ? rb_spawn_describe_end (spawn->wait_status) : NULL;

  rb_dict_put_text (dict, "runtime_kind", spawn->kind);
  rb_dict_put_text (dict, "origin", spawn->is_remote ? "network" : "person");
  rb_dict_put_text (dict, "state", rb_spawn_state_to_string (spawn->state));
  rb_dict_put_time (dict, "asked_at", spawn->asked_at);
  rb_dict_put_time (dict, "since", spawn->since);
  put_runtime (dict, spawn);
  rb_dict_put_text (dict, "endpoint_id", spawn->endpoint_id);
  rb_dict_put_text (dict, "reason", spawn->detail);
  rb_dict_put_text (dict, "ended_with", end);
}

/* As that of a message (rb_story_put_rule()). */
static void
put_rule (GVariantDict  *dict,
          const RbSpawn *spawn)
{
  GVariantDict rule;

  if (spawn->rule == NULL)
    return;
  g_variant_dict_init (&rule, NULL);
  rb_dict_put_text (&rule, "code", spawn->is_answered || !spawn->is_remote ? "person" : "policy");
  rb_dict_put_text (&rule, "text", spawn->rule);
  g_variant_dict_insert_value (dict, "rule", g_variant_dict_end (&rule));
}

void
rb_spawn_put_story (RbStory    *story,
                    const char *token)
{
  const RbSpawn *spawn = rb_spawns_lookup (story->core, token);

  if (spawn == NULL)
    return;

  put_spawn (&story->dict, spawn);
  put_rule (&story->dict, spawn);
  rb_dict_put_text (&story->dict, "output", spawn->output);
  put_progress (story, spawn);
}

GVariant *
rb_view_spawns (RbCore   *core,
                gboolean  prompts)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (GList *l = rb_spawns_get_all (core->spawns); l != NULL; l = l->next)
    {
      const RbSpawn *spawn = l->data;
      GVariantDict dict;

      if (spawn->state != RB_SPAWN_ASKED)
        continue;
      g_variant_dict_init (&dict, NULL);
      rb_dict_put_text (&dict, "id", spawn->token);
      put_spawn (&dict, spawn);
      rb_dict_put_text (&dict, "rule", spawn->rule);
      rb_dict_put_count (&dict, "prompt_bytes", strlen (spawn->prompt));
      if (prompts)
        rb_dict_put_text (&dict, "prompt", spawn->prompt);
      g_variant_builder_add_value (&builder, g_variant_dict_end (&dict));
    }
  return g_variant_builder_end (&builder);
}

static const char *
describe_run (const RbSpawn *spawn)
{
  if (!rb_spawn_is_running (spawn))
    return "ended";
  if (spawn->is_ending)
    return "ending";
  return spawn->state == RB_SPAWN_REGISTERED ? "running" : spawn->state == RB_SPAWN_WAITING ? "starting" : "unregistered";
}

GVariant *
rb_view_runtimes (RbCore   *core,
                  gboolean  all)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (GList *l = rb_spawns_get_all (core->spawns); l != NULL; l = l->next)
    {
      const RbSpawn *spawn = l->data;
      GVariantDict dict;

      if (spawn->runtime == NULL || (!all && !rb_spawn_is_running (spawn)))
        continue;
      g_variant_dict_init (&dict, NULL);
      rb_dict_put_text (&dict, "id", spawn->token);
      put_spawn (&dict, spawn);
      rb_dict_put_text (&dict, "rule", spawn->rule);
      rb_dict_put_text (&dict, "runtime_state", describe_run (spawn));
      g_variant_builder_add_value (&builder, g_variant_dict_end (&dict));
    }
  return g_variant_builder_end (&builder);
}
