/* rb-terminal.c: text as it may be shown: escaped, measured, cut
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-terminal.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEFAULT_COLUMNS 80
#define ELLIPSIS "\342\200\246"

static const char *const style_codes[] = {
  [RB_STYLE_PLAIN] = "0",
  [RB_STYLE_HEADING] = "1",
  [RB_STYLE_DIM] = "2",
  [RB_STYLE_GOOD] = "32",
  [RB_STYLE_BAD] = "31",
};

static guint
read_columns (int fd)
{
  const char *text = g_getenv ("COLUMNS");
  struct winsize size;
  guint64 columns;

  if (text != NULL && g_ascii_string_to_unsigned (text, 10, 1, 10000, &columns, NULL))
    return (guint) columns;
  if (!isatty (fd))
    return 0;
  if (ioctl (fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return DEFAULT_COLUMNS;
}

void
rb_terminal_init (RbTerminal *self,
                  int         fd)
{
  const char *no_colour = g_getenv ("NO_COLOR");

  self->columns = read_columns (fd);
  self->colour = isatty (fd) && (no_colour == NULL || *no_colour == '\0') && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

char *
rb_terminal_style (const RbTerminal *self,
                   RbStyle           style,
                   const char       *text)
{
  if (!self->colour || style == RB_STYLE_PLAIN)
    return g_strdup (text);
  return g_strdup_printf ("\033[%sm%s\033[0m", style_codes[style], text);
}

/* Marks that change the direction of what follows, separators that some terminals obey, tags, and what is invisible. */
static gboolean
is_treacherous (gunichar c)
{
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0x180e || (c >= 0x200b && c <= 0x200f)
         || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb)
         || (c >= 0xe0000 && c <= 0xe007f);
}

static void
append_escaped (GString  *out,
                gunichar  c)
{
  if (c == '\n')
    g_string_append (out, "\\n");
  else if (c == '\t')
    g_string_append (out, "\\t");
  else if (c < 0x100)
    g_string_append_printf (out, "\\x%02x", c);
  else
    g_string_append_printf (out, "\\u{%x}", c);
}

static char *
escape (const char *text,
        const char *allowed)
{
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);
  GString *out = g_string_sized_new (strlen (valid));

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (is_treacherous (c) && (c > 0x7f || strchr (allowed, (int) c) == NULL))
        append_escaped (out, c);
      else
        g_string_append_unichar (out, c);
    }
  return g_string_free (out, FALSE);
}

char *
rb_terminal_escape (const char *text)
{
  return escape (text, "");
}

char *
rb_terminal_escape_lines (const char *text)
{
  return escape (text, "\n\t");
}

/* As JSON writes what is beyond 16 bits: as two halves. */
static void
append_json_escaped (GString  *out,
                     gunichar  c)
{
  if (c > 0xffff)
    g_string_append_printf (out, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
  else
    g_string_append_printf (out, "\\u%04x", c);
}

char *
rb_terminal_escape_json (const char *json,
                         gsize       length)
{
  g_autofree char *valid = g_utf8_make_valid (json, (gssize) length);
  GString *out = g_string_sized_new (strlen (valid));

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c >= 0x7f && is_treacherous (c))
        append_json_escaped (out, c);
      else
        g_string_append_unichar (out, c);
    }
  return g_string_free (out, FALSE);
}

static guint
measure_char (gunichar c)
{
  if (g_unichar_iszerowidth (c))
    return 0;
  return g_unichar_iswide (c) ? 2 : 1;
}

guint
rb_terminal_measure (const char *text)
{
  guint cells = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    cells += measure_char (g_utf8_get_char (p));
  return cells;
}

/* The longest prefix of at most @cells. */
static const char *
find_cut (const char *text,
          guint       cells)
{
  guint used = 0;
  const char *p;

  for (p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      used += measure_char (g_utf8_get_char (p));
      if (used > cells)
        break;
    }
  return p;
}

char *
rb_terminal_pad (const char *text,
                 guint       cells)
{
  guint width = rb_terminal_measure (text);

  return g_strdup_printf ("%s%*s", text, width < cells ? (int) (cells - width) : 0, "");
}

char *
rb_terminal_cut (const char *text,
                 guint       cells)
{
  const char *end;

  if (rb_terminal_measure (text) <= cells)
    return g_strdup (text);
  if (cells == 0)
    return g_strdup ("");
  end = find_cut (text, cells - 1);
  return g_strdup_printf ("%.*s" ELLIPSIS, (int) (end - text), text);
}

/* Where a line that starts at @text must end: after @cells, or at the last space before. */
static const char *
find_break (const char *text,
            guint       cells)
{
  const char *limit = find_cut (text, cells);
  const char *space;

  if (*limit == '\0')
    return limit;
  space = g_strrstr_len (text, limit - text + 1, " ");
  if (space != NULL && space > text)
    return space;
  /* One character wider than the terminal still has to go somewhere. */
  return limit > text ? limit : g_utf8_next_char (text);
}

static void
wrap_line (GString    *out,
           const char *line,
           guint       cells,
           guint       indent,
           gboolean    first)
{
  do
    {
      guint room = first ? cells : cells - indent;
      const char *end = cells > 0 ? find_break (line, room) : line + strlen (line);

      if (!first)
        g_string_append_printf (out, "\n%*s", (int) indent, "");
      g_string_append_len (out, line, end - line);
      line = *end == ' ' ? end + 1 : end;
      first = FALSE;
    }
  while (*line != '\0');
}

char *
rb_terminal_wrap (const char *text,
                  guint       cells,
                  guint       indent)
{
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);
  GString *out = g_string_new (NULL);

  /* Beside the indentation there must be room for one wide character. */
  if (cells > 0 && cells < indent + 2)
    indent = cells > 2 ? cells - 2 : 0;
  for (gsize i = 0; lines[i] != NULL; i++)
    wrap_line (out, lines[i], cells, indent, i == 0);
  return g_string_free (out, FALSE);
}
