/* rb-http-route.h: the routes of the upstream API: where each is, and what its answers mean
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-event.h"
#include "rb-http-answer.h"
#include "rb-upstream.h"

G_BEGIN_DECLS

/* Pure: tables of protocol.md section 14. */

typedef enum {
  RB_HTTP_BODY_NONE,
  RB_HTTP_BODY_MEMBERS,    /* the arguments; without the endpoint id where the path has it */
} RbHttpBody;

typedef enum {
  RB_HTTP_SUCCESS_2XX,
  RB_HTTP_SUCCESS_200,
  RB_HTTP_SUCCESS_200_201,
  RB_HTTP_SUCCESS_204,
} RbHttpSuccess;

/* What a failure says of itself. */
typedef enum {
  RB_HTTP_TEXT_JOINED,     /* `error` and `message` joined by ": " (14.2) */
  RB_HTTP_TEXT_APART,      /* `error` is the code, `message` the text (14.12) */
  RB_HTTP_TEXT_NAMED,      /* the same, with the route's default code and the status text where they are missing */
  RB_HTTP_TEXT_WHOAMI,     /* 14.3 */
} RbHttpText;

typedef struct {
  const char    *method;
  const char    *path;           /* "%s": the endpoint id */
  RbHttpBody     body;
  const char    *type;           /* sent as `type`, with `version` 1; NULL: neither */
  gboolean       is_list;        /* has the longer time limit */
  RbHttpSuccess  success;
  gboolean       may_be_missing; /* 404 is an answer too (14.5, 14.7) */
  const guint16 *terminal;       /* ends with 0; NULL: from 400 to 499, but 408 and 429; of whoami also what is below (3.4) */
  RbHttpText     text;
  const char    *default_code;   /* of RB_HTTP_TEXT_NAMED */
  guint          malformed_status;   /* of a success that makes no sense; 0: the one it came with */
  const char    *malformed_code;     /* may be NULL */
  const char    *malformed_text;
} RbHttpRoute;

const RbHttpRoute *rb_http_route_of_call   (RbUpstreamCall call);
const RbHttpRoute *rb_http_route_of_event  (RbEventKind kind);

gboolean           rb_http_route_succeeded (const RbHttpRoute *self, guint status);
/* (transfer full): RB_ERROR_REJECTED or RB_ERROR_UNAVAILABLE, with the details of rb-upstream.h and rb-emitter.h */
GError            *rb_http_route_refusal   (const RbHttpRoute *self, const RbHttpAnswer *answer);
GError            *rb_http_route_malformed (const RbHttpRoute *self, const RbHttpAnswer *answer);
/* (transfer full): of a success whose body did not arrive */
GError            *rb_http_route_broken    (const RbHttpRoute *self, const RbHttpAnswer *answer);

G_END_DECLS
