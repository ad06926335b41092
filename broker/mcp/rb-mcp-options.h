/* rb-mcp-options.h: the command line of runtime-broker-mcp
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client-options.h"

G_BEGIN_DECLS

typedef struct {
  char     *name;        /* (nullable) */
  char     *account;     /* (nullable) */
  char     *data_dir;    /* (nullable) */
  gboolean  no_start;
  gboolean  verbose;
  gboolean  version;
} RbMcpOptions;

/* A row of a table of texts: what stands on the left, and what it is. */
typedef struct {
  const char *left;
  const char *right;
} RbMcpText;

gboolean            rb_mcp_options_parse          (RbMcpOptions       *options,
                                                   int                *argc,
                                                   char             ***argv,
                                                   GError            **error);
void                rb_mcp_options_clear          (RbMcpOptions       *options);
RbClientOptions    *rb_mcp_options_make_client    (const RbMcpOptions *options);

/* For help and manual; each ends with an empty row. */
const GOptionEntry *rb_mcp_options_get_entries    (void);
const RbMcpText    *rb_mcp_options_get_examples   (void);
const RbMcpText    *rb_mcp_options_get_exit_codes (void);

G_END_DECLS
