/* rb-tables.c: what the core keeps: tables, their columns and their keys
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-tables.h"

/* Numbers of states and places are stored as words, so that a person can read the database. Times are epoch-ms. */
static const RbTableInfo tables[RB_N_TABLES] = {
  [RB_TABLE_META] = { "meta", "(ss)", 1, "name value" },
  [RB_TABLE_MESSAGES] = { "messages", "(smssssxsms)", 1, "id source_id content metadata content_type arrived_at sender network" },
  [RB_TABLE_PLACES] = { "places", "(ssmsxmsmsx)", 1, "message_id place endpoint_id position reason correlation_id since" },
  [RB_TABLE_ENDPOINTS] = { "endpoints", "(sssxxssxmxxs)", 1,
                           "id owner_token nonce plugin_pid pid_start agent_id state state_since grace_deadline position traits" },
  [RB_TABLE_CORRELATIONS] = { "correlations", "(sssx)", 3, "endpoint_id direction correlation_id at" },
  [RB_TABLE_ASSIGNMENTS] = { "assignments", "(ssssssmsmsmsxxmxb)", 2,
                             "source_message_id assignment_id endpoint_id state target undispatched_id token reply_correlation_id "
                             "original_trace_id assigned_at last_sequence deadline is_staged" },
  [RB_TABLE_REPLIES] = { "replies", "(ssssxssxmsms)", 3,
                         "source_message_id assignment_id reply_request_id endpoint_id plugin_pid fingerprint wire_message_id "
                         "expires_at result outcome_unknown" },
  [RB_TABLE_CHECKPOINTS] = { "checkpoints", "(sxsxmsmsms)", 2, "message_id n step at endpoint_id detail rule" },
  [RB_TABLE_OUTBOX] = { "outbox", "(xsssxsmsmx)", 1, "position kind subject payload created_at state reason status" },
  [RB_TABLE_CONTROL_KEYS] = { "control_keys", "(xs)", 1, "n idempotency_key" },
  [RB_TABLE_ARCHIVE] = { "archive", "(xsssmsmsmsmsxxsx)", 1,
                         "n kind id name endpoint_id correlation_id source_id detail begun_at ended_at outcome size_bytes" },
  [RB_TABLE_ARCHIVE_TEXT] = { "archive_text", "(xs)", 1, "n text" },
  [RB_TABLE_POLICY_RULES] = { "policy_rules", "(xsssssxs)", 1, "n what sender kind action note created_at made_by" },
  [RB_TABLE_KNOWN_SENDERS] = { "known_senders", "(sx)", 1, "address since" },
  [RB_TABLE_SPAWNS] = { "spawns", "(ssssmsxxmxmxmxmxmxmsmsmsmsmsms)", 1,
                        "id kind origin state prompt asked_at since deadline started_at ended_at pid pid_start unit log_file directory "
                        "endpoint_id detail rule" },
};

const RbTableInfo *
rb_table_get_info (RbTable table)
{
  g_return_val_if_fail (table < RB_N_TABLES, NULL);
  return &tables[table];
}
