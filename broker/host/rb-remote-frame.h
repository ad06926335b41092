/* rb-remote-frame.h: what the broker and the process of an isolated module say to one another
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-api.h"

G_BEGIN_DECLS

/* A frame is its length (4 bytes, of what follows), its type (1 byte) and its fields, as the table in rb-remote-frame.c says: numbers of
 * 8 bytes in the order of this machine, texts and data with their length before them. Both ends are one build on one machine, so there are
 * no versions. Pure: no descriptor, no allocation on the way in. */
typedef enum {
  RB_REMOTE_OPEN,          /* to the process: the module's file */
  RB_REMOTE_CONFIGURE,
  RB_REMOTE_START,
  RB_REMOTE_STOP,
  RB_REMOTE_WINDOW,        /* messages, bytes */
  RB_REMOTE_ACCEPT,        /* seq */
  RB_REMOTE_RELEASE,       /* seq */
  RB_REMOTE_SEND,          /* id, envelope */
  RB_REMOTE_CANCEL,        /* id; 0: the start */
  RB_REMOTE_PING,          /* number */
  RB_REMOTE_OPENED,        /* from the process: what the module says of itself */
  RB_REMOTE_CONFIGURED,
  RB_REMOTE_STARTED,
  RB_REMOTE_STOPPED,
  RB_REMOTE_FAILED,        /* one of the first four: the outcome */
  RB_REMOTE_SENT,          /* id, status, message id */
  RB_REMOTE_NOT_SENT,      /* id, the outcome */
  RB_REMOTE_DELIVERY,      /* seq, envelope */
  RB_REMOTE_CONNECTED,
  RB_REMOTE_DISCONNECTED,  /* reason */
  RB_REMOTE_SUPERSEDED,
  RB_REMOTE_INCOMPATIBLE,  /* reason */
  RB_REMOTE_ADDRESS,       /* address */
  RB_REMOTE_LOG,           /* level, fields */
  RB_REMOTE_BOUNDS,        /* what of the module's limits has changed */
  RB_REMOTE_PONG,          /* number */
  RB_REMOTE_N_TYPES,
} RbRemoteType;

/* Who says it. */
typedef enum { RB_REMOTE_BROKER, RB_REMOTE_MODULE } RbRemoteSide;

#define RB_REMOTE_MAX_FRAME (128 * 1024 * 1024)   /* above the largest message that a connector of ours takes */
#define RB_REMOTE_HEADER_BYTES 4

typedef struct {
  const guint8 *data;
  gsize         size;
} RbRemoteData;

/* What a type does not have is 0 or NULL. Everything is borrowed: from whoever made the frame, or from the bytes it was read from. */
typedef struct {
  RbRemoteType  type;
  gint64        numbers[2];
  const char   *texts[4];    /* NULL is a value */
  RbRemoteData  data[2];
} RbRemoteFrame;

const char   *rb_remote_type_to_string    (RbRemoteType         type);
void          rb_remote_frame_write       (const RbRemoteFrame *frame,
                                           GByteArray          *out);
/* The whole frame that @bytes begin with: its length with the header; 0: it is not all there. Fails with RB_ERROR_INVALID for one
 * that is too long or empty. */
gboolean      rb_remote_frame_measure     (const guint8        *bytes,
                                           gsize                size,
                                           gsize               *length,
                                           GError             **error);
/* @payload: without the header. Fails with RB_ERROR_INVALID for what is no frame, or is not for @side to say. */
gboolean      rb_remote_frame_read        (RbRemoteFrame       *frame,
                                           RbRemoteSide         side,
                                           const guint8        *payload,
                                           gsize                size,
                                           GError             **error);

G_END_DECLS
