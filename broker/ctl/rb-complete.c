/* rb-complete.c: what may stand at one place of a command line of brokerctl
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-complete.h"

#include "rb-verb-options.h"

#include <glib/gi18n.h>
#include <string.h>

/* The command line up to the word that is to be completed. */
typedef struct {
  const RbVerb       *verb;        /* NULL: it is that word, or a common option */
  guint               n_args;      /* of the verb */
  const GOptionEntry *wants;       /* whose value comes next; NULL: none */
  gboolean            only_args;   /* behind "--" */
} Line;

RbCompletion *
rb_completion_new (const char *word,
                   const char *meaning)
{
  RbCompletion *self = g_new (RbCompletion, 1);

  self->word = g_strdup (word);
  self->meaning = g_strdup (meaning);
  return self;
}

void
rb_completion_free (RbCompletion *self)
{
  g_free (self->word);
  g_free (self->meaning);
  g_free (self);
}

static void
read_word (Line       *line,
           const char *word)
{
  const GOptionEntry *entry;

  if (line->wants != NULL)
    line->wants = NULL;
  else if (!line->only_args && g_str_equal (word, "--"))
    line->only_args = TRUE;
  else if (!line->only_args && *word == '-' && word[1] != '\0')
    {
      entry = rb_verb_find_option (line->verb, word);
      line->wants = entry != NULL && rb_verb_option_has_value (entry) && strchr (word, '=') == NULL ? entry : NULL;
    }
  else if (line->verb == NULL)
    line->verb = rb_verbs_lookup (word);
  else
    line->n_args++;
}

static void
add_options (const GOptionEntry *entries,
             GPtrArray          *completions)
{
  for (; entries != NULL && entries->long_name != NULL; entries++)
    {
      g_autofree char *word = g_strconcat ("--", entries->long_name, rb_verb_option_has_value (entries) ? "=" : "", NULL);

      if ((entries->flags & G_OPTION_FLAG_HIDDEN) == 0)
        g_ptr_array_add (completions, rb_completion_new (word, _ (entries->description)));
    }
}

static void
add_verbs (GPtrArray *completions)
{
  for (const RbVerb *const *verbs = rb_verbs_get (); *verbs != NULL; verbs++)
    if (!(*verbs)->hidden)
      g_ptr_array_add (completions, rb_completion_new ((*verbs)->name, _ ((*verbs)->summary)));
}

/* An option says what it takes in the word that stands for it in the help. */
static const char *
get_value_kind (const GOptionEntry *entry)
{
  if (entry->arg == G_OPTION_ARG_FILENAME)
    return RB_COMPLETE_FILE;
  return g_strcmp0 (entry->arg_description, "ENDPOINT") == 0 ? "endpoint" : NULL;
}

/* The kind of the verb's n-th argument: the last one goes for all that follow. */
static char *
dup_kind (const RbVerb *verb,
          guint         n)
{
  g_auto(GStrv) kinds = g_strsplit (verb->completes != NULL ? verb->completes : "", " ", -1);
  guint length = g_strv_length (kinds);

  if (length == 0 || (verb->max_args >= 0 && n >= (guint) verb->max_args))
    return NULL;
  return g_strdup (kinds[MIN (n, length - 1)]);
}

/* "=list|set|remove": just these; "verb": those of the table; others are the broker's. */
static const char *
add_kind (const char *kind,
          GPtrArray  *completions)
{
  g_auto(GStrv) words = NULL;

  if (g_str_equal (kind, "verb"))
    {
      add_verbs (completions);
      return NULL;
    }
  if (*kind != '=')
    return g_intern_string (kind);
  words = g_strsplit (kind + 1, "|", -1);
  for (guint i = 0; words[i] != NULL; i++)
    g_ptr_array_add (completions, rb_completion_new (words[i], NULL));
  return NULL;
}

const char *
rb_complete (const char *const  *words,
             GPtrArray          *completions,
             const RbVerb      **verb)
{
  Line line = { NULL };
  const GOptionEntry *entry = NULL;
  const char *last = "";
  g_autofree char *kind = NULL;

  for (gsize i = 0; words[i] != NULL; i++)
    {
      if (words[i + 1] != NULL)
        read_word (&line, words[i]);
      last = words[i];
    }
  *verb = line.verb;
  if (!line.only_args && g_str_has_prefix (last, "--") && strchr (last, '=') != NULL)
    entry = rb_verb_find_option (line.verb, last);
  if (line.wants != NULL || entry != NULL)
    return get_value_kind (entry != NULL ? entry : line.wants);

  if (!line.only_args && *last == '-')
    {
      add_options (line.verb != NULL ? line.verb->options : NULL, completions);
      add_options (rb_verbs_get_common_options (), completions);
      return NULL;
    }
  if (line.verb == NULL)
    {
      add_verbs (completions);
      return NULL;
    }
  kind = dup_kind (line.verb, line.n_args);
  return kind != NULL ? add_kind (kind, completions) : NULL;
}

const char *
rb_complete_option (const char *const *words,
                    const char        *long_name)
{
  for (gsize i = 0; words[i] != NULL && words[i + 1] != NULL; i++)
    {
      const GOptionEntry *entry = *words[i] == '-' && words[i][1] != '\0' ? rb_verb_find_option (NULL, words[i]) : NULL;
      const char *sign = strchr (words[i], '=');

      if (entry == NULL || !g_str_equal (entry->long_name, long_name))
        continue;
      if (sign != NULL)
        return sign + 1;
      return words[i + 2] != NULL ? words[i + 1] : NULL;
    }
  return NULL;
}
