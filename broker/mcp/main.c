/* main.c: runtime-broker-mcp
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-host.h"
#include "rb-mcp-options.h"

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Hosts wait some two seconds after they closed standard input, before they kill. */
#define PATIENCE_MS 1500

static gboolean is_verbose;

/* Standard output is the host's alone. */
static GLogWriterOutput
write_log (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n_fields,
           gpointer         user_data)
{
  g_autofree char *text = NULL;

  if (level > G_LOG_LEVEL_WARNING && !is_verbose)
    return G_LOG_WRITER_HANDLED;
  text = g_log_writer_format_fields (level, fields, n_fields, FALSE);
  fprintf (stderr, "%s\n", text);
  return G_LOG_WRITER_HANDLED;
}

static gboolean
on_signal (gpointer user_data)
{
  rb_mcp_server_stop (user_data, "signal");
  return G_SOURCE_CONTINUE;
}

static void
on_stopped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  rb_mcp_agent_stop_finish (RB_MCP_AGENT (source), result);
  g_main_loop_quit (user_data);
}

typedef struct {
  RbMcpAgent *agent;
  GMainLoop  *loop;
} Program;

static void
on_ended (RbMcpServer *server,
          const char  *why,
          Program     *program)
{
  rb_mcp_agent_stop_async (program->agent, PATIENCE_MS, on_stopped, program->loop);
}

/* GIO writes all it has once a pipe has room for some of it: on a blocking one that stands still until the host reads. What is no pipe may be
 * shared with others, who would not expect it. */
static void
stop_blocking (int fd)
{
  struct stat info;

  if (fstat (fd, &info) == 0 && (S_ISFIFO (info.st_mode) || S_ISSOCK (info.st_mode)))
    g_unix_set_fd_nonblocking (fd, TRUE, NULL);
}

static void
serve (const RbMcpOptions *options)
{
  g_autoptr(RbClientOptions) client = rb_mcp_options_make_client (options);
  g_autoptr(RbMcpLink) link = rb_mcp_link_new (client, NULL);
  g_autoptr(RbMcpAgent) agent = rb_mcp_agent_new (link);
  g_autoptr(GInputStream) input = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  g_autoptr(GOutputStream) output = g_unix_output_stream_new (STDOUT_FILENO, FALSE);
  g_autoptr(RbMcpHost) host = rb_mcp_host_new (agent, input, output, options->name);
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Program program = { agent, loop };
  guint term = g_unix_signal_add (SIGTERM, on_signal, rb_mcp_host_get_server (host));
  guint interrupt = g_unix_signal_add (SIGINT, on_signal, rb_mcp_host_get_server (host));

  signal (SIGPIPE, SIG_IGN);
  stop_blocking (STDOUT_FILENO);
  g_signal_connect (rb_mcp_host_get_server (host), "ended", G_CALLBACK (on_ended), &program);
  rb_mcp_server_start (rb_mcp_host_get_server (host));
  g_main_loop_run (loop);
  g_source_remove (term);
  g_source_remove (interrupt);
  g_signal_handlers_disconnect_by_data (rb_mcp_host_get_server (host), &program);
}

int
main (int    argc,
      char **argv)
{
  RbMcpOptions options;
  g_autoptr(GError) error = NULL;

  g_log_set_writer_func (write_log, NULL, NULL);
  if (!rb_mcp_options_parse (&options, &argc, &argv, &error))
    {
      g_printerr ("runtime-broker-mcp: %s\n", error->message);
      rb_mcp_options_clear (&options);
      return 2;
    }
  is_verbose = options.verbose;
  if (options.version)
    g_print ("runtime-broker-mcp %s\n", RB_VERSION);
  else
    serve (&options);
  rb_mcp_options_clear (&options);
  return 0;
}
