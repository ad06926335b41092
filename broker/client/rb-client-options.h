/* rb-client-options.h: which broker a client wants and how patient it is
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* What it speaks (protocol.md 6.1). */
#define RB_CLIENT_PROTOCOL_VERSION "1.1"

#define RB_TYPE_CLIENT_OPTIONS (rb_client_options_get_type ())

/* Strings are owned; set them with g_strdup() before the options are given away. Milliseconds. */
typedef struct {
  char     *account_id;          /* never NULL after rb_client_options_new() */
  char     *runtime_token;       /* (nullable) NULL: any broker of the account */
  char     *data_dir;            /* (nullable) NULL: the default data directory */
  char     *socket;              /* (nullable) a Unix socket to use without looking for a discovery file */
  char     *program;             /* (nullable) the daemon to start; NULL: beside the running program, else on PATH */
  gboolean  start;               /* start the daemon when none is running */
  gint64    start_timeout_ms;
  gint64    call_timeout_ms;     /* of one request and its answer */
  gint64    backoff_initial_ms;  /* between attempts to reconnect */
  gint64    backoff_max_ms;
  gint64    ping_interval_ms;    /* of the channel; below 1: no pings */
  gint64    pid;                 /* the adapter's process; our own unless a test says otherwise */
  char     *client_kind;
  char     *client_version;
} RbClientOptions;

GType            rb_client_options_get_type (void);

/* Account, data directory and runtime token from MASONS_BROKER_ACCOUNT_ID ("default"), MASONS_BROKER_USER_DATA and
 * MASONS_BROKER_RUNTIME_TOKEN, where an empty variable counts as unset (protocol.md 3.1, IMP-2); times from protocol.md 2. */
RbClientOptions *rb_client_options_new      (void);
RbClientOptions *rb_client_options_copy     (const RbClientOptions *self);
void             rb_client_options_free     (RbClientOptions       *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbClientOptions, rb_client_options_free)

G_END_DECLS
