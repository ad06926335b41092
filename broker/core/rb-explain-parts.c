/* rb-explain-parts.c: what the stories of different things have in common
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-explain-parts.h"

#include "rb-dict.h"
#include "rb-rule.h"

void
rb_step_read (GVariant *row,
              RbStep   *step)
{
  g_variant_get (row, "(&sx&sxm&sm&sm&s)", NULL, NULL, &step->step, &step->at, &step->endpoint_id, &step->detail, &step->rule);
}

void
rb_story_begin (RbStory    *self,
                RbCore     *core,
                const char *kind,
                const char *id)
{
  self->core = core;
  self->failed_at = 0;
  g_variant_dict_init (&self->dict, NULL);
  g_variant_builder_init (&self->timers, G_VARIANT_TYPE ("aa{sv}"));
  rb_dict_put_text (&self->dict, "kind", kind);
  rb_dict_put_text (&self->dict, "id", id);
}

GVariant *
rb_story_end (RbStory *self)
{
  g_variant_dict_insert_value (&self->dict, "timers", g_variant_builder_end (&self->timers));
  return g_variant_dict_end (&self->dict);
}

static GVariant *
view_step (const RbStep *step)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  rb_dict_put_text (&dict, "step", step->step);
  rb_dict_put_time (&dict, "at", step->at);
  rb_dict_put_text (&dict, "endpoint_id", step->endpoint_id);
  rb_dict_put_text (&dict, "detail", step->detail);
  rb_dict_put_text (&dict, "rule", step->rule);
  return g_variant_dict_end (&dict);
}

GVariant *
rb_steps_view (GPtrArray *steps)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < steps->len; i++)
    {
      RbStep step;

      rb_step_read (g_ptr_array_index (steps, i), &step);
      g_variant_builder_add_value (&builder, view_step (&step));
    }
  return g_variant_builder_end (&builder);
}

void
rb_story_put_ladder (RbStory   *self,
                     GPtrArray *steps)
{
  g_variant_dict_insert_value (&self->dict, "ladder", rb_steps_view (steps));
}

void
rb_story_put_rule (RbStory   *self,
                   GPtrArray *steps)
{
  GVariantDict dict;
  RbStep step;

  for (guint i = steps->len; i-- > 0;)
    {
      rb_step_read (g_ptr_array_index (steps, i), &step);
      if (step.rule == NULL)
        continue;

      g_variant_dict_init (&dict, NULL);
      rb_dict_put_text (&dict, "code", step.rule);
      rb_dict_put_text (&dict, "text", rb_rule_describe (step.rule));
      rb_dict_put_text (&dict, "step", step.step);
      rb_dict_put_time (&dict, "at", step.at);
      g_variant_dict_insert_value (&self->dict, "rule", g_variant_dict_end (&dict));
      return;
    }
}

void
rb_story_put_holder (RbStory    *self,
                     const char *endpoint_id)
{
  RbEndpoint *endpoint = rb_registry_lookup (self->core->registry, endpoint_id);
  GVariantDict dict;

  if (endpoint == NULL)
    return;

  g_variant_dict_init (&dict, NULL);
  rb_dict_put_text (&dict, "endpoint_id", endpoint->id);
  rb_dict_put_text (&dict, "label", endpoint->traits->label);
  rb_dict_put_text (&dict, "session_name", endpoint->traits->session_name);
  rb_dict_put_text (&dict, "adapter", endpoint->traits->kind);
  rb_dict_put_count (&dict, "pid", (guint64) endpoint->plugin_pid);
  rb_dict_put_text (&dict, "state", rb_endpoint_state_to_string (endpoint->state));
  rb_dict_put_time (&dict, "since", endpoint->state_since);
  g_variant_dict_insert_value (&self->dict, "held_by", g_variant_dict_end (&dict));
}

void
rb_story_put_next (RbStory    *self,
                   const char *text,
                   gint64      at)
{
  rb_dict_put_text (&self->dict, "next", text);
  if (at > 0)
    rb_dict_put_time (&self->dict, "next_at", at);
}

void
rb_story_add_timer (RbStory    *self,
                    const char *what,
                    gint64      at,
                    const char *then)
{
  GVariantDict dict;

  if (at <= 0)
    return;

  g_variant_dict_init (&dict, NULL);
  rb_dict_put_text (&dict, "what", what);
  rb_dict_put_time (&dict, "at", at);
  rb_dict_put_text (&dict, "then", then);
  g_variant_builder_add_value (&self->timers, g_variant_dict_end (&dict));
}

void
rb_story_add_clock (RbStory    *self,
                    const char *what,
                    guint64     timer,
                    const char *then)
{
  gint64 left_us = timer != 0 ? rb_clock_get_left_us (self->core->clock, timer) : -1;

  if (left_us >= 0)
    rb_story_add_timer (self, what, rb_core_now (self->core) + left_us / 1000, then);
}

void
rb_story_put_error (RbStory    *self,
                    const char *text,
                    const char *code,
                    gint64      at,
                    guint       count)
{
  GVariantDict dict;

  if (text == NULL || at < self->failed_at)
    return;

  self->failed_at = at;
  g_variant_dict_init (&dict, NULL);
  rb_dict_put_text (&dict, "text", text);
  rb_dict_put_text (&dict, "code", code);
  rb_dict_put_time (&dict, "at", at);
  rb_dict_put_count (&dict, "count", count);
  g_variant_dict_insert_value (&self->dict, "last_error", g_variant_dict_end (&dict));
}

static const struct {
  const char *step;
  const char *text;
} setbacks[] = {
  { "restored", "its assignment was taken back" },
  { "returned", "the endpoint that it waited for is gone" },
  { "released", "a claim of it came to nothing" },
  { "processing_failed", "the adapter says that it failed" },
  { "processing_interrupted", "the adapter was interrupted" },
};

static const char *
find_setback (const char *step)
{
  for (gsize i = 0; i < G_N_ELEMENTS (setbacks); i++)
    if (g_str_equal (setbacks[i].step, step))
      return setbacks[i].text;
  return NULL;
}

void
rb_story_put_ladder_error (RbStory   *self,
                           GPtrArray *steps)
{
  RbStep last = { NULL };
  guint count = 0;

  for (guint i = 0; i < steps->len; i++)
    {
      RbStep step;

      rb_step_read (g_ptr_array_index (steps, i), &step);
      if (find_setback (step.step) == NULL)
        continue;
      count++;
      last = step;
    }
  if (count > 0)
    rb_story_put_error (self, find_setback (last.step), last.detail, last.at, count);
}

static const struct {
  const char *outcome;
  const char *text;
} outcomes[] = {
  { "delivered", "it was delivered" },
  { "stored", "the network keeps it until the other side takes it" },
  { "replied", "its reply was sent" },
  { "handled_no_reply", "the endpoint settled it without a reply" },
  { "returned_upstream", "the upstream, which holds it, has it back" },
  { "endpoint_lost_after_acceptance", "its endpoint had accepted it and is gone; whether it did the work nobody knows" },
  { "processing_failed", "the adapter says that it failed for good" },
  { "refused_by_policy", "a rule of the policy did not let it in" },
  { "refused_by_person", "a person did not let it in" },
  { "dismissed", "it was held here, and the network has given it to somebody else meanwhile" },
  { "expired", "the adapter says that it came too late" },
  { "grace_timeout", "its adapter did not come back in time" },
  { "plugin_exit", "its process ended" },
  { "explicit_unregister", "its adapter unregistered it" },
  { "superseded", "another broker has taken over the account" },
};

const char *
rb_outcome_describe (const char *outcome)
{
  for (gsize i = 0; i < G_N_ELEMENTS (outcomes); i++)
    if (g_strcmp0 (outcomes[i].outcome, outcome) == 0)
      return outcomes[i].text;
  return NULL;
}

void
rb_story_put_ended (RbStory    *self,
                    const char *how,
                    const char *why,
                    gint64      at)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  rb_dict_put_text (&dict, "how", how);
  rb_dict_put_text (&dict, "why", why != NULL ? why : rb_outcome_describe (how));
  rb_dict_put_time (&dict, "at", at);
  g_variant_dict_insert_value (&self->dict, "ended", g_variant_dict_end (&dict));
}
