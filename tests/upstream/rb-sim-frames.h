/* rb-sim-frames.h: the frames that the gateway says
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "rb-sim-record.h"
#include "rb-sim-script.h"

G_BEGIN_DECLS

/* MESSAGE_RECEIVED without a number. @id is nullable; @metadata is JSON text, NULL: {}. */
JsonObject *rb_sim_frame_message        (const char            *id,
                                         const char            *from,
                                         const char            *content,
                                         const char            *metadata);
/* @status NULL: without one. */
JsonObject *rb_sim_frame_send_ack       (JsonObject            *sent,
                                         const char            *status);
JsonObject *rb_sim_frame_error          (JsonObject            *sent,
                                         const RbSimSendAnswer *answer);
/* The metadata with which a peer that answers everything answers what has @sent (nullable). */
char       *rb_sim_frame_reply_metadata (JsonObject            *sent);
/* Objects to what a REGISTER, a SEND_MESSAGE lacks. */
void        rb_sim_frame_check_register (JsonObject            *sent,
                                         RbSimRecord           *record);
void        rb_sim_frame_check_sent     (JsonObject            *sent,
                                         RbSimRecord           *record);

G_END_DECLS
