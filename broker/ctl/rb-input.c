/* rb-input.c: a text from standard input
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-input.h"

#include "rb-error.h"

#include <gio/gunixinputstream.h>
#include <glib/gi18n.h>
#include <unistd.h>

/* What fits the broker's body limit of 1 MiB, escapes apart; the broker judges the rest. */
#define INPUT_MAX (1024 * 1024)

char *
rb_input_read (GError **error)
{
  g_autoptr(GInputStream) input = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  g_autofree char *buffer = g_malloc (INPUT_MAX + 1);
  gsize size = 0;

  if (!g_input_stream_read_all (input, buffer, INPUT_MAX + 1, &size, NULL, error))
    return NULL;
  if (size > INPUT_MAX)
    {
      rb_set_error (error, RB_ERROR_TOO_LARGE, "input_too_large", _ ("the text is longer than %d bytes"), INPUT_MAX);
      return NULL;
    }
  if (!g_utf8_validate_len (buffer, size, NULL))
    {
      rb_set_error (error, RB_ERROR_INVALID, "not_utf8", _ ("the text is not UTF-8"));
      return NULL;
    }
  return g_strndup (buffer, size);
}
