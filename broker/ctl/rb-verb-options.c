/* rb-verb-options.c: which option of a verb a word of the command line is
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-verb-options.h"

#include <string.h>

gboolean
rb_verb_option_has_value (const GOptionEntry *entry)
{
  return entry->arg != G_OPTION_ARG_NONE && (entry->flags & G_OPTION_FLAG_NO_ARG) == 0 && (entry->flags & G_OPTION_FLAG_OPTIONAL_ARG) == 0;
}

static gboolean
is_meant (const GOptionEntry *entry,
          const char         *word)
{
  gsize length = strcspn (word, "=");

  if (g_str_has_prefix (word, "--"))
    return strlen (entry->long_name) == length - 2 && strncmp (entry->long_name, word + 2, length - 2) == 0;
  return entry->short_name != 0 && word[1] == entry->short_name && word[2] == '\0';
}

static const GOptionEntry *
find_in (const GOptionEntry *entries,
         const char         *word)
{
  for (; entries != NULL && entries->long_name != NULL; entries++)
    if (is_meant (entries, word))
      return entries;
  return NULL;
}

const GOptionEntry *
rb_verb_find_option (const RbVerb *verb,
                     const char   *word)
{
  const GOptionEntry *own = verb != NULL ? find_in (verb->options, word) : NULL;

  return own != NULL ? own : find_in (rb_verbs_get_common_options (), word);
}

const char *
rb_verb_find_idle_value (const char *const *argv)
{
  const RbVerb *verb = NULL;

  for (gsize i = 1; argv[0] != NULL && argv[i] != NULL && !g_str_equal (argv[i], "--"); i++)
    {
      gboolean is_option = *argv[i] == '-' && argv[i][1] != '\0';
      gboolean gives = is_option && strchr (argv[i], '=') != NULL;
      const GOptionEntry *entry = is_option ? rb_verb_find_option (verb, argv[i]) : NULL;

      if (!is_option && verb == NULL)
        verb = rb_verbs_lookup (argv[i]);
      if (entry == NULL)
        continue;
      if (gives && entry->arg == G_OPTION_ARG_NONE)
        return argv[i];
      /* The next word is its value, whatever it looks like. */
      if (!gives && rb_verb_option_has_value (entry) && argv[i + 1] != NULL)
        i++;
    }
  return NULL;
}
