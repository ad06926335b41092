/* rb-settle-early.c: a message is declared handled before the network has delivered it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-settle-early.h"

#include "rb-log.h"
#include "rb-past.h"
#include "rb-rule.h"

/* Of what was staged the claim tells all; of what an adapter knows from elsewhere, such as a list of the upstream, there is the id alone. */
static RbEnvelope *
dup_envelope (const RbStagedItem *item)
{
  g_autoptr(GBytes) nothing = g_bytes_new_static ("\"\"", 2);

  return item != NULL ? rb_envelope_ref (item->claimed->envelope) : rb_envelope_new (NULL, "", NULL, nothing, NULL, NULL);
}

static RbMessage *
make_message (RbCore             *core,
              const char         *undispatched_id,
              const RbStagedItem *item)
{
  g_autoptr(RbEnvelope) envelope = dup_envelope (item);
  RbTraceVerdict unused;
  RbMessage *message;
  guint8 random[24];

  core->random (random, sizeof random, core->random_data);
  message = rb_message_new (envelope, undispatched_id, item != NULL ? item->staged_at : rb_core_now (core), random, &unused);
  message->position = core->next_position++;
  return message;
}

/* What it was here before, if it was, is another story. */
static void
put_ladder (RbCore             *core,
            RbMessage          *message,
            const RbStagedItem *item,
            const char         *how,
            RbChanges          *changes)
{
  rb_changes_delete (changes, RB_TABLE_CHECKPOINTS, g_variant_new ("(s)", message->id));
  if (item != NULL)
    rb_message_checkpoint (message, changes, "staged", item->staged_at, item->endpoint_id, item->claimed->assignment_id);
  rb_message_checkpoint_ruled (message, changes, "settled", rb_core_now (core), message->endpoint_id, how, RB_RULE_UNDELIVERED);
}

void
rb_settle_early_end (RbCore     *core,
                     const char *undispatched_id,
                     const char *endpoint_id,
                     const char *how,
                     RbChanges  *changes)
{
  const RbStagedItem *item = rb_staging_find_message (core->staging, undispatched_id);
  g_autoptr(RbMessage) message = NULL;

  if (rb_ledger_lookup (core->ledger, undispatched_id) != NULL ||
      (item == NULL && rb_ledger_has_seen (core->ledger, undispatched_id)))
    return;

  message = make_message (core, undispatched_id, item);
  message->endpoint_id = g_strdup (endpoint_id);
  rb_ledger_add (core->ledger, message);
  put_ladder (core, message, item, how, changes);
  rb_past_message (core, message, how, changes);
  /* Nothing has to wait for it: should it come again, it is a copy. */
  rb_refused_remove (core->refused, undispatched_id);
  rb_log_info ("settled_before_delivery", "undispatched_id", undispatched_id, "endpoint_id", endpoint_id, NULL);
}
