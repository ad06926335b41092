/* rb-mcp-call.h: one request of the host, until it is answered
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "rb-mcp-rpc.h"
#include "rb-mcp-stdio.h"

G_BEGIN_DECLS

typedef struct _RbMcpCall RbMcpCall;

/* Puts the answer on its way. @call is over. */
typedef void (*RbMcpAnswerFunc) (RbMcpCall *call, GBytes *frame, RbMcpWrittenFunc written, gpointer written_data, gpointer user_data);
/* Says something that is no answer. */
typedef void (*RbMcpNotifyFunc) (const char *method, GBytes *params, gpointer user_data);

/* @user_data outlives the call, or the call was ended before. @params: (nullable) */
RbMcpCall    *rb_mcp_call_new             (GBytes           *id,
                                           RbJson           *params,
                                           RbMcpAnswerFunc   answer,
                                           RbMcpNotifyFunc   notify,
                                           gpointer          user_data);
RbMcpCall    *rb_mcp_call_ref             (RbMcpCall        *self);
/* The last one answers by itself, if nobody did: nothing is asked in vain. */
void          rb_mcp_call_unref           (RbMcpCall        *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbMcpCall, rb_mcp_call_unref)

GBytes       *rb_mcp_call_get_id          (RbMcpCall        *self);
/* (nullable) */
RbJson       *rb_mcp_call_get_params      (RbMcpCall        *self);
GCancellable *rb_mcp_call_get_cancellable (RbMcpCall        *self);
/* Answered or ended: what is returned now reaches nobody. */
gboolean      rb_mcp_call_is_over         (RbMcpCall        *self);
gboolean      rb_mcp_call_wants_progress  (RbMcpCall        *self);

/* @written: (nullable): called once, in any case, when it is known whether the host's pipe has it. */
void          rb_mcp_call_return          (RbMcpCall        *self,
                                           GBytes           *result,
                                           RbMcpWrittenFunc  written,
                                           gpointer          user_data);
void          rb_mcp_call_fail            (RbMcpCall        *self,
                                           RbMcpCode         code,
                                           const char       *text);
/* Only what is more than before may be told. @total 0: not known. Does nothing when the host did not ask for it. */
void          rb_mcp_call_note_progress   (RbMcpCall        *self,
                                           double            progress,
                                           double            total,
                                           const char       *text);
/* The host does not want the answer any more: there is none. */
void          rb_mcp_call_end             (RbMcpCall        *self);

G_END_DECLS
