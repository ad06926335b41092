/* rb-export-lines.h: one thing, as a line of an export
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"
#include "rb-letter.h"

G_BEGIN_DECLS

/* What is to be written, and what has to be read for it. */
typedef struct {
  char         *key;         /* its place in its section */
  gint64        at;          /* epoch-ms, for "since" and "until" */
  GVariantDict *dict;        /* its members so far */
  char         *ladder_of;   /* (nullable) id of the ladder that belongs to it */
  gint64        text_n;      /* number of its text in the archive; 0: none */
} RbExportLine;

void          rb_export_line_free     (RbExportLine *self);

/* Keys are compared as texts. */
char         *rb_export_key_of_number (gint64 number);
char         *rb_export_key_of_reply  (const RbReplyRecord *record);

RbExportLine *rb_export_line_header   (RbCore *core);
RbExportLine *rb_export_line_endpoint (const RbEndpoint *endpoint);
/* Without its content. */
RbExportLine *rb_export_line_message  (const RbMessage *message);
RbExportLine *rb_export_line_assignment (const RbAssignment *assignment);
RbExportLine *rb_export_line_reply    (const RbReplyRecord *record, gint64 ttl_ms);
RbExportLine *rb_export_line_event    (const RbLetter *letter);
RbExportLine *rb_export_line_archived (GVariant *row, gboolean has_content);

G_END_DECLS
