/* rb-admission.h: may a message that arrives come in?
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-claimed.h"
#include "rb-core-private.h"

G_BEGIN_DECLS

/* A rule of the policy says so; then the guard against loops, the quota of strangers and the line of its conversation have their say. */

typedef enum {
  RB_ADMISSION_LET_IN,
  RB_ADMISSION_HOLD,         /* until a person says what becomes of it */
  RB_ADMISSION_TURN_AWAY,    /* it ends here */
} RbAdmissionWay;

typedef struct {
  RbAdmissionWay  way;
  const char     *reason;    /* HOLD: RB_REASON_HELD...; else NULL */
  const char     *rule;      /* of rb-rule.h; NULL: let in */
  char           *detail;    /* for people; owned */
} RbAdmission;

void      rb_admission_clear     (RbAdmission *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RbAdmission, rb_admission_clear)

/* Counts the message, until it is said to be refused for now: then it comes again, and is asked about again. */
RbAdmission rb_admission_decide  (RbCore *core, RbMessage *message);
void        rb_admission_refused (RbCore *core, RbMessage *message);
/* The rule that would decide on it now; NULL: none fits. Borrowed, until the rules change. */
const RbPolicyRule *rb_admission_find_rule (RbCore *core, const RbMessage *message);

/* Somebody here claims it: what is not let in when it comes may not be fetched either. What is in our inbox was let in; of what only the upstream
 * has nothing but the rules decide: it stays there, for we cannot hold what we do not have. */
gboolean  rb_admission_may_claim (RbCore *core, const RbClaimed *claimed);
/* Whether to ask for it at all, while only its sender is known; a rule for some kinds decides when the kind is known. @sender: (nullable) */
gboolean  rb_admission_is_worth_claiming (RbCore *core, const char *sender);
/* Whether adapters may see it in a list. @sender: (nullable) */
gboolean  rb_admission_may_list  (RbCore *core, const char *undispatched_id, const char *source_id, const char *sender);

/* A person took part in the conversation of @message. */
void      rb_admission_person    (RbCore *core, const RbMessage *message);
/* Both are between the same endpoint and address, so that what was said of one counts for the other. */
gboolean  rb_admission_is_same_talk (RbCore *core, const RbMessage *message, const RbMessage *other);
/* It was so long ago, in an earlier process. @takes_quota: it was let in, or its line was in its way */
void      rb_admission_recall    (RbCore *core, const RbLoopTurn *turn, gboolean takes_quota, gint64 age_ms);
/* Conversations that are held as a loop are open still. */
void      rb_admission_recall_held (RbCore *core);
/* An endpoint here has sent something. Texts may be NULL. */
void      rb_admission_sent      (RbCore *core, const char *to, const char *endpoint_id, const char *correlation_id, RbChanges *changes);

G_END_DECLS
