/* rb-daemon-fixture.h: the built runtime-brokerd, in directories of its own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* One home for any number of runs, one after the other, of the program beside the tests in the build folder. Everything blocks, with
 * deadlines; what goes wrong fails the test and shows what the daemon said. */
typedef struct _RbDaemonFixture RbDaemonFixture;

RbDaemonFixture *rb_daemon_fixture_new           (void);
/* A second one in the home of @other, as that is now. */
RbDaemonFixture *rb_daemon_fixture_new_beside    (RbDaemonFixture *other);
/* Kills what still runs. */
void             rb_daemon_fixture_free          (RbDaemonFixture *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbDaemonFixture, rb_daemon_fixture_free)

/* For the next runs. @value NULL: unset. */
void             rb_daemon_fixture_set_env       (RbDaemonFixture *self, const char *name, const char *value);
void             rb_daemon_fixture_add_argument  (RbDaemonFixture *self, const char *argument);
void             rb_daemon_fixture_clear_arguments (RbDaemonFixture *self);
/* Another name of the built program, such as a link to it, or a program that becomes it. */
void             rb_daemon_fixture_set_program   (RbDaemonFixture *self, const char *program);
const char      *rb_daemon_fixture_get_program   (RbDaemonFixture *self);
/* Writes $XDG_CONFIG_HOME/runtime-broker/broker.conf. */
void             rb_daemon_fixture_write_config  (RbDaemonFixture *self, const char *text);
char            *rb_daemon_fixture_dup_config_file (RbDaemonFixture *self);

/* Beside the usual modules the emitter that fails or hangs, with @mode ("hang-stop"...); @broker: more lines of [broker]. Writes the
 * configuration. */
void             rb_daemon_fixture_add_stuck     (RbDaemonFixture *self, const char *mode, const char *broker);

/* The account's secret comes from credentials: the paths depend on it. */
void             rb_daemon_fixture_set_runtime_token (RbDaemonFixture *self, const char *token);

/* Starts it and waits until its discovery file is there. */
void             rb_daemon_fixture_start         (RbDaemonFixture *self);
/* Only starts it. */
void             rb_daemon_fixture_launch        (RbDaemonFixture *self);
void             rb_daemon_fixture_wait_ready    (RbDaemonFixture *self);
/* Waits until the next one in the same process has written the discovery file. */
void             rb_daemon_fixture_wait_next     (RbDaemonFixture *self);
/* Waits until the running one has logged the event. */
void             rb_daemon_fixture_wait_log      (RbDaemonFixture *self, const char *event);
/* Starts another one beside it, or one that is to end by itself, and waits for its end. Returns the exit code.
 * With neither @output nor @errors both go to the null device, as a client that starts its broker lazily has it. */
int              rb_daemon_fixture_run           (RbDaemonFixture *self, char **output, char **errors);
void             rb_daemon_fixture_signal        (RbDaemonFixture *self, int signal_number);
/* Waits for its end. Returns the exit code, or minus the number of the signal that ended it. */
int              rb_daemon_fixture_wait          (RbDaemonFixture *self);
/* Waits for the end of one of two. Returns it, with its exit code. */
RbDaemonFixture *rb_daemon_fixture_wait_either   (RbDaemonFixture *one, RbDaemonFixture *two, int *code);
/* What it said on standard error, also after its end. */
char            *rb_daemon_fixture_dup_errors    (RbDaemonFixture *self);
/* SIGTERM, and wait. */
int              rb_daemon_fixture_stop          (RbDaemonFixture *self);
/* SIGKILL, and wait. */
void             rb_daemon_fixture_kill          (RbDaemonFixture *self);

GPid             rb_daemon_fixture_get_pid       (RbDaemonFixture *self);
/* From the discovery file, after a start. */
const char      *rb_daemon_fixture_get_url       (RbDaemonFixture *self);
const char      *rb_daemon_fixture_get_token     (RbDaemonFixture *self);
const char      *rb_daemon_fixture_get_socket    (RbDaemonFixture *self);
/* Known after the first start, and then also while nothing runs. */
const char      *rb_daemon_fixture_get_state_dir (RbDaemonFixture *self);
const char      *rb_daemon_fixture_get_discovery_file (RbDaemonFixture *self);
const char      *rb_daemon_fixture_get_log_dir   (RbDaemonFixture *self);
const char      *rb_daemon_fixture_get_data_dir  (RbDaemonFixture *self);
const char      *rb_daemon_fixture_get_runtime_token (RbDaemonFixture *self);

/* brokerctl with @arguments as in a shell, beside the running one. */
GSubprocess     *rb_daemon_fixture_start_verb    (RbDaemonFixture *self, const char *arguments, GSubprocessFlags flags);
/* One request, over TCP or (@unix_socket) over the socket, with the bearer token. Returns the status; @answer: (out) (optional): the
 * body. @body: (nullable): JSON. */
guint            rb_daemon_fixture_request       (RbDaemonFixture *self, gboolean unix_socket, const char *method, const char *path,
                                                  const char *body, char **answer);

G_END_DECLS
