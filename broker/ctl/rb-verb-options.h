/* rb-verb-options.h: which option of a verb a word of the command line is
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-verb.h"

G_BEGIN_DECLS

/* @word: "--name", "--name=value" (up to the sign), "-n". @verb: (nullable): only the options of every verb. NULL: there is none. */
const GOptionEntry *rb_verb_find_option       (const RbVerb       *verb,
                                               const char         *word);
gboolean            rb_verb_option_has_value  (const GOptionEntry *entry);

/* The first word of @argv that gives a value to an option that takes none, which GOption would pass over: "--remember=no" is no "--remember".
 * NULL: there is none. */
const char         *rb_verb_find_idle_value   (const char *const  *argv);

G_END_DECLS
