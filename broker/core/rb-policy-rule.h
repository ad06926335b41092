/* rb-policy-rule.h: one rule of the policy: for whom it is, and what it says
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  RB_POLICY_MESSAGE,      /* a message that arrives */
  RB_POLICY_SPAWN,        /* the network wants a runtime started here */
  RB_N_POLICY_WHATS,
} RbPolicyWhat;

typedef enum {
  RB_POLICY_ACCEPT,       /* messages */
  RB_POLICY_HOLD,
  RB_POLICY_REFUSE,
  RB_POLICY_ALLOW,        /* spawns */
  RB_POLICY_ASK,
  RB_POLICY_DENY,
} RbPolicyAction;

/* Words of the column `made_by`. */
#define RB_POLICY_BY_PERSON "person"
#define RB_POLICY_BY_ANSWER "answer"      /* a person answered one question, and asked us to remember the answer */

/* Patterns are texts in which `*` stands for any characters, also none; nothing else is special, and case counts. */
typedef struct {
  gint64          n;              /* its number, for as long as there are rules */
  RbPolicyWhat    what;
  char           *sender;         /* pattern of the address that a message comes from, or on whose word a runtime is to start */
  char           *kind;           /* "*", or: of messages one of "targeted", "correlated", "unaddressed", "type:PATTERN" of the content type;
                                     of spawns a pattern of the runtime's kind */
  RbPolicyAction  action;
  char           *note;           /* "" when there is none */
  gint64          created_at;     /* epoch-ms */
  char           *made_by;        /* RB_POLICY_BY_... */

  gint64          last_used_at;   /* epoch-ms; 0: not since this process began */
  guint64         hits;           /* likewise */
} RbPolicyRule;

/* What is asked about. Texts may be NULL where it says so. */
typedef struct {
  const char *sender;
  const char *content_type;
  gboolean    is_targeted;        /* it names an endpoint */
  gboolean    is_correlated;      /* it answers a conversation that an endpoint here has begun */
  gboolean    is_of_any_kind;     /* nobody knows yet of which: rules for any fit */
} RbPolicyMessage;

typedef struct {
  const char *sender;             /* NULL: the network does not say on whose word; only a rule for `*` fits */
  const char *kind;               /* of the runtime */
} RbPolicySpawn;

/* Checks what a person typed. @note: (nullable). Fails with %RB_ERROR_INVALID, `bad_rule`. */
RbPolicyRule *rb_policy_rule_new        (RbPolicyWhat what, const char *sender, const char *kind, const char *action, const char *note,
                                         GError **error);
void          rb_policy_rule_free       (RbPolicyRule *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbPolicyRule, rb_policy_rule_free)

/* Whether a person may write that. @note: (nullable) */
gboolean      rb_policy_rule_check_note (const char *note, GError **error);

GVariant     *rb_policy_rule_to_row     (const RbPolicyRule *self);
RbPolicyRule *rb_policy_rule_from_row   (GVariant *row, GError **error);

gboolean      rb_policy_rule_fits_message (const RbPolicyRule *self, const RbPolicyMessage *message);
gboolean      rb_policy_rule_fits_spawn   (const RbPolicyRule *self, const RbPolicySpawn *spawn);
/* Whether its sender is an address or a pattern of some: not everybody. */
gboolean      rb_policy_rule_names      (const RbPolicyRule *self, const char *sender);
/* Below 0: @a goes before @b. The order is that of README.md: the sender decides, then the kind, then the stricter one, then the older one. */
int           rb_policy_rule_compare    (const RbPolicyRule *a, const RbPolicyRule *b);
/* "rule 3: hold messages from *@example (note)" */
char         *rb_policy_rule_describe   (const RbPolicyRule *self);

const char   *rb_policy_what_to_string   (RbPolicyWhat what);
gboolean      rb_policy_what_from_string (const char *text, RbPolicyWhat *what);
const char   *rb_policy_action_to_string (RbPolicyAction action);
gboolean      rb_policy_action_from_string (const char *text, RbPolicyWhat what, RbPolicyAction *action);

G_END_DECLS
