/* rb-search-query.c: the words that somebody looks for
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-search-query.h"

#include "rb-error.h"

#include <string.h>

typedef struct {
  GStrv     words;        /* folded */
  guint     n_words;
  gboolean  is_prefix;    /* of the last of them */
} Term;

struct _RbSearchQuery {
  gatomicrefcount ref_count;
  GArray          *terms;        /* of Term */
};

/* One word of a text: what it is, and where. */
typedef struct {
  char       *folded;
  const char *begin;
  const char *end;
} Word;

static void
clear_term (gpointer data)
{
  g_strfreev (((Term *) data)->words);
}

static void
clear_word (gpointer data)
{
  g_free (((Word *) data)->folded);
}

static gboolean
is_mark (gunichar c)
{
  GUnicodeType type = g_unichar_type (c);

  return type == G_UNICODE_NON_SPACING_MARK || type == G_UNICODE_SPACING_MARK || type == G_UNICODE_ENCLOSING_MARK;
}

static gboolean
is_word (gunichar c)
{
  return g_unichar_isalnum (c) || is_mark (c) || g_unichar_type (c) == G_UNICODE_PRIVATE_USE;
}

/* As FTS5's unicode61 does: lower case, without diacritics. */
static char *
fold (const char *begin,
      const char *end)
{
  g_autofree char *lower = g_utf8_strdown (begin, end - begin);
  g_autofree char *split = g_utf8_normalize (lower, -1, G_NORMALIZE_NFD);
  GString *folded = g_string_new (NULL);

  for (const char *at = split; *at != '\0'; at = g_utf8_next_char (at))
    if (!is_mark (g_utf8_get_char (at)))
      g_string_append_unichar (folded, g_utf8_get_char (at));
  return g_string_free (folded, FALSE);
}

/* Of valid UTF-8. FALSE at the end. */
static gboolean
next_word (const char **at,
           Word        *word)
{
  while (**at != '\0' && !is_word (g_utf8_get_char (*at)))
    *at = g_utf8_next_char (*at);
  if (**at == '\0')
    return FALSE;

  word->begin = *at;
  while (**at != '\0' && is_word (g_utf8_get_char (*at)))
    *at = g_utf8_next_char (*at);
  word->end = *at;
  word->folded = fold (word->begin, word->end);
  return TRUE;
}

static gboolean
refuse (GError     **error,
        const char  *text)
{
  rb_set_error (error, RB_ERROR_INVALID, "bad_query", "%s", text);
  return FALSE;
}

static gboolean
add_term (RbSearchQuery  *self,
          const char     *begin,
          const char     *end,
          gboolean        is_prefix,
          GError        **error)
{
  g_autofree char *text = g_strndup (begin, end - begin);
  g_autoptr(GStrvBuilder) words = g_strv_builder_new ();
  const char *at = text;
  Term term = { NULL, 0, is_prefix };
  Word word;

  while (next_word (&at, &word))
    {
      g_strv_builder_add (words, word.folded);
      clear_word (&word);
      term.n_words++;
    }
  if (term.n_words == 0)
    return refuse (error, "each part of the query needs a letter or a digit");
  if (self->terms->len == RB_SEARCH_TERMS_MAX)
    return refuse (error, "the query has too many parts");

  term.words = g_strv_builder_end (words);
  g_array_append_val (self->terms, term);
  return TRUE;
}

static gboolean
parse_terms (RbSearchQuery  *self,
             const char     *at,
             GError        **error)
{
  while (*(at += strspn (at, " \t\n")) != '\0')
    {
      gboolean is_phrase = *at == '"';
      const char *begin = at + (is_phrase ? 1 : 0);
      const char *end = begin + strcspn (begin, is_phrase ? "\"" : " \t\n\"");
      gboolean is_prefix;

      if (is_phrase && *end == '\0')
        return refuse (error, "a quotation mark is not closed");
      at = end + (is_phrase ? 1 : 0);
      is_prefix = is_phrase ? *at == '*' : end > begin && end[-1] == '*';
      at += is_phrase && is_prefix ? 1 : 0;
      if (!add_term (self, begin, end, is_prefix, error))
        return FALSE;
    }
  return self->terms->len > 0 || refuse (error, "the query is empty");
}

static gboolean
has_controls (const char *text)
{
  for (; *text != '\0'; text++)
    if (g_ascii_iscntrl (*text) && strchr ("\t\n", *text) == NULL)
      return TRUE;
  return FALSE;
}

/**
 * rb_search_query_parse:
 * @text: what somebody typed; may be untrusted
 * @error: return location for a #GError
 *
 * Returns: (transfer full) (nullable): the query
 */
RbSearchQuery *
rb_search_query_parse (const char  *text,
                       GError     **error)
{
  g_autoptr(RbSearchQuery) self = g_new0 (RbSearchQuery, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->terms = g_array_new (FALSE, FALSE, sizeof (Term));
  g_array_set_clear_func (self->terms, clear_term);
  if (strlen (text) > RB_SEARCH_QUERY_MAX)
    refuse (error, "the query is longer than " G_STRINGIFY (RB_SEARCH_QUERY_MAX) " bytes");
  else if (!g_utf8_validate (text, -1, NULL) || has_controls (text))
    refuse (error, "the query has control characters, or is not UTF-8");
  else if (parse_terms (self, text, error))
    return g_steal_pointer (&self);
  return NULL;
}

RbSearchQuery *
rb_search_query_ref (RbSearchQuery *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
rb_search_query_unref (RbSearchQuery *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_array_unref (self->terms);
  g_free (self);
}

char *
rb_search_query_to_fts (const RbSearchQuery *self)
{
  GString *fts = g_string_new (NULL);

  for (guint i = 0; i < self->terms->len; i++)
    {
      const Term *term = &g_array_index (self->terms, Term, i);
      g_autofree char *words = g_strjoinv (" ", term->words);

      /* a folded word has no quotation mark */
      g_string_append_printf (fts, "%s\"%s\"%s", i > 0 ? " AND " : "", words, term->is_prefix ? " *" : "");
    }
  return g_string_free (fts, FALSE);
}

static GArray *
split (const char *text)
{
  GArray *words = g_array_new (FALSE, FALSE, sizeof (Word));
  Word word;

  g_array_set_clear_func (words, clear_word);
  while (next_word (&text, &word))
    g_array_append_val (words, word);
  return words;
}

static gboolean
is_at (const Term   *term,
       const GArray *words,
       guint         position)
{
  if (position + term->n_words > words->len)
    return FALSE;

  for (guint i = 0; i < term->n_words; i++)
    {
      const char *found = g_array_index (words, Word, position + i).folded;
      gboolean may_go_on = term->is_prefix && i == term->n_words - 1;

      if (may_go_on ? !g_str_has_prefix (found, term->words[i]) : strcmp (found, term->words[i]) != 0)
        return FALSE;
    }
  return TRUE;
}

static gboolean
find_term (const Term   *term,
           const GArray *words,
           guint        *position)
{
  for (guint i = 0; i < words->len; i++)
    if (is_at (term, words, i))
      {
        *position = i;
        return TRUE;
      }
  return FALSE;
}

static guint
hit_length (const RbSearchQuery *self,
            const GArray        *words,
            guint                position)
{
  guint length = 0;

  for (guint t = 0; t < self->terms->len; t++)
    {
      const Term *term = &g_array_index (self->terms, Term, t);

      if (is_at (term, words, position))
        length = MAX (length, term->n_words);
    }
  return length;
}

static char *
make_snippet (const RbSearchQuery *self,
              const GArray        *words,
              guint                first)
{
  guint begin = first > 4 ? first - 4 : 0;
  guint end = MIN (begin + RB_SEARCH_SNIPPET_WORDS, words->len);
  GString *snippet = g_string_new (begin > 0 ? "…" : NULL);
  const char *at = g_array_index (words, Word, begin).begin;

  for (guint i = begin; i < end;)
    {
      guint length = hit_length (self, words, i);
      const Word *word = &g_array_index (words, Word, i);
      const Word *last = &g_array_index (words, Word, i + (length > 0 ? length - 1 : 0));

      g_string_append_len (snippet, at, word->begin - at);
      g_string_append_printf (snippet, "%s%.*s%s", length > 0 ? RB_SEARCH_HIT_BEGIN : "", (int) (last->end - word->begin), word->begin,
                              length > 0 ? RB_SEARCH_HIT_END : "");
      at = last->end;
      i += MAX (length, 1);
    }
  if (end < words->len)
    g_string_append (snippet, "…");
  return g_string_free (snippet, FALSE);
}

gboolean
rb_search_query_matches (const RbSearchQuery  *self,
                         const char           *text,
                         char                **snippet)
{
  g_autoptr(GArray) words = split (text);
  guint first = G_MAXUINT;

  for (guint t = 0; t < self->terms->len; t++)
    {
      guint position;

      if (!find_term (&g_array_index (self->terms, Term, t), words, &position))
        return FALSE;
      first = MIN (first, position);
    }
  if (snippet != NULL)
    *snippet = make_snippet (self, words, first);
  return TRUE;
}
