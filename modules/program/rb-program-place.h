/* rb-program-place.h: what a program is started with: where it works, what it reads, where its output goes
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-api.h"

G_BEGIN_DECLS

typedef struct {
  char      **argv;         /* argv[0]: an absolute path */
  char      **environment;
  const char *input;        /* NULL: standard input on the null device */
  gboolean    keep_output;
  gboolean    is_launcher;  /* its good end is not the runtime's end */
  const char *kind;
  const char *token;
  const char *directory;    /* where it is to work; NULL: in the one that its kind has */
} RbProgramStart;

typedef struct {
  char *name;           /* of this start alone: "KIND-HASH" */
  char *directory;      /* without symbolic links */
  int   directory_fd;
  int   input_fd;       /* the whole prompt, to be read once */
  int   output_fd;
  char *log_file;       /* NULL: the output is not kept */
} RbProgramPlace;

/* @state_dir: of the account. Fails with RB_ERROR_FORBIDDEN "directory_refused", or
 * RB_ERROR_UNAVAILABLE "spawn_failed". */
RbProgramPlace *rb_program_place_new  (const RbProgramStart *start, const RbSpawnTerms *terms, const char *state_dir, GError **error);
void            rb_program_place_free (RbProgramPlace *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbProgramPlace, rb_program_place_free)
/* Where its output goes, unless a service manager keeps it. */
gboolean        rb_program_place_open_output (RbProgramPlace *self, const RbProgramStart *start, const char *state_dir, GError **error);

/* @path, resolved, is one of @directories (resolved, separated by ';') or below one. */
gboolean        rb_program_place_is_allowed (const char *path, const char *directories);

G_END_DECLS
