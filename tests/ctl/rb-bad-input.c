/* rb-bad-input.c: a verb of brokerctl run in a process of its own, and what may come of any words whatever
 *
 * A fork is a hundred times cheaper than a program that has to load itself, so that every verb can be given everything.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bad-input.h"

#include "rb-json.h"
#include "rb-verb.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE_MS 30000
#define STAY_MS 200            /* for a verb that does not end by itself */
#define READABLE_BYTES 4096    /* a person reads no more */
#define SHOWN_CHARS 60

void
rb_bad_input_result_clear (RbBadInputResult *self)
{
  g_clear_pointer (&self->out, g_bytes_unref);
  g_clear_pointer (&self->err, g_bytes_unref);
}

/* As main() does it. Leaks are not looked for: that would take longer than all the rest. */
static void
be_brokerctl (const char *const *argv,
              int                out,
              int                err)
{
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  RbCtl ctl;
  RbExitCode code;

  /* To standard output GTest writes GLib's own log. */
  if (dup2 (null, STDIN_FILENO) < 0 || dup2 (null, STDOUT_FILENO) < 0 || dup2 (err, STDERR_FILENO) < 0)
    _exit (98);
  signal (SIGTERM, SIG_DFL);
  rb_ctl_init (&ctl);
  ctl.out = fdopen (out, "w");
  code = rb_ctl_end (&ctl, rb_verbs_run (&ctl, argv));
  rb_ctl_clear (&ctl);
  fflush (ctl.out);
  _exit (code);
}

static gboolean
has_ended (int pidfd,
           int timeout_ms)
{
  struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };

  return poll (&poll_fd, 1, timeout_ms) > 0;
}

static int
wait_for (pid_t    pid,
          gboolean stays)
{
  int pidfd = (int) syscall (SYS_pidfd_open, pid, 0);
  gboolean is_told = FALSE;
  int status;

  g_assert_cmpint (pidfd, >=, 0);
  if (stays && !has_ended (pidfd, STAY_MS))
    is_told = kill (pid, SIGTERM) == 0;
  if (!has_ended (pidfd, DEADLINE_MS))
    kill (pid, SIGKILL);
  close (pidfd);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  /* It had not come so far that it would say so itself. */
  if (is_told && WIFSIGNALED (status) && WTERMSIG (status) == SIGTERM)
    return RB_EXIT_INTERRUPTED;
  return WIFEXITED (status) ? WEXITSTATUS (status) : -WTERMSIG (status);
}

static GBytes *
read_all (int fd)
{
  off_t size = lseek (fd, 0, SEEK_END);
  char *text = g_malloc ((gsize) size + 1);

  g_assert_cmpint (pread (fd, text, (gsize) size, 0), ==, size);
  text[size] = '\0';
  close (fd);
  return g_bytes_new_take (text, (gsize) size);
}

void
rb_bad_input_run (const char *const *words,
                  gboolean           stays,
                  RbBadInputResult  *result)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();
  int out = memfd_create ("out", MFD_CLOEXEC);
  int err = memfd_create ("err", MFD_CLOEXEC);
  pid_t pid;

  g_ptr_array_add (argv, (char *) "brokerctl");
  for (gsize i = 0; words[i] != NULL; i++)
    g_ptr_array_add (argv, (char *) words[i]);
  g_ptr_array_add (argv, NULL);
  fflush (NULL);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    be_brokerctl ((const char *const *) argv->pdata, out, err);
  result->code = wait_for (pid, stays);
  result->out = read_all (out);
  result->err = read_all (err);
}

static char *
shorten (const char *text)
{
  g_autofree char *begin = g_strndup (text, SHOWN_CHARS);
  g_autofree char *escaped = g_strescape (begin, NULL);

  return g_strdup_printf ("%s%s", escaped, strlen (text) > SHOWN_CHARS ? "..." : "");
}

static void
fail (const char *const      *words,
      const RbBadInputResult *result,
      const char             *why)
{
  g_autoptr(GString) line = g_string_new (NULL);
  g_autofree char *err = g_strescape (g_bytes_get_data (result->err, NULL), NULL);

  for (gsize i = 0; words[i] != NULL; i++)
    {
      g_autofree char *word = shorten (words[i]);

      g_string_append_printf (line, " '%s'", word);
    }
  g_test_message ("brokerctl%s: %s; it ended with %d: %.3000s", line->str, why, result->code, err);
  g_test_fail ();
}

static gboolean
is_documented (int code)
{
  for (const RbExitCodeInfo *info = rb_verbs_get_exit_codes (); info->meaning != NULL; info++)
    if (info->code == (RbExitCode) code)
      return TRUE;
  return FALSE;
}

/* Nothing that a terminal would obey. */
static gboolean
is_harmless (GBytes *bytes)
{
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);

  if (!g_utf8_validate_len (text, size, NULL))
    return FALSE;
  for (const char *at = text; at < text + size; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if ((c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e))
        return FALSE;
    }
  return TRUE;
}

/* Each line says whose it is, but for those of a list, which are indented: no word may look like a remark of its own. */
static gboolean
is_signed (GBytes *bytes)
{
  g_auto(GStrv) lines = g_strsplit (g_bytes_get_data (bytes, NULL), "\n", -1);

  for (gsize i = 0; lines[i] != NULL; i++)
    if (*lines[i] != '\0' && !g_str_has_prefix (lines[i], "brokerctl: ") && (i == 0 || !g_str_has_prefix (lines[i], "  ")))
      return FALSE;
  return TRUE;
}

void
rb_bad_input_judge (const char *const      *words,
                    const RbBadInputResult *result)
{
  gsize n_out = g_bytes_get_size (result->out);
  gsize n_err = g_bytes_get_size (result->err);

  if (!is_documented (result->code))
    fail (words, result, "that is no exit code of ours");
  else if (!is_harmless (result->err) || !is_harmless (result->out))
    fail (words, result, "it prints what a terminal would obey");
  else if (n_err > READABLE_BYTES)
    fail (words, result, "nobody reads that much");
  else if (!is_signed (result->err))
    fail (words, result, "a line that does not say who it is from");
  else if (result->code != RB_EXIT_OK && result->code != RB_EXIT_INTERRUPTED && n_err == 0 && n_out == 0)
    fail (words, result, "no reason");
  else if (result->code == RB_EXIT_USAGE && n_out > 0)
    fail (words, result, "output beside a refusal");
}
