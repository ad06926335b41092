/* test-frame.c: frames between the broker and an isolated module, good and bad, and what they are about
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-remote-flow.h"
#include "rb-remote-parts.h"
#include "rb-remote-pipe.h"
#include "rb-remote-sends.h"

#include "rb-test.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static RbRemoteSide
side_of (RbRemoteType type)
{
  return type <= RB_REMOTE_PING ? RB_REMOTE_BROKER : RB_REMOTE_MODULE;
}

static RbRemoteFrame
fill (RbRemoteType type)
{
  RbRemoteFrame frame = { type, { 7, -9 }, { "one", NULL, "", "four" } };

  frame.data[0] = (RbRemoteData) { (const guint8 *) "da\0ta", 5 };
  frame.data[1] = (RbRemoteData) { (const guint8 *) "{}", 2 };
  return frame;
}

/* What the table does not give to a type is empty. */
static void
assert_same (const RbRemoteFrame *read,
             const RbRemoteFrame *written)
{
  g_assert_cmpint (read->type, ==, written->type);
  for (gsize i = 0; i < G_N_ELEMENTS (read->numbers); i++)
    g_assert_true (read->numbers[i] == written->numbers[i] || read->numbers[i] == 0);
  for (gsize i = 0; i < G_N_ELEMENTS (read->texts); i++)
    g_assert_true (read->texts[i] == NULL || g_str_equal (read->texts[i], written->texts[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (read->data); i++)
    if (read->data[i].data != NULL)
      g_assert_cmpmem (read->data[i].data, read->data[i].size, written->data[i].data, written->data[i].size);
}

static void
test_all (void)
{
  g_test_summary ("Each type comes out as it went in, for the side that it is for; cut or lengthened at any place it is refused.");

  for (guint type = 0; type < RB_REMOTE_N_TYPES; type++)
    {
      RbRemoteFrame frame = fill ((RbRemoteType) type);
      g_autoptr(GByteArray) out = g_byte_array_new ();
      RbRemoteFrame read;
      gsize length;

      rb_remote_frame_write (&frame, out);
      g_assert_true (rb_remote_frame_measure (out->data, out->len, &length, NULL));
      g_assert_cmpuint (length, ==, out->len);
      g_assert_true (rb_remote_frame_read (&read, side_of (frame.type), out->data + 4, out->len - 4, NULL));
      assert_same (&read, &frame);
      g_assert_false (rb_remote_frame_read (&read, side_of (frame.type) == RB_REMOTE_BROKER ? RB_REMOTE_MODULE : RB_REMOTE_BROKER,
                                            out->data + 4, out->len - 4, NULL));
      for (guint cut = 4; cut < out->len; cut++)
        g_assert_false (rb_remote_frame_read (&read, side_of (frame.type), out->data + 4, cut - 4, NULL));
      g_byte_array_append (out, (const guint8 *) "x", 1);
      g_assert_false (rb_remote_frame_read (&read, side_of (frame.type), out->data + 4, out->len - 4, NULL));
    }
}

static void
test_lengths (void)
{
  static const struct {
    const char *bytes;
    gsize       size;
    gboolean    ok;
    gsize       length;
  } cases[] = {
    { "", 0, TRUE, 0 },
    { "\5\0\0", 3, TRUE, 0 },
    { "\1\0\0\0", 4, TRUE, 0 },
    { "\1\0\0\0\2", 5, TRUE, 5 },
    { "\1\0\0\0\2\3", 6, TRUE, 5 },
    { "\0\0\0\0", 4, FALSE, 0 },
    { "\1\0\0\10", 4, FALSE, 0 },
    { "\377\377\377\377", 4, FALSE, 0 },
  };

  g_test_summary ("A length that is not all there is waited for; none, or one above the bound, is refused before anything is kept.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      gsize length = 99;

      g_assert_cmpint (rb_remote_frame_measure ((const guint8 *) cases[i].bytes, cases[i].size, &length, &error), ==, cases[i].ok);
      g_assert_cmpint (error == NULL, ==, cases[i].ok);
      if (cases[i].ok)
        g_assert_cmpuint (length, ==, cases[i].length);
    }
}

static void
test_outcome (void)
{
  g_autoptr(GError) rejected = rb_error_new (RB_ERROR_REJECTED, "not_yours", "It is 'not' yours");
  g_autoptr(GError) cancelled = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "enough");
  g_autoptr(GError) foreign = g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_ACCES, "no");
  const struct {
    gboolean      ok;
    const GError *error;
    GQuark        domain;
    int           code;
  } cases[] = {
    { FALSE, rejected, RB_ERROR, RB_ERROR_REJECTED },
    { TRUE, rejected, RB_ERROR, RB_ERROR_REJECTED },
    { FALSE, cancelled, G_IO_ERROR, G_IO_ERROR_CANCELLED },
    { FALSE, foreign, RB_ERROR, RB_ERROR_INTERNAL },
    { FALSE, NULL, 0, 0 },
    { TRUE, NULL, 0, 0 },
  };

  g_test_summary ("How a call ended comes over whole: code, reason, details, and what breaks the contract.");

  rb_error_add_detail (rejected, "connector_code", g_variant_new_string ("E1"));
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      RbRemoteFrame frame = { RB_REMOTE_FAILED };
      g_autoptr(GVariant) kept = rb_remote_put_variant (&frame, rb_remote_outcome_new (cases[i].ok, cases[i].error));
      g_autoptr(GError) error = NULL;
      const char *code = NULL;
      gboolean ok;

      g_assert_true (rb_remote_outcome_read (&frame, &ok, &error));
      g_assert_cmpint (ok, ==, cases[i].ok);
      if (cases[i].error == NULL)
        {
          g_assert_no_error (error);
          continue;
        }
      g_assert_error (error, cases[i].domain, cases[i].code);
      g_assert_cmpstr (error->message, ==, cases[i].error->message);
      g_assert_cmpstr (rb_error_get_reason (error), ==, rb_error_get_reason (cases[i].error));
      if (cases[i].error == rejected)
        g_assert_true (g_variant_lookup (rb_error_get_details (error), "connector_code", "&s", &code) && g_str_equal (code, "E1"));
    }
}

static void
test_context (void)
{
  const RbModuleEnvironment environment = {
    .account_id = "alice", .runtime_token = "secret", .data_dir = "/d", .state_dir = "/s", .product_version = "1", .client_version = "2",
    .spawn = { .memory_max_bytes = 1, .tasks_max = 2, .cpu_percent = 3, .log_max_bytes = 4, .stop_timeout_ms = 5, .directories = "/x",
               .no_units = TRUE },
  };
  g_autoptr(GHashTable) settings = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr(GHashTable) read_settings = NULL;
  RbModuleEnvironment read = { 0 };
  RbRemoteFrame frame = { RB_REMOTE_CONFIGURE };
  g_autoptr(GVariant) kept = NULL;

  g_test_summary ("A module is given all that it is given in our process.");

  g_hash_table_insert (settings, (gpointer) "key", (gpointer) "value");
  kept = rb_remote_put_variant (&frame, rb_remote_context_new (&environment, settings));
  g_assert_true (rb_remote_context_read (&frame, &read, &read_settings));
  g_assert_cmpstr (read.account_id, ==, "alice");
  g_assert_cmpstr (read.runtime_token, ==, "secret");
  g_assert_cmpstr (read.data_dir, ==, "/d");
  g_assert_cmpstr (read.state_dir, ==, "/s");
  g_assert_cmpstr (read.product_version, ==, "1");
  g_assert_cmpstr (read.client_version, ==, "2");
  g_assert_cmpstr (read.spawn.directories, ==, "/x");
  g_assert_cmpint (read.spawn.memory_max_bytes + 10 * read.spawn.tasks_max + 100 * read.spawn.cpu_percent, ==, 321);
  g_assert_cmpint (read.spawn.log_max_bytes + 10 * read.spawn.stop_timeout_ms, ==, 54);
  g_assert_true (read.spawn.no_units);
  g_assert_cmpstr (g_hash_table_lookup (read_settings, "key"), ==, "value");
  rb_module_environment_clear (&read);
  frame.data[0].size--;
  g_assert_false (rb_remote_context_read (&frame, &read, &read_settings));
}

static void
test_envelope (void)
{
  static const struct {
    const char *content;
    const char *metadata;
    gboolean    ok;
  } cases[] = {
    { "\"hi\"", "{}", TRUE },       { "\"hi\"", "{\"a\":1}", TRUE }, { "hi", "{}", FALSE },        { "\"hi\" ", "{}", FALSE },
    { "{}", "{}", FALSE },          { "", "{}", FALSE },             { "\"hi\"", "[]", FALSE },    { "\"hi\"", "", FALSE },
    { "\"\xff\"", "{}", FALSE },    { "\"hi\"", "{\"a\":}", FALSE },
  };

  g_test_summary ("A message comes over as it is; from a module it is looked at first.");

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      RbRemoteFrame frame = { RB_REMOTE_DELIVERY, { 1 }, { "m", NULL, "you", NULL } };
      g_autoptr(RbEnvelope) envelope = NULL;

      frame.data[0] = (RbRemoteData) { (const guint8 *) cases[i].content, strlen (cases[i].content) };
      frame.data[1] = (RbRemoteData) { (const guint8 *) cases[i].metadata, strlen (cases[i].metadata) };
      envelope = rb_remote_dup_envelope (&frame, TRUE, NULL);
      g_assert_cmpint (envelope != NULL, ==, cases[i].ok);
      if (envelope == NULL)
        continue;
      g_assert_cmpstr (rb_envelope_get_id (envelope), ==, "m");
      g_assert_null (rb_envelope_get_from (envelope));
      g_assert_cmpstr (rb_envelope_get_content_type (envelope), ==, "text");
      g_assert_cmpmem (g_bytes_get_data (rb_envelope_get_metadata (envelope), NULL), g_bytes_get_size (rb_envelope_get_metadata (envelope)),
                       cases[i].metadata, strlen (cases[i].metadata));
    }
}

static void
test_flow (void)
{
  g_autoptr(RbRemoteFlow) flow = rb_remote_flow_new ();

  g_test_summary ("Within the widest window that was told it is in order; what was not delivered has no answer.");

  g_assert_false (rb_remote_flow_deliver (flow, 1, 1));
  rb_remote_flow_widen (flow, 2, 100);
  rb_remote_flow_widen (flow, 0, 0);
  g_assert_true (rb_remote_flow_deliver (flow, 1, 1));
  g_assert_true (rb_remote_flow_deliver (flow, 1, 1));
  g_assert_false (rb_remote_flow_deliver (flow, 2, 1));
  g_assert_true (rb_remote_flow_answer (flow, 1));
  g_assert_true (rb_remote_flow_answer (flow, 1));
  g_assert_false (rb_remote_flow_answer (flow, 1));
  g_assert_cmpuint (rb_remote_flow_get_n (flow), ==, 0);

  /* One may be larger than all; the next one may not follow. */
  g_assert_true (rb_remote_flow_deliver (flow, 3, 1000000));
  g_assert_false (rb_remote_flow_deliver (flow, 4, 1));
  rb_remote_flow_reset (flow);
  g_assert_false (rb_remote_flow_answer (flow, 3));
  g_assert_false (rb_remote_flow_deliver (flow, 5, 1));
}

typedef struct {
  RbRemotePipe *pipe;
  guint         n_frames;
  guint         n_closed;
  char         *reason;
  gboolean      frees;
} Heard;

static void
on_frame (const RbRemoteFrame *frame,
          gpointer             user_data)
{
  Heard *heard = user_data;

  heard->n_frames++;
  if (heard->frees)
    g_clear_pointer (&heard->pipe, rb_remote_pipe_free);
}

static void
on_closed (const char *reason,
           gpointer    user_data)
{
  Heard *heard = user_data;

  heard->n_closed++;
  heard->reason = g_strdup (reason);
}

static void
test_pipe (void)
{
  static const RbRemotePipeFuncs funcs = { on_frame, on_closed };
  Heard near = { NULL }, far = { NULL };
  RbRemoteFrame ping = { RB_REMOTE_PING, { 1 } }, pong = { RB_REMOTE_PONG, { 1 } };
  RbRemoteFrame large = { RB_REMOTE_OPEN };
  g_autofree guint8 *data = g_malloc0 (3 * 1024 * 1024);
  guint64 end;
  int fds[2];

  g_test_summary ("Frames of any size go both ways; a pipe may be freed in the middle of what it reads; the end is told once.");

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  near.pipe = rb_remote_pipe_new (fds[0], RB_REMOTE_BROKER, &funcs, &near);
  far.pipe = rb_remote_pipe_new (fds[1], RB_REMOTE_MODULE, &funcs, &far);
  large.data[0] = (RbRemoteData) { data, 3 * 1024 * 1024 };
  rb_remote_pipe_send (near.pipe, &ping);
  end = rb_remote_pipe_send (near.pipe, &large);
  g_assert_cmpuint (rb_remote_pipe_get_written (near.pipe), ==, 0);
  g_assert_cmpuint (rb_remote_pipe_get_queued (near.pipe), ==, end);
  rb_test_wait_until (far.n_frames == 2);
  g_assert_cmpuint (rb_remote_pipe_get_written (near.pipe), ==, end);
  g_assert_cmpuint (rb_remote_pipe_get_queued (near.pipe), ==, 0);

  near.frees = TRUE;
  for (guint i = 0; i < 10; i++)
    rb_remote_pipe_send (far.pipe, &pong);
  rb_test_wait_until (far.n_closed == 1);
  g_assert_cmpuint (near.n_frames, ==, 1);
  g_assert_cmpuint (near.n_closed, ==, 0);
  g_assert_null (far.reason);
  rb_remote_pipe_free (far.pipe);
}

static void
test_pipe_breach (void)
{
  static const RbRemotePipeFuncs funcs = { on_frame, on_closed };
  Heard near = { NULL };
  int fds[2];

  g_test_summary ("What is no frame closes the pipe, after what came before it, with a reason.");

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  near.pipe = rb_remote_pipe_new (fds[0], RB_REMOTE_BROKER, &funcs, &near);
  g_assert_cmpint (write (fds[1], "\1\0\0\0\14\1\0\0\0\377\1\0\0\0\14", 15), ==, 15);
  rb_test_wait_until (near.n_closed == 1);
  g_assert_cmpuint (near.n_frames, ==, 1);
  g_assert_cmpstr (near.reason, ==, "a frame of no type");
  g_free (near.reason);
  rb_remote_pipe_free (near.pipe);
  close (fds[1]);
}

static void
ask (RbRemoteSends  *sends,
     RbRemotePipe   *pipe,
     GAsyncResult  **result)
{
  g_autoptr(GBytes) content = g_bytes_new_static ("\"\"", 2);
  g_autoptr(RbEnvelope) envelope = rb_envelope_new ("m", "bob", NULL, content, NULL, NULL);

  rb_remote_sends_add (sends, pipe, envelope, g_task_new (NULL, NULL, rb_test_store_result, result));
}

static void
assert_failed (GAsyncResult *result,
               int           code)
{
  g_autofree char *message_id = NULL;
  g_autoptr(GError) error = NULL;
  RbSendStatus status;

  g_assert_nonnull (result);
  g_assert_false (rb_remote_sends_finish (G_TASK (result), &message_id, &status, &error));
  g_assert_error (error, RB_ERROR, code);
}

static void
test_pipe_closed (void)
{
  static const RbRemotePipeFuncs funcs = { on_frame, on_closed };
  static const guint64 known[] = { 0, G_MAXUINT64 };   /* how much was written: 0 stands for what the pipe says */

  g_test_summary ("What was said to a pipe that was closed already has not left, whatever was written before.");

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_autoptr(RbRemoteSends) sends = rb_remote_sends_new ();
      g_autoptr(GAsyncResult) before = NULL;
      g_autoptr(GAsyncResult) after = NULL;
      Heard near = { NULL };
      int fds[2];

      g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
      near.pipe = rb_remote_pipe_new (fds[0], RB_REMOTE_BROKER, &funcs, &near);
      ask (sends, near.pipe, &before);
      rb_test_wait_until (rb_remote_pipe_get_queued (near.pipe) == 0);
      close (fds[1]);
      rb_test_wait_until (near.n_closed == 1);
      ask (sends, near.pipe, &after);
      rb_remote_sends_fail (sends, known[i] > 0 ? known[i] : rb_remote_pipe_get_written (near.pipe), "It ended");
      rb_test_wait_until (before != NULL && after != NULL);
      assert_failed (before, RB_ERROR_OUTCOME_UNKNOWN);
      assert_failed (after, RB_ERROR_UNAVAILABLE);
      rb_remote_pipe_free (near.pipe);
    }
}

static gint64
get_resident (void)
{
  g_autofree char *text = NULL;
  g_auto(GStrv) pages = NULL;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  pages = g_strsplit (text, " ", 3);
  return g_ascii_strtoll (pages[1], NULL, 10) * sysconf (_SC_PAGESIZE);
}

static void
test_pipe_never_empty (void)
{
  enum { SIZE = 300 * 1024, N = 400 };   /* larger than what the kernel takes */
  static const RbRemotePipeFuncs funcs = { on_frame, on_closed };
  Heard near = { NULL };
  RbRemoteFrame frame = { RB_REMOTE_OPEN };
  g_autofree guint8 *data = g_malloc0 (SIZE);
  g_autofree guint8 *taken = g_malloc0 (SIZE);
  gint64 before;
  int fds[2];

  g_test_summary ("A pipe whose reader keeps up, but for one frame, needs no more memory the more goes through it.");

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  near.pipe = rb_remote_pipe_new (fds[0], RB_REMOTE_BROKER, &funcs, &near);
  frame.data[0] = (RbRemoteData) { data, SIZE };
  before = get_resident ();
  for (guint i = 0; i < N; i++)
    {
      rb_remote_pipe_send (near.pipe, &frame);
      while (rb_remote_pipe_get_queued (near.pipe) > SIZE)
        {
          recv (fds[1], taken, SIZE, MSG_DONTWAIT);
          rb_remote_pipe_turn (near.pipe, 0);
        }
    }
  g_assert_cmpuint (rb_remote_pipe_get_queued (near.pipe), >, 0);
  g_assert_cmpint (get_resident () - before, <, N * SIZE / 4);
  rb_remote_pipe_free (near.pipe);
  close (fds[1]);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/frame/all", test_all);
  g_test_add_func ("/frame/lengths", test_lengths);
  g_test_add_func ("/frame/outcome", test_outcome);
  g_test_add_func ("/frame/context", test_context);
  g_test_add_func ("/frame/envelope", test_envelope);
  g_test_add_func ("/flow", test_flow);
  g_test_add_func ("/pipe/both-ways", test_pipe);
  g_test_add_func ("/pipe/closed", test_pipe_closed);
  g_test_add_func ("/pipe/never-empty", test_pipe_never_empty);
  g_test_add_func ("/pipe/breach", test_pipe_breach);
  return g_test_run ();
}
