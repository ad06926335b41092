/* rb-secret-prompt.c: asks the person at the terminal for something that may be secret
 *
 * While nothing is echoed, Ctrl-C is a character and no signal: a process that a signal ended would leave the terminal mute.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-secret-prompt.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define MAX_LINE 8192
#define CTRL_C '\003'

gboolean
rb_secret_prompt_can_ask (void)
{
  return isatty (STDIN_FILENO) == 1 && isatty (STDERR_FILENO) == 1;
}

/* Byte by byte: what stdio would read ahead stays in its buffer, for others to find. */
static gboolean
read_line (char *line)
{
  gsize length = 0;
  char byte;

  while (length < MAX_LINE - 1 && read (STDIN_FILENO, &byte, 1) == 1)
    {
      if (byte == '\n')
        {
          line[length] = '\0';
          return TRUE;
        }
      if (byte == CTRL_C)
        return FALSE;
      line[length++] = byte;
    }
  return FALSE;
}

static gboolean
ask (const char *question,
     char       *line)
{
  fprintf (stderr, "%s: ", question);
  fflush (stderr);
  return read_line (line);
}

/* Mute before the question is seen: whoever is quick is not shown either. */
static gboolean
ask_mute (const char *question,
          char       *line)
{
  struct termios before, mute;
  gboolean good;

  if (tcgetattr (STDIN_FILENO, &before) != 0)
    return FALSE;
  mute = before;
  mute.c_lflag &= ~(tcflag_t) (ECHO | ISIG);
  if (tcsetattr (STDIN_FILENO, TCSADRAIN, &mute) != 0)
    return FALSE;
  good = ask (question, line);
  tcsetattr (STDIN_FILENO, TCSADRAIN, &before);
  fputc ('\n', stderr);
  return good;
}

char *
rb_secret_prompt_ask (const char *question,
                      gboolean    is_secret)
{
  g_autofree char *line = g_malloc0 (MAX_LINE);
  char *answer = NULL;

  if (is_secret ? ask_mute (question, line) : ask (question, line))
    answer = g_strdup (g_strstrip (line));
  explicit_bzero (line, MAX_LINE);
  return answer;
}

void
rb_secret_prompt_free (char *text)
{
  if (text != NULL)
    explicit_bzero (text, strlen (text));
  g_free (text);
}
