/* rb-options.h: the command line of runtime-brokerd
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-setup.h"

G_BEGIN_DECLS

typedef struct {
  RbSetupOptions setup;
  gboolean       version;
  gboolean       verbose;
  gboolean       activated;
  gboolean       check;
  gboolean       explain;
  gboolean       json;
  char          *login;      /* what rb_login_run() is to do */
  char          *to_file;
  gboolean       examine;
  char          *edit_config;   /* GROUP.KEY: what rb_config_edit_run() is to edit */
  char          *to_value;     /* NULL: it is taken out */
  char         **rest;
} RbOptions;

/* Two columns of --help, which runtime-brokerd(8) is made of, too. */
typedef struct {
  const char *left;    /* NULL ends the table */
  const char *right;   /* translated when shown */
} RbOptionsText;

/* Fills @options, which is empty. Once in a process: the table of options has one place for each value. */
gboolean             rb_options_parse          (RbOptions   *options,
                                                int         *argc,
                                                char      ***argv,
                                                GError     **error);
void                 rb_options_clear          (RbOptions   *options);
const GOptionEntry  *rb_options_get_entries    (void);
const RbOptionsText *rb_options_get_examples   (void);
const RbOptionsText *rb_options_get_exit_codes (void);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RbOptions, rb_options_clear)

G_END_DECLS
