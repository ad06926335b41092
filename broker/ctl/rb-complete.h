/* rb-complete.h: what may stand at one place of a command line of brokerctl
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-verb.h"

G_BEGIN_DECLS

/* Made of the table of verbs, so that a shell offers what help explains. Pure: what only the broker knows is named by its kind. */
typedef struct {
  char *word;
  char *meaning;      /* (nullable) one line */
} RbCompletion;

void          rb_completion_free (RbCompletion *self);
RbCompletion *rb_completion_new  (const char *word, const char *meaning);

/* Kinds: those of RbVerb's `completes`, RB_COMPLETE_FILE, or NULL: nothing beyond @completions. */
#define RB_COMPLETE_FILE "file"

/**
 * rb_complete:
 * @words: what stands behind "brokerctl", the last one being the one to complete (perhaps empty)
 * @completions: (element-type RbCompletion): takes what fits, whatever the last word says already
 * @verb: (out) (nullable): the verb in front of it
 *
 * Returns: (nullable): the kind of thing that may stand there
 */
const char   *rb_complete        (const char *const  *words,
                                  GPtrArray          *completions,
                                  const RbVerb      **verb);
/* The value that one of the words in front of the last gives to a common option; NULL: none does. */
const char   *rb_complete_option (const char *const  *words,
                                  const char         *long_name);

G_END_DECLS
