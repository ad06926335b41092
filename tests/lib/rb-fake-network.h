/* rb-fake-network.h: connector, upstream and emitter that record what they were asked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-connector.h"
#include "rb-emitter.h"
#include "rb-upstream.h"

G_BEGIN_DECLS

#define RB_TYPE_FAKE_CONNECTOR (rb_fake_connector_get_type ())
G_DECLARE_FINAL_TYPE (RbFakeConnector, rb_fake_connector, RB, FAKE_CONNECTOR, GObject)

struct _RbFakeConnector {
  GObject    parent_instance;
  GArray    *accepted;        /* gint64 */
  GArray    *released;        /* gint64 */
  GPtrArray *sent;            /* of RbEnvelope, in order */
  GPtrArray *waiting;         /* of GTask: sends that were not answered; empty unless hold */
  gboolean   hold;
  GError    *failure;         /* sends fail with a copy of it; NULL: they succeed, "delivered" */
  guint      window_messages;
  const char *address;        /* NULL: "me@fake" */
};

RbFakeConnector *rb_fake_connector_new     (void);
/* @metadata: JSON object text, or NULL; @content: plain text */
void             rb_fake_connector_deliver (RbFakeConnector *self, gint64 seq, const char *id, const char *from, const char *content,
                                            const char *metadata);
gboolean         rb_fake_connector_has_accepted (RbFakeConnector *self, gint64 seq);
gboolean         rb_fake_connector_has_released (RbFakeConnector *self, gint64 seq);
/* Answers all that wait: with @error (copied), or "delivered". */
void             rb_fake_connector_answer  (RbFakeConnector *self, const GError *error);
/* A string member of the metadata of the i-th sent envelope; NULL when absent. */
char            *rb_fake_connector_sent_metadata (RbFakeConnector *self, guint i, const char *member);

#define RB_TYPE_FAKE_UPSTREAM (rb_fake_upstream_get_type ())
G_DECLARE_FINAL_TYPE (RbFakeUpstream, rb_fake_upstream, RB, FAKE_UPSTREAM, GObject)

/* What a directory with a mind of its own answers: a{sv} (floating), or NULL with @error, or NULL without: as it would anyway. */
typedef GVariant *(*RbFakeRespond) (RbUpstreamCall call, GVariant *arguments, gpointer user_data, GError **error);

struct _RbFakeUpstream {
  GObject             parent_instance;
  RbUpstreamFeatures  features;       /* RB_UPSTREAM_LOCAL_INBOX */
  guint               n_calls[RB_UPSTREAM_N_CALLS];
  GVariant           *arguments[RB_UPSTREAM_N_CALLS];   /* of the last call; NULL before the first */
  guint               n_endpoints;    /* ids are ep_1, ep_2, ... */
  gboolean            hold;
  GPtrArray          *waiting;        /* of GTask */
  GVariant           *answer;         /* a{sv}, for all calls but registration; NULL: empty */
  GError             *failure;
  GVariant           *answers[RB_UPSTREAM_N_CALLS];     /* of one kind of call; before @answer and @failure */
  GError             *failures[RB_UPSTREAM_N_CALLS];    /* likewise, before its answer */
  gboolean            holds[RB_UPSTREAM_N_CALLS];
  RbFakeRespond       respond;        /* asked before all of these, when the call is answered; NULL: there is none */
  gpointer            respond_data;
  double              heartbeat_after_seconds;
  GPtrArray          *acks;           /* of char *: "key status" or "key status detail", for each acknowledged control event */
};

RbFakeUpstream  *rb_fake_upstream_new      (void);
void             rb_fake_upstream_answer   (RbFakeUpstream *self);     /* all that wait */
void             rb_fake_upstream_answer_one (RbFakeUpstream *self, guint i);     /* the i-th of them */
/* Sends a control event; @text is an a{sv} in the text format of GVariant. */
void             rb_fake_upstream_control  (RbFakeUpstream *self, const char *text);
/* Of one kind of call: what it answers from now on. @answer: sunk. */
void             rb_fake_upstream_set_answer  (RbFakeUpstream *self, RbUpstreamCall call, GVariant *answer);
/* @error: taken; NULL: it answers again. */
void             rb_fake_upstream_set_failure (RbFakeUpstream *self, RbUpstreamCall call, GError *error);

#define RB_TYPE_FAKE_EMITTER (rb_fake_emitter_get_type ())
G_DECLARE_FINAL_TYPE (RbFakeEmitter, rb_fake_emitter, RB, FAKE_EMITTER, GObject)

struct _RbFakeEmitter {
  GObject    parent_instance;
  gboolean   is_authority;
  GPtrArray *events;          /* of RbEvent */
  GError    *failure;
  gboolean   hold;
  GPtrArray *waiting;         /* of GTask: events that were not answered; empty unless hold */
  void     (*heard) (RbEvent *event, gpointer user_data);   /* NULL: nobody listens */
  gpointer   heard_data;
};

RbFakeEmitter   *rb_fake_emitter_new       (gboolean is_authority);
/* How many events whose payload contains @text; e.g. "\"state\":\"reply_emitted\"". */
guint            rb_fake_emitter_count     (RbFakeEmitter *self, const char *text);
/* Answers all that wait: with @error (copied), or well. */
void             rb_fake_emitter_answer    (RbFakeEmitter *self, const GError *error);
/* Answers the i-th of those that wait. */
void             rb_fake_emitter_answer_one (RbFakeEmitter *self, guint i, const GError *error);
/* A member of the newest event that contains @text, as JSON text ("3", "\"x\""); NULL when absent. */
char            *rb_fake_emitter_member    (RbFakeEmitter *self, const char *text, const char *member);

G_END_DECLS
