/* rb-rule.c: by which rule a message came where it is
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-rule.h"

static const struct {
  const char *rule;
  const char *text;
} rules[] = {
  { RB_RULE_TARGET, "it names the endpoint as its target" },
  { RB_RULE_CORRELATION, "it answers a conversation that the endpoint has begun" },
  { RB_RULE_CORRELATION_OLDEST, "it answers a conversation of several endpoints; the one that registered first gets it" },
  { RB_RULE_SUCCESSOR, "the same session registered again and took over what waited for its predecessor" },
  { RB_RULE_UNMATCHED, "it names no endpoint that is here and answers no conversation of one" },
  { RB_RULE_CLOSED, "the endpoint that it names was here once and is closed" },
  { RB_RULE_BACKGROUND, "the endpoint that it is for works in the background and takes no new conversation by itself" },
  { RB_RULE_CONTINUATION, "it continues a conversation of an endpoint that takes nothing in the foreground" },
  { RB_RULE_DECLINED, "the upstream could not be asked whether the endpoint may have it" },
  { RB_RULE_ADOPTED, "it was found in the files of another broker" },
  { RB_RULE_OPERATOR, "a person dispatched it" },
  { RB_RULE_ADAPTER, "an adapter dispatched it" },
  { RB_RULE_UPSTREAM, "the upstream ordered its dispatch" },
  { RB_RULE_CLAIM, "the endpoint claimed it" },
  { RB_RULE_STAGED, "the endpoint fetched it; it was claimed for it in advance" },
  { RB_RULE_RESTORED, "its assignment was taken back before it was accepted" },
  { RB_RULE_RETURNED, "the endpoint that it waited for is gone" },
  { RB_RULE_RELEASED, "a claim of it came to nothing" },
  { RB_RULE_UNDELIVERED, "the endpoint declared it handled before the network delivered it" },
  { RB_RULE_POLICY, "a rule of the policy says so" },
  { RB_RULE_QUOTA, "its sender is a stranger and has sent as much as strangers may in an hour" },
  { RB_RULE_LOOP, "its conversation goes back and forth with no person in it" },
  { RB_RULE_BEHIND, "an earlier message of its conversation is held" },
  { RB_RULE_ADMITTED, "a person let it in" },
  { RB_RULE_IN_LINE, "what it waited behind is gone" },
  { RB_RULE_TURNED_AWAY, "a person refused it" },
};

const char *
rb_rule_describe (const char *rule)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rules); i++)
    if (g_strcmp0 (rules[i].rule, rule) == 0)
      return rules[i].text;
  return rule;
}
