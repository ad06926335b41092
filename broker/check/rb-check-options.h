/* rb-check-options.h: the command line of rb-module-check
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-api.h"

G_BEGIN_DECLS

typedef struct {
  char      *module;             /* an absolute path */
  char     **settings;           /* KEY=VALUE; {dir} and {runtime} are filled in */
  char     **settings_files;
  gboolean   has_twin;
  char     **twin_settings;
  char      *partner;            /* a command line */
  char      *spawn_kind;
  char     **only;
  char      *expected_failures;
  char      *certificate;
  gboolean   json;
  gboolean   list;
  gboolean   strict;
  gboolean   verbose;
  gboolean   version;
  int        timeout_s;          /* of a case */
  int        patience_ms;        /* of one wait in it */
  char     **rest;
} RbCheckOptions;

/* Two columns of --help, which rb-module-check(1) is made of, too. */
typedef struct {
  const char *left;    /* NULL ends the table */
  const char *right;
} RbCheckText;

/* Fills @options, which is empty. Once in a process: the table of options has one place for each value. */
gboolean            rb_check_options_parse          (RbCheckOptions  *options,
                                                     int             *argc,
                                                     char          ***argv,
                                                     GError         **error);
void                rb_check_options_clear          (RbCheckOptions  *options);
const GOptionEntry *rb_check_options_get_entries    (void);
const RbCheckText  *rb_check_options_get_examples   (void);
const RbCheckText  *rb_check_options_get_exit_codes (void);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RbCheckOptions, rb_check_options_clear)

G_END_DECLS
