/* test-stdio.c: lines in, lines out: a host that does not read, one that goes, and who is told
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-mcp-stdio.h"
#include "rb-test.h"

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  RbMcpStdio    *stdio;
  GOutputStream *host_out;
  GInputStream  *host_in;
  GString       *lines;      /* a line each; "-" for one that was too long */
  guint          n_ended;
  guint          n_written;
  guint          n_lost;
} Fixture;

static void
on_line (GBytes  *line,
         gpointer user_data)
{
  Fixture *fixture = user_data;

  if (line == NULL)
    g_string_append (fixture->lines, "-\n");
  else
    g_string_append_printf (fixture->lines, "%.*s\n", (int) g_bytes_get_size (line), (const char *) g_bytes_get_data (line, NULL));
}

static void
on_ended (const char *why,
          gpointer    user_data)
{
  ((Fixture *) user_data)->n_ended++;
}

static void
on_written (gboolean written,
            gpointer user_data)
{
  Fixture *fixture = user_data;

  if (written)
    fixture->n_written++;
  else
    fixture->n_lost++;
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  static const RbMcpStdioFuncs funcs = { on_line, on_ended };
  g_autoptr(GInputStream) input = NULL;
  g_autoptr(GOutputStream) output = NULL;
  int in[2], out[2];

  g_assert_true (g_unix_open_pipe (in, FD_CLOEXEC, NULL));
  g_assert_true (g_unix_open_pipe (out, FD_CLOEXEC, NULL));
  g_assert_true (g_unix_set_fd_nonblocking (out[1], TRUE, NULL));
  input = g_unix_input_stream_new (in[0], TRUE);
  output = g_unix_output_stream_new (out[1], TRUE);
  fixture->host_out = g_unix_output_stream_new (in[1], TRUE);
  fixture->host_in = g_unix_input_stream_new (out[0], TRUE);
  fixture->lines = g_string_new (NULL);
  fixture->stdio = rb_mcp_stdio_new (input, output, &funcs, fixture);
  rb_mcp_stdio_start (fixture->stdio);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  rb_mcp_stdio_free (fixture->stdio);
  rb_test_settle ();
  g_object_unref (fixture->host_out);
  g_object_unref (fixture->host_in);
  g_string_free (fixture->lines, TRUE);
}

static void
say (Fixture    *fixture,
     const char *text)
{
  g_autoptr(GError) error = NULL;

  g_output_stream_write_all (fixture->host_out, text, strlen (text), NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
test_lines (Fixture       *fixture,
            gconstpointer  data)
{
  g_test_summary ("Lines come whole, however they are cut; empty ones and carriage returns do not matter.");
  say (fixture, "on");
  rb_test_settle ();
  say (fixture, "e\r\n\n\r\ntwo\nthr");
  rb_test_wait_until (strcmp (fixture->lines->str, "one\ntwo\n") == 0);
  say (fixture, "ee\n");
  rb_test_wait_until (strcmp (fixture->lines->str, "one\ntwo\nthree\n") == 0);
}

static void
write_much (Fixture *fixture,
            guint    n_frames)
{
  g_autofree char *text = g_strnfill (1024 * 1024, 'x');
  g_autoptr(GBytes) frame = g_bytes_new (text, strlen (text));

  for (guint i = 0; i < n_frames; i++)
    rb_mcp_stdio_write (fixture->stdio, frame, on_written, fixture);
}

static void
test_full (Fixture       *fixture,
           gconstpointer  data)
{
  g_autofree char *buffer = g_malloc (1024 * 1024);

  g_test_summary ("While the host does not read what waits for it, nothing more is read from it; afterwards it is.");
  write_much (fixture, 17);
  g_assert_true (rb_mcp_stdio_is_full (fixture->stdio));
  say (fixture, "first\n");
  rb_test_wait_until (strcmp (fixture->lines->str, "first\n") == 0);
  say (fixture, "second\n");
  rb_test_settle ();
  g_assert_cmpstr (fixture->lines->str, ==, "first\n");
  g_assert_cmpuint (fixture->n_written, ==, 0);
  while (fixture->n_written < 17)
    {
      g_assert_cmpint (g_input_stream_read (fixture->host_in, buffer, 1024 * 1024, NULL, NULL), >, 0);
      rb_test_settle ();
    }
  rb_test_wait_until (strcmp (fixture->lines->str, "first\nsecond\n") == 0);
  g_assert_cmpuint (fixture->n_lost, ==, 0);
}

static void
test_gone (Fixture       *fixture,
           gconstpointer  data)
{
  g_test_summary ("A host that is gone is noticed once, and what it did not get is known.");
  write_much (fixture, 3);
  rb_test_settle ();
  g_input_stream_close (fixture->host_in, NULL, NULL);
  rb_test_wait_until (fixture->n_lost == 3);
  g_output_stream_close (fixture->host_out, NULL, NULL);
  rb_test_settle ();
  g_assert_cmpuint (fixture->n_ended, ==, 1);
  g_assert_cmpuint (fixture->n_written, ==, 0);
}

static void
test_freed (Fixture       *fixture,
            gconstpointer  data)
{
  static const RbMcpStdioFuncs funcs = { on_line, on_ended };

  g_test_summary ("Who is freed with frames to write still says what became of them.");
  write_much (fixture, 3);
  rb_mcp_stdio_free (fixture->stdio);
  rb_test_wait_until (fixture->n_lost == 3);
  g_assert_cmpuint (fixture->n_ended, ==, 0);
  fixture->stdio = rb_mcp_stdio_new (fixture->host_in, fixture->host_out, &funcs, fixture);
}

#define ADD(path, function) g_test_add ("/mcp/stdio/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  signal (SIGPIPE, SIG_IGN);
  ADD ("lines", test_lines);
  ADD ("full", test_full);
  ADD ("gone", test_gone);
  ADD ("freed", test_freed);
  return g_test_run ();
}
