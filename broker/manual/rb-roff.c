/* rb-roff.c: plain text as the source of a man page
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-roff.h"

#include <string.h>

static void
escape_range (GString    *out,
              const char *text,
              gsize       length)
{
  for (gsize i = 0; i < length; i++)
    {
      if (text[i] == '\\')
        g_string_append (out, "\\e");
      else if (text[i] == '-')
        g_string_append (out, "\\-");
      else if (text[i] == '\'')
        g_string_append (out, "\\(aq");
      else if (text[i] == '~')
        g_string_append (out, "\\(ti");
      else if (text[i] == '^')
        g_string_append (out, "\\(ha");
      else if (text[i] == '`')
        g_string_append (out, "\\(ga");
      else
        g_string_append_c (out, text[i]);
    }
}

void
rb_roff_escape (GString    *out,
                const char *text)
{
  escape_range (out, text, strlen (text));
}

static void
append_styled (GString    *out,
               char        style,
               const char *text,
               gsize       length)
{
  g_string_append_printf (out, "\\f%c", style);
  escape_range (out, text, length);
  g_string_append (out, "\\fR");
}

/* Bytes of an option or of the name of a page at @word; 0: it is neither. */
static gsize
measure_bold (const char *word)
{
  gsize length = strspn (word, "abcdefghijklmnopqrstuvwxyz0123456789-.");

  if (word[0] == '-' && length > 1 && (g_ascii_isalpha (word[1]) || word[1] == '-'))
    return length;
  if (length > 0 && word[length] == '(' && g_ascii_isdigit (word[length + 1]) && word[length + 2] == ')')
    return length;
  return 0;
}

static void
append_word (GString    *out,
             const char *word)
{
  gsize before = strspn (word, "(\"'[");
  gsize bold = measure_bold (word + before);

  /* A full stop behind an option is none of it. */
  while (bold > 0 && word[before + bold - 1] == '.')
    bold--;
  /* A line that begins so would be a request. */
  if (word[0] == '.' && (out->len == 0 || out->str[out->len - 1] == '\n'))
    g_string_append (out, "\\&");
  escape_range (out, word, before);
  if (bold > 0)
    append_styled (out, 'B', word + before, bold);
  rb_roff_escape (out, word + before + bold);
}

/* What ends a sentence and is not "e.g." or a number. */
static gboolean
ends_sentence (const char *word,
               const char *next)
{
  gsize length = strlen (word);

  while (length > 0 && strchr (")\"'", word[length - 1]) != NULL)
    length--;
  return next != NULL && length > 1 && strchr (".!?", word[length - 1]) != NULL && g_ascii_isupper (next[next[0] == '\'' || next[0] == '"' ? 1 : 0]);
}

static void
append_paragraph (GString    *out,
                  const char *text)
{
  g_auto(GStrv) words = g_strsplit_set (text, " \n", -1);

  for (guint i = 0; words[i] != NULL; i++)
    {
      append_word (out, words[i]);
      g_string_append_c (out, words[i + 1] == NULL || ends_sentence (words[i], words[i + 1]) ? '\n' : ' ');
    }
}

void
rb_roff_prose (GString    *out,
               const char *text)
{
  g_auto(GStrv) paragraphs = g_strsplit (text, "\n\n", -1);

  for (guint i = 0; paragraphs[i] != NULL; i++)
    {
      if (i > 0)
        g_string_append (out, ".PP\n");
      append_paragraph (out, paragraphs[i]);
    }
}

void
rb_roff_summary (GString    *out,
                 const char *text,
                 gboolean    capital)
{
  g_autofree char *sentence = g_strdup_printf ("%s.", text);

  if (capital)
    sentence[0] = g_ascii_toupper (sentence[0]);
  rb_roff_prose (out, sentence);
}

void
rb_roff_usage (GString    *out,
               const char *text)
{
  while (*text != '\0')
    {
      gsize plain = strcspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-");
      gsize word;

      escape_range (out, text, plain);
      text += plain;
      word = strspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.");
      /* Dots behind it say that there may be more of it. */
      while (word > 0 && text[word - 1] == '.')
        word--;
      if (word > 0)
        append_styled (out, g_ascii_isupper (text[0]) ? 'I' : 'B', text, word);
      text += word;
    }
}

static void
append_option (GString            *out,
               const GOptionEntry *entry)
{
  const char *value = entry->arg_description;

  g_string_append (out, ".TP\n");
  if (entry->short_name != 0)
    g_string_append_printf (out, "\\fB\\-%c\\fR, ", entry->short_name);
  g_string_append (out, "\\fB\\-\\-");
  rb_roff_escape (out, entry->long_name);
  g_string_append (out, "\\fR");
  if (value != NULL)
    {
      /* "[SECONDS]": one may leave it out, with the equals sign. */
      g_string_append (out, value[0] == '[' ? "[=" : "=");
      rb_roff_usage (out, value[0] == '[' ? value + 1 : value);
    }
  g_string_append_c (out, '\n');
}

void
rb_roff_options (GString            *out,
                 const GOptionEntry *options,
                 RbRoffNoteFunc      note,
                 gpointer            user_data)
{
  for (const GOptionEntry *entry = options; entry != NULL && entry->long_name != NULL; entry++)
    {
      const char *more;

      if (entry->long_name[0] == '\0' || (entry->flags & G_OPTION_FLAG_HIDDEN) != 0)
        continue;
      append_option (out, entry);
      rb_roff_summary (out, entry->description, FALSE);
      more = note (user_data, entry->long_name);
      if (more != NULL)
        g_string_append (out, more);
    }
}

void
rb_roff_row (GString    *out,
             const char *left,
             const char *right,
             const char *note)
{
  g_string_append (out, ".TP\n\\fB");
  rb_roff_escape (out, left);
  g_string_append (out, "\\fR\n");
  rb_roff_summary (out, right, TRUE);
  g_string_append (out, note != NULL ? note : "");
}
