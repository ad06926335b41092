/* rb-mcp-field.h: members of an object as rows of a table: its schema, and what is wrong with one that came (no effects)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-json.h"
#include "rb-json-writer.h"

G_BEGIN_DECLS

typedef enum {
  RB_MCP_STRING,
  RB_MCP_INTEGER,
  RB_MCP_BOOLEAN,
  RB_MCP_OBJECT,
  RB_MCP_ARRAY,       /* of objects */
} RbMcpType;

typedef struct {
  const char        *name;
  RbMcpType          type;
  gboolean           is_required;
  const char        *text;       /* for the model that fills it in, or reads it */
  const char *const *values;     /* (nullable) of a string: there are no others */
  gint64             least;      /* of an integer, where @most is above it; of a string its fewest bytes */
  gint64             most;
} RbMcpField;

/* Tables end with a NULL name. @is_closed: others are refused. */
void      rb_mcp_fields_write_schema (const RbMcpField *fields,
                                      gboolean          is_closed,
                                      const char       *name,
                                      RbJsonWriter     *writer);
/* Fails with RB_ERROR_INVALID "invalid_arguments", in words for a model. @arguments: an object */
gboolean  rb_mcp_fields_check        (const RbMcpField *fields,
                                      const RbJson     *arguments,
                                      GError          **error);

G_END_DECLS
