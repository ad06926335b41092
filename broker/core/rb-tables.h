/* rb-tables.h: what the core keeps: tables, their columns and their keys
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A row is a GVariant tuple of the table's type, columns in order, key columns first. Column types: s, x, b and their
 * nullable forms ms, mx. JSON texts are s. GVariants are immutable and counted atomically, so rows may cross threads. */
typedef enum {
  RB_TABLE_META,          /* named values of the account */
  RB_TABLE_MESSAGES,      /* what arrived, never changed */
  RB_TABLE_PLACES,        /* where each message is now: exactly one row for each */
  RB_TABLE_ENDPOINTS,
  RB_TABLE_CORRELATIONS,  /* sent ("ring") and received, for routing and replies */
  RB_TABLE_ASSIGNMENTS,
  RB_TABLE_REPLIES,       /* reply records, protocol.md 11.8 */
  RB_TABLE_CHECKPOINTS,   /* the ladder of each message, for explain */
  RB_TABLE_OUTBOX,        /* what the authority is still to hear, and what it refused */
  RB_TABLE_CONTROL_KEYS,  /* control events that were carried out, protocol.md 15.5 */
  RB_TABLE_ARCHIVE,       /* what is over: messages, in and out, and endpoints, for as long as they are kept */
  RB_TABLE_ARCHIVE_TEXT,  /* what was said in those messages, to be searched */
  RB_TABLE_POLICY_RULES,  /* what a person wants done with messages and spawns */
  RB_TABLE_KNOWN_SENDERS, /* addresses that are no strangers */
  RB_TABLE_SPAWNS,        /* runtimes that were asked for: that wait for a person, that run, and the last that ended */
  RB_N_TABLES,
} RbTable;

typedef struct {
  const char *name;
  const char *type;       /* GVariant tuple type, for example "(sssxms)" */
  guint       n_key;      /* leading columns that are the primary key */
  const char *columns;    /* names, separated by one space */
} RbTableInfo;

const RbTableInfo *rb_table_get_info (RbTable table);

G_END_DECLS
