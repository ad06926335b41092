/* rb-sim-api.h: the plain answers of the API
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-sim-endpoints.h"
#include "rb-sim-record.h"
#include "rb-sim-work.h"

G_BEGIN_DECLS

typedef struct {
  guint  status;
  char  *body;          /* (nullable) JSON */
} RbSimAnswer;
void rb_sim_answer_clear (RbSimAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RbSimAnswer, rb_sim_answer_clear)

typedef struct _RbSimApi RbSimApi;

RbSimApi   *rb_sim_api_new             (RbSimRecord    *record,
                                        RbSimEndpoints *endpoints,
                                        RbSimWork      *work);
void        rb_sim_api_free            (RbSimApi       *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbSimApi, rb_sim_api_free)
void        rb_sim_api_reset           (RbSimApi       *self);

/* Does the work of a request and says what is answered. @request is "METHOD /path", @body may be "". */
void        rb_sim_api_answer          (RbSimApi       *self,
                                        const char     *request,
                                        const char     *body,
                                        RbSimAnswer    *answer);

void        rb_sim_api_set_legacy      (RbSimApi       *self,
                                        gboolean        is_legacy);
void        rb_sim_api_set_capability  (RbSimApi       *self,
                                        const char     *name,
                                        const char     *json);
void        rb_sim_api_set_whoami      (RbSimApi       *self,
                                        const char     *name,
                                        const char     *json);
void        rb_sim_api_set_registration (RbSimApi      *self,
                                        const char     *name,
                                        const char     *json);
void        rb_sim_api_set_route_claim (RbSimApi       *self,
                                        const char     *source_message_id,
                                        const char     *action);
void        rb_sim_api_add_history     (RbSimApi       *self,
                                        const char     *conversation_id,
                                        const char     *item);
const char *rb_sim_api_get_node_id     (RbSimApi       *self);

G_END_DECLS
