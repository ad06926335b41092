/* rb-daemon-fixture.c: the built runtime-brokerd, in directories of its own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-daemon-fixture.h"

#include "rb-discovery.h"
#include "rb-paths.h"
#include "rb-test.h"

#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE_US (20 * G_USEC_PER_SEC)
#define LOOK_MS 1             /* between two looks at what another process does */
#define SOCKET_TIMEOUT_S 20
#define ACCOUNT "default"
#define STILL_RUNS (-1)

struct _RbDaemonFixture {
  char        *dir;
  char        *data_dir;
  char        *program;
  char       **environment;
  const char  *awaited_event;
  RbDaemonFixture *rival;      /* of which the end is waited for as well; borrowed */
  GPtrArray   *arguments;      /* of char *, without the program */
  char        *errors_file;    /* standard error of the running one */

  GPid         pid;            /* 0: none runs */
  int          status;         /* of the one that ended last */
  RbDiscovery *discovery;
  const char  *last_started_at;  /* (nullable) of the one whose next is waited for; borrowed */
  RbPaths     *paths;
  char        *runtime_token;
};

static void
set_dir (RbDaemonFixture *self,
         const char      *variable,
         const char      *name)
{
  g_autofree char *path = g_build_filename (self->dir, name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
  rb_daemon_fixture_set_env (self, variable, path);
}

/* What a sanitizer or a debugger of memory needs, and nothing of the person who runs the tests. */
static void
make_environment (RbDaemonFixture *self)
{
  static const char *const kept[] = {
    "PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "LD_PRELOAD", "GIO_USE_VFS", "GIO_USE_PROXY_RESOLVER",
    "GSETTINGS_BACKEND",
  };

  self->environment = g_new0 (char *, 1);
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    if (g_getenv (kept[i]) != NULL)
      rb_daemon_fixture_set_env (self, kept[i], g_getenv (kept[i]));
  set_dir (self, "HOME", "home");
  set_dir (self, "XDG_CONFIG_HOME", "config");
  set_dir (self, "XDG_DATA_HOME", "share");
  set_dir (self, "XDG_RUNTIME_DIR", "run");
  rb_daemon_fixture_set_env (self, "XDG_CONFIG_DIRS", "/nonexistent");
  rb_daemon_fixture_set_env (self, "MASONS_BROKER_USER_DATA", self->data_dir);
}

RbDaemonFixture *
rb_daemon_fixture_new (void)
{
  RbDaemonFixture *self = g_new0 (RbDaemonFixture, 1);

  signal (SIGPIPE, SIG_IGN);
  self->dir = rb_test_make_dir ();
  self->data_dir = g_build_filename (self->dir, "data", NULL);
  self->program = g_test_build_filename (G_TEST_BUILT, "..", "broker", "runtime-brokerd", NULL);
  self->errors_file = g_build_filename (self->dir, "stderr", NULL);
  self->arguments = g_ptr_array_new_with_free_func (g_free);
  make_environment (self);
  return self;
}

RbDaemonFixture *
rb_daemon_fixture_new_beside (RbDaemonFixture *other)
{
  RbDaemonFixture *self = g_new0 (RbDaemonFixture, 1);

  self->dir = g_strdup (other->dir);
  self->data_dir = g_strdup (other->data_dir);
  self->program = g_strdup (other->program);
  self->errors_file = g_strconcat (other->errors_file, "-beside", NULL);
  self->arguments = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < other->arguments->len; i++)
    rb_daemon_fixture_add_argument (self, other->arguments->pdata[i]);
  self->environment = g_strdupv (other->environment);
  self->runtime_token = g_strdup (other->runtime_token);
  return self;
}

void
rb_daemon_fixture_free (RbDaemonFixture *self)
{
  if (self->pid != 0)
    rb_daemon_fixture_kill (self);

  g_clear_pointer (&self->discovery, rb_discovery_free);
  g_clear_pointer (&self->paths, rb_paths_free);
  g_ptr_array_unref (self->arguments);
  g_strfreev (self->environment);
  g_free (self->runtime_token);
  g_free (self->errors_file);
  g_free (self->program);
  g_free (self->data_dir);
  g_free (self->dir);
  g_free (self);
}

void
rb_daemon_fixture_set_program (RbDaemonFixture *self,
                               const char      *program)
{
  g_free (self->program);
  self->program = g_strdup (program);
}

const char *
rb_daemon_fixture_get_program (RbDaemonFixture *self)
{
  return self->program;
}

void
rb_daemon_fixture_set_env (RbDaemonFixture *self,
                           const char      *name,
                           const char      *value)
{
  if (value != NULL)
    self->environment = g_environ_setenv (self->environment, name, value, TRUE);
  else
    self->environment = g_environ_unsetenv (self->environment, name);
}

void
rb_daemon_fixture_add_argument (RbDaemonFixture *self,
                                const char      *argument)
{
  g_ptr_array_add (self->arguments, g_strdup (argument));
}

void
rb_daemon_fixture_clear_arguments (RbDaemonFixture *self)
{
  g_ptr_array_set_size (self->arguments, 0);
}

char *
rb_daemon_fixture_dup_config_file (RbDaemonFixture *self)
{
  return g_build_filename (self->dir, "config", "runtime-broker", "broker.conf", NULL);
}

void
rb_daemon_fixture_write_config (RbDaemonFixture *self,
                                const char      *text)
{
  g_autofree char *path = rb_daemon_fixture_dup_config_file (self);
  g_autofree char *dir = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (dir, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

void
rb_daemon_fixture_add_stuck (RbDaemonFixture *self,
                             const char      *mode,
                             const char      *broker)
{
  g_autofree char *usual = g_test_build_filename (G_TEST_BUILT, "..", "modules", NULL);
  g_autofree char *own = g_test_build_filename (G_TEST_BUILT, "end-to-end", NULL);
  g_autofree char *path = g_strconcat (usual, ":", own, NULL);
  g_autofree char *text = g_strdup_printf ("[broker]\nemitters=stuck;journal\n%s[stuck]\nmode=%s\n", broker, mode);

  rb_daemon_fixture_set_env (self, "RB_MODULE_PATH", path);
  rb_daemon_fixture_write_config (self, text);
}

void
rb_daemon_fixture_set_runtime_token (RbDaemonFixture *self,
                                     const char      *token)
{
  g_free (self->runtime_token);
  self->runtime_token = g_strdup (token);
  g_clear_pointer (&self->paths, rb_paths_free);
}

static GStrv
dup_argv (RbDaemonFixture *self)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_add (builder, self->program);
  for (guint i = 0; i < self->arguments->len; i++)
    g_strv_builder_add (builder, self->arguments->pdata[i]);
  return g_strv_builder_end (builder);
}

static int
open_errors (RbDaemonFixture *self)
{
  int fd = g_open (self->errors_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

/* A daemon that outlives a test that broke off calls at the ports it knew, where another test may listen by then. */
static void
end_with_us (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

void
rb_daemon_fixture_launch (RbDaemonFixture *self)
{
  g_auto(GStrv) argv = dup_argv (self);
  g_autoptr(GError) error = NULL;
  int errors = open_errors (self);

  g_assert_cmpint (self->pid, ==, 0);
  g_spawn_async_with_fds (self->dir, argv, self->environment, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, end_with_us, NULL,
                          &self->pid, -1, -1, errors, &error);
  g_assert_no_error (error);
  close (errors);
}

static void
show_errors (RbDaemonFixture *self)
{
  g_autofree char *text = NULL;

  if (g_file_get_contents (self->errors_file, &text, NULL, NULL))
    g_printerr ("# the daemon said: %s\n", text);
}

static int
to_code (int status)
{
  return WIFEXITED (status) ? WEXITSTATUS (status) : -WTERMSIG (status);
}

/* The paths depend on the account's secret, which the first start mints. */
static gboolean
learn_paths (RbDaemonFixture *self)
{
  if (self->paths != NULL)
    return TRUE;

  if (self->runtime_token == NULL)
    self->runtime_token = rb_paths_local_secret (ACCOUNT, self->data_dir, FALSE, NULL);
  if (self->runtime_token == NULL)
    return FALSE;
  self->paths = rb_paths_new (ACCOUNT, self->runtime_token, self->data_dir, NULL);
  g_assert_nonnull (self->paths);
  return TRUE;
}

static gboolean
is_ready (RbDaemonFixture *self)
{
  g_autoptr(RbDiscovery) discovery = NULL;

  if (!learn_paths (self))
    return FALSE;
  discovery = rb_discovery_read (self->paths->discovery_file, NULL);
  if (discovery == NULL || discovery->pid != self->pid || g_strcmp0 (discovery->started_at, self->last_started_at) == 0)
    return FALSE;

  g_clear_pointer (&self->discovery, rb_discovery_free);
  self->discovery = g_steal_pointer (&discovery);
  return TRUE;
}

static void
assert_alive (RbDaemonFixture *self)
{
  int status;

  if (waitpid (self->pid, &status, WNOHANG) != self->pid)
    return;
  show_errors (self);
  g_error ("The daemon ended with %d before it was ready", to_code (status));
}

static gboolean
on_look (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* Turns the main context until @condition holds: there is no event for what happens in another process's files. */
static void
wait_for (RbDaemonFixture  *self,
          gboolean        (*condition) (RbDaemonFixture *self),
          const char       *what)
{
  gint64 deadline_us = g_get_monotonic_time () + DEADLINE_US;
  guint look_id = g_timeout_add (LOOK_MS, on_look, NULL);

  while (!condition (self))
    {
      if (g_get_monotonic_time () > deadline_us)
        {
          show_errors (self);
          g_error ("The daemon did not %s in time", what);
        }
      g_main_context_iteration (NULL, TRUE);
    }
  g_source_remove (look_id);
}

static gboolean
check_ready (RbDaemonFixture *self)
{
  if (is_ready (self))
    return TRUE;
  assert_alive (self);
  return FALSE;
}

void
rb_daemon_fixture_wait_ready (RbDaemonFixture *self)
{
  wait_for (self, check_ready, "become ready");
}

void
rb_daemon_fixture_wait_next (RbDaemonFixture *self)
{
  g_autofree char *started_at = g_strdup (self->discovery->started_at);

  self->last_started_at = started_at;
  wait_for (self, check_ready, "start again");
  self->last_started_at = NULL;
}

void
rb_daemon_fixture_start (RbDaemonFixture *self)
{
  rb_daemon_fixture_launch (self);
  rb_daemon_fixture_wait_ready (self);
}

static gboolean
has_logged (RbDaemonFixture *self)
{
  g_autofree char *name = g_strdup_printf ("broker-%d.log", (int) self->pid);
  g_autofree char *path = g_build_filename (self->data_dir, "runtime-broker", "log", name, NULL);
  g_autofree char *event = g_strdup_printf ("\"msg\":\"%s\"", self->awaited_event);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) && strstr (text, event) != NULL;
}

void
rb_daemon_fixture_wait_log (RbDaemonFixture *self,
                            const char      *event)
{
  self->awaited_event = event;
  wait_for (self, has_logged, event);
}

int
rb_daemon_fixture_run (RbDaemonFixture  *self,
                       char            **output,
                       char            **errors)
{
  g_auto(GStrv) argv = dup_argv (self);
  GSpawnFlags flags = output == NULL && errors == NULL ? G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL : G_SPAWN_DEFAULT;
  g_autoptr(GError) error = NULL;
  int status;

  g_spawn_sync (self->dir, argv, self->environment, flags, NULL, NULL, output, errors, &status, &error);
  g_assert_no_error (error);
  return to_code (status);
}

void
rb_daemon_fixture_signal (RbDaemonFixture *self,
                          int              signal_number)
{
  g_assert_cmpint (self->pid, >, 0);
  g_assert_cmpint (kill (self->pid, signal_number), ==, 0);
}

static gboolean
check_ended (RbDaemonFixture *self)
{
  return waitpid (self->pid, &self->status, WNOHANG) == self->pid;
}

int
rb_daemon_fixture_wait (RbDaemonFixture *self)
{
  g_assert_cmpint (self->pid, >, 0);
  wait_for (self, check_ended, "end");
  self->pid = 0;
  if (to_code (self->status) > 1)
    show_errors (self);
  return to_code (self->status);
}

char *
rb_daemon_fixture_dup_errors (RbDaemonFixture *self)
{
  char *text = NULL;

  g_assert_true (g_file_get_contents (self->errors_file, &text, NULL, NULL));
  return text;
}

static gboolean
check_either (RbDaemonFixture *self)
{
  return check_ended (self) || check_ended (self->rival);
}

RbDaemonFixture *
rb_daemon_fixture_wait_either (RbDaemonFixture *one,
                               RbDaemonFixture *two,
                               int             *code)
{
  RbDaemonFixture *ended;

  one->rival = two;
  one->status = two->status = STILL_RUNS;
  wait_for (one, check_either, "end");
  ended = one->status != STILL_RUNS ? one : two;
  ended->pid = 0;
  *code = to_code (ended->status);
  return ended;
}

int
rb_daemon_fixture_stop (RbDaemonFixture *self)
{
  rb_daemon_fixture_signal (self, SIGTERM);
  return rb_daemon_fixture_wait (self);
}

void
rb_daemon_fixture_kill (RbDaemonFixture *self)
{
  rb_daemon_fixture_signal (self, SIGKILL);
  rb_daemon_fixture_wait (self);
}

GPid
rb_daemon_fixture_get_pid (RbDaemonFixture *self)
{
  return self->pid;
}

const char *
rb_daemon_fixture_get_url (RbDaemonFixture *self)
{
  return self->discovery->ipc_url;
}

const char *
rb_daemon_fixture_get_token (RbDaemonFixture *self)
{
  return self->discovery->bearer_token;
}

const char *
rb_daemon_fixture_get_socket (RbDaemonFixture *self)
{
  return self->discovery->socket;
}

const char *
rb_daemon_fixture_get_state_dir (RbDaemonFixture *self)
{
  return self->paths->state_dir;
}

const char *
rb_daemon_fixture_get_discovery_file (RbDaemonFixture *self)
{
  return self->paths->discovery_file;
}

const char *
rb_daemon_fixture_get_log_dir (RbDaemonFixture *self)
{
  return self->paths->log_dir;
}

const char *
rb_daemon_fixture_get_data_dir (RbDaemonFixture *self)
{
  return self->data_dir;
}

const char *
rb_daemon_fixture_get_runtime_token (RbDaemonFixture *self)
{
  return self->runtime_token;
}

static GSocketConnection *
connect_to (RbDaemonFixture *self,
            gboolean         unix_socket)
{
  g_autoptr(GSocketClient) client = g_socket_client_new ();
  g_autoptr(GSocketConnectable) address = NULL;
  g_autoptr(GError) error = NULL;
  GSocketConnection *connection;

  g_socket_client_set_timeout (client, SOCKET_TIMEOUT_S);
  if (unix_socket)
    address = G_SOCKET_CONNECTABLE (g_unix_socket_address_new (self->discovery->socket));
  else
    address = g_network_address_parse_uri (self->discovery->ipc_url, 80, &error);
  g_assert_no_error (error);
  connection = g_socket_client_connect (client, address, NULL, &error);
  g_assert_no_error (error);
  return connection;
}

static char *
make_request (RbDaemonFixture *self,
              const char      *method,
              const char      *path,
              const char      *body)
{
  g_autoptr(GUri) uri = g_uri_parse (self->discovery->ipc_url, G_URI_FLAGS_NONE, NULL);

  return g_strdup_printf ("%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\nConnection: close\r\n"
                          "Content-Type: application/json\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
                          method, path, g_uri_get_port (uri), self->discovery->bearer_token,
                          body != NULL ? strlen (body) : 0, body != NULL ? body : "");
}

/* The answer ends with the connection. */
static char *
read_all (GInputStream *input)
{
  g_autoptr(GString) text = g_string_new (NULL);
  g_autoptr(GError) error = NULL;
  char bytes[4096];
  gssize n;

  while ((n = g_input_stream_read (input, bytes, sizeof bytes, NULL, &error)) > 0)
    g_string_append_len (text, bytes, n);
  g_assert_no_error (error);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

guint
rb_daemon_fixture_request (RbDaemonFixture  *self,
                           gboolean          unix_socket,
                           const char       *method,
                           const char       *path,
                           const char       *body,
                           char            **answer)
{
  g_autoptr(GSocketConnection) connection = connect_to (self, unix_socket);
  g_autofree char *request = make_request (self, method, path, body);
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  const char *end;

  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), request, strlen (request), NULL, NULL, &error);
  g_assert_no_error (error);
  text = read_all (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  g_assert_true (g_str_has_prefix (text, "HTTP/1.1 "));
  end = strstr (text, "\r\n\r\n");
  g_assert_nonnull (end);
  if (answer != NULL)
    *answer = g_strdup (end + 4);
  return (guint) g_ascii_strtoull (text + strlen ("HTTP/1.1 "), NULL, 10);
}

GSubprocess *
rb_daemon_fixture_start_verb (RbDaemonFixture  *self,
                              const char       *arguments,
                              GSubprocessFlags  flags)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "..", "broker", "brokerctl", NULL);
  g_autofree char *line = g_strdup_printf ("'%s' --no-start --data-dir '%s' %s", program, self->data_dir, arguments);
  g_auto(GStrv) argv = NULL;
  g_autoptr(GError) error = NULL;
  GSubprocess *process;

  g_assert_true (g_shell_parse_argv (line, NULL, &argv, &error));
  process = g_subprocess_newv ((const char *const *) argv, flags, &error);
  g_assert_no_error (error);
  return process;
}
