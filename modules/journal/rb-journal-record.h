/* rb-journal-record.h: what of an event may be written down
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-api.h"

G_BEGIN_DECLS

/* Pure. Events carry what an upstream needs, tokens and a preview of the content among it; a log gets only the members listed here. */

/* {"ts":...,"account":...,"event":...,"subject":..., members} and a line feed. Fails with RB_ERROR_INVALID when the payload is not a
 * JSON object. */
char      *rb_journal_record_line   (const RbEvent *event, const char *account_id, gint64 epoch_ms, GError **error);
/* (element-type utf8): names and values in turn, for the journal: MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, RB_ACCOUNT, RB_EVENT,
 * RB_SUBJECT and the members as RB_<NAME>. */
GPtrArray *rb_journal_record_fields (const RbEvent *event, const char *account_id, GError **error);

G_END_DECLS
