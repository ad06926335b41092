/* rb-mcp-program.h: the built runtime-broker-mcp, driven as a host drives it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "rb-json.h"

G_BEGIN_DECLS

/* Everything turns the default main context, with deadlines. */
typedef struct _RbMcpProgram RbMcpProgram;

/* The program beside the tests, with arguments (NULL-terminated). */
RbMcpProgram *rb_mcp_program_new        (const char   *first,
                                         ...) G_GNUC_NULL_TERMINATED;
/* Closes its input and requires that it ends well, if it has not ended before. */
void          rb_mcp_program_free       (RbMcpProgram *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbMcpProgram, rb_mcp_program_free)

/* Any line. */
void          rb_mcp_program_say        (RbMcpProgram *self,
                                         const char   *line);
/* initialize with that version, and initialized; the answer. @client: its name */
RbJson       *rb_mcp_program_greet      (RbMcpProgram *self,
                                         const char   *version,
                                         const char   *client);
/* Asks without waiting; the id. @params: (nullable): JSON text */
int           rb_mcp_program_begin      (RbMcpProgram *self,
                                         const char   *method,
                                         const char   *params);
/* The answer to that id: the whole frame. */
RbJson       *rb_mcp_program_wait       (RbMcpProgram *self,
                                         int           id);
RbJson       *rb_mcp_program_ask        (RbMcpProgram *self,
                                         const char   *method,
                                         const char   *params);
/* The next answer to no request with a number. */
RbJson       *rb_mcp_program_next       (RbMcpProgram *self);
/* The next of that method, however many others came before; they are gone. */
RbJson       *rb_mcp_program_notified   (RbMcpProgram *self,
                                         const char   *method);
/* One of that method came, and nobody took it. */
gboolean      rb_mcp_program_was_notified (RbMcpProgram *self,
                                           const char   *method);
gboolean      rb_mcp_program_has        (RbMcpProgram *self,
                                         int           id);

/* What a tool said: its object; fails the test when it was an error. @arguments: printf of JSON text */
RbJson       *rb_mcp_program_call       (RbMcpProgram *self,
                                         const char   *tool,
                                         const char   *arguments,
                                         ...) G_GNUC_PRINTF (3, 4);
int           rb_mcp_program_begin_call (RbMcpProgram *self,
                                         const char   *tool,
                                         const char   *arguments,
                                         ...) G_GNUC_PRINTF (3, 4);
RbJson       *rb_mcp_program_wait_call  (RbMcpProgram *self,
                                         int           id);
/* The code of the error that the tool said. */
char         *rb_mcp_program_refused    (RbMcpProgram *self,
                                         const char   *tool,
                                         const char   *arguments,
                                         ...) G_GNUC_PRINTF (3, 4);
/* The code of the protocol's error. */
int           rb_mcp_program_code       (const RbJson *frame);

void          rb_mcp_program_close      (RbMcpProgram *self);
/* Its exit code, or minus the number of the signal. */
int           rb_mcp_program_end        (RbMcpProgram *self);
void          rb_mcp_program_signal     (RbMcpProgram *self,
                                         int           number);
void          rb_mcp_program_kill       (RbMcpProgram *self);

G_END_DECLS
