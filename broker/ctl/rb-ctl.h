/* rb-ctl.h: what every verb of brokerctl shares: options, the broker, output, exit codes
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client-private.h"
#include "rb-terminal.h"

#include <stdio.h>

G_BEGIN_DECLS

/* Scripts depend on these: add, never change. */
typedef enum {
  RB_EXIT_OK = 0,
  RB_EXIT_FAILED = 1,            /* refused, or failed for a reason that is printed */
  RB_EXIT_USAGE = 2,
  RB_EXIT_NOT_RUNNING = 3,       /* no broker, or it cannot be reached or started */
  RB_EXIT_TIMED_OUT = 4,
  RB_EXIT_NOT_FOUND = 5,         /* no such message, assignment or endpoint */
  RB_EXIT_AMBIGUOUS = 6,         /* a name or prefix that fits several */
  RB_EXIT_OUTCOME_UNKNOWN = 7,   /* it may or may not have happened */
  RB_EXIT_INTERRUPTED = 130,
} RbExitCode;

typedef struct {
  RbClientOptions *options;
  gboolean         json;
  gint64           timeout_ms;     /* --timeout; 0: not given */
  FILE            *out;            /* stdout */
  RbTerminal       terminal;       /* what is behind it */
  RbClient        *client;         /* (nullable) until rb_ctl_get_client() */
  GCancellable    *cancellable;    /* SIGINT, SIGTERM, SIGHUP, once rb_ctl_catch_signals() was called */
  guint            signal_ids[3];
} RbCtl;

void          rb_ctl_init          (RbCtl              *self);
void          rb_ctl_clear         (RbCtl              *self);
RbClient     *rb_ctl_get_client    (RbCtl              *self);
/* From now on Ctrl-C cancels instead of ending the process; a second one ends it. */
void          rb_ctl_catch_signals (RbCtl              *self);

/* Turns the main context until *@result is set by rb_ctl_store_result(). */
void          rb_ctl_store_result  (GObject            *source,
                                    GAsyncResult       *result,
                                    gpointer            user_data);
GAsyncResult *rb_ctl_wait          (GAsyncResult      **result);

/* Finds the broker (once), asks, waits. */
RbJson       *rb_ctl_call          (RbCtl              *self,
                                    const char         *method,
                                    const char         *path,
                                    GBytes             *body,
                                    GError            **error);
/* GET /v1/operator/<view>, which only the Unix socket offers. */
RbJson       *rb_ctl_view          (RbCtl              *self,
                                    const char         *view,
                                    GError            **error);

void          rb_ctl_print         (RbCtl              *self,
                                    const char         *format,
                                    ...) G_GNUC_PRINTF (2, 3);
/* The text on one line; what a terminal would obey in it is written as an escape of JSON. */
void          rb_ctl_print_json    (RbCtl              *self,
                                    const RbJson       *json);
void          rb_ctl_print_json_text (RbCtl            *self,
                                    const char         *text,
                                    gssize              length);
/* FALSE when something that was printed got lost. */
gboolean      rb_ctl_can_write     (RbCtl              *self);
/* At the end of it all: with what was to be done done, what was printed must have arrived. Returns with which code to exit. */
RbExitCode    rb_ctl_end           (RbCtl              *self,
                                    RbExitCode          code);
/* "brokerctl: ...", escaped, on stderr; the middle of what is too long to be read is left out. Further lines must be indented. */
void          rb_ctl_warn          (const char         *format,
                                    ...) G_GNUC_PRINTF (1, 2);
/* Prints @error and says with which code to exit. */
RbExitCode    rb_ctl_fail          (const GError       *error);
RbExitCode    rb_ctl_get_exit_code (const GError       *error);

G_END_DECLS
