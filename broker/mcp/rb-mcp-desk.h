/* rb-mcp-desk.h: the messages of this session: what the host has not seen yet, what it works on, what it is done with (no effects)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client-message-private.h"
#include "rb-json-writer.h"

G_BEGIN_DECLS

/* At the limit nothing more is taken; the broker keeps it. */
#define RB_MCP_MESSAGES_MAX 256
/* What is done with is remembered, to tell repetitions from news; the oldest is forgotten. */
#define RB_MCP_ENDED_MAX 64
/* Ids that went back to the inbox, to be looked for there; the oldest is forgotten. */
#define RB_MCP_LAPSED_MAX 256
/* An assignment that is not accepted goes back to the inbox after 30 s (ACCEPTANCE_TIMEOUT): before, it is no longer given to the host. */
#define RB_MCP_FRESH_MS 25000
/* What the host has seen and did not accept is surely gone by then. */
#define RB_MCP_SEEN_MS 60000

/* How an answer to us ends, which may still be replied to. */
#define RB_MCP_GIVEN "it was given to the host"

typedef enum {
  RB_MCP_OFFERED,     /* the host has not seen it */
  RB_MCP_HANDING,     /* an answer that shows it is being written */
  RB_MCP_HANDED,      /* the host has it; an assignment waits to be accepted */
  RB_MCP_ACCEPTED,    /* it is ours to answer, and nobody else's */
  RB_MCP_ENDED,       /* answered, failed, given back, settled, lost; an answer to us, once the host has it */
} RbMcpPlace;

typedef struct {
  char            *id;            /* what a model calls it */
  RbClientMessage *message;
  RbMcpPlace       place;
  gint64           since_us;      /* since it came, or was claimed */
  gboolean         is_received;   /* direct: the broker was told that we have it */
  gboolean         is_asked_for;  /* an assignment: the broker was asked to accept it, and says whether it is too late */
  gboolean         is_accepted;   /* and knows that it is ours */
  gboolean         is_disowned;   /* while it is handed over: the host does not look at that answer */
  GBytes          *call_id;       /* (nullable) of the request that was answered with it */
  const char      *how;           /* (nullable) static: how it ended */
} RbMcpEntry;

typedef struct _RbMcpDesk RbMcpDesk;

RbMcpDesk  *rb_mcp_desk_new          (void);
void        rb_mcp_desk_free         (RbMcpDesk             *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbMcpDesk, rb_mcp_desk_free)

/* The same message, or the same assignment of it, came before. Entries live until they are forgotten: whatever ends or expires one may forget
 * another. */
RbMcpEntry *rb_mcp_desk_find         (RbMcpDesk             *self,
                                      RbClientMessage       *message);
/* NULL: no room. */
RbMcpEntry *rb_mcp_desk_add          (RbMcpDesk             *self,
                                      RbClientMessage       *message,
                                      gint64                 now_us);
/* The newest of that id, or of ids that begin so. Fails with RB_ERROR_NOT_FOUND "not_at_hand", RB_ERROR_INVALID "ambiguous_message". */
RbMcpEntry *rb_mcp_desk_lookup       (RbMcpDesk             *self,
                                      const char            *id,
                                      GError               **error);
/* @correlation_id, @in_reply_to: (nullable): with one of them, only what answers that. The oldest that is offered, or NULL. */
RbMcpEntry *rb_mcp_desk_next         (RbMcpDesk             *self,
                                      const char            *correlation_id,
                                      const char            *in_reply_to);
RbMcpEntry *rb_mcp_desk_of_call      (RbMcpDesk             *self,
                                      GBytes                *call_id);
void        rb_mcp_desk_end          (RbMcpDesk             *self,
                                      RbMcpEntry            *entry,
                                      const char            *how);
/* The host may not have seen it: it is offered again. */
void        rb_mcp_desk_reopen       (RbMcpDesk             *self,
                                      RbMcpEntry            *entry);
/* What nobody accepted in time is the broker's again; its id lapses. */
void        rb_mcp_desk_expire       (RbMcpDesk             *self,
                                      gint64                 now_us);
void        rb_mcp_desk_lapse        (RbMcpDesk             *self,
                                      RbMcpEntry            *entry);
/* The oldest lapsed id, or NULL. */
char       *rb_mcp_desk_steal_lapsed (RbMcpDesk             *self);
guint       rb_mcp_desk_count        (RbMcpDesk             *self,
                                      RbMcpPlace             place);
/* Work that the host has seen, or the broker knows as ours, and that has not ended. Of RbMcpEntry, borrowed. */
GPtrArray  *rb_mcp_desk_list_ours (RbMcpDesk            *self);
/* @place: of those, oldest first; of RbMcpEntry, borrowed */
GPtrArray  *rb_mcp_desk_list         (RbMcpDesk             *self,
                                      RbMcpPlace             place);

/* As a tool shows it. @is_being_accepted: the broker is asked as soon as the host has it. @name: (nullable) */
void        rb_mcp_entry_write       (const RbMcpEntry      *self,
                                      gboolean               is_being_accepted,
                                      const char            *name,
                                      RbJsonWriter          *writer);

G_END_DECLS
