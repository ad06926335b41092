/* rb-setup.h: the settings of one start, from every source
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-credentials.h"
#include "rb-settings.h"

G_BEGIN_DECLS

/* What the command line says. All may be NULL. @asks: somebody waits for this start: it is called with the reason when the person has to be asked for
 * the keyring, which takes as long as persons take. */
typedef struct {
  char  *config_file;    /* --config: instead of the usual files */
  char **assignments;    /* --set */
  char  *profile;
  char  *account;
  char  *data_dir;
  char  *log_level;
  gboolean may_prompt;   /* a locked keyring asks to be unlocked */
  void   (*asks) (const GError *why, gpointer user_data);
  gpointer asks_data;
} RbSetupOptions;

/* Reads files, environment and options, chooses the profile, asks the modules for their tables, reads the credentials of profile masons
 * and judges all of it once. @credentials: (out) (nullable): NULL on another profile, or when they are wrong.
 * @problems: (element-type utf8): gets a line for everything that is wrong; the broker must not start when there is one. */
RbSettings *rb_setup_settings        (const RbSetupOptions *options, RbCredentials **credentials, GPtrArray *problems);

/* The same of files, environment and options alone: without modules, profile and credentials. */
RbSettings *rb_setup_basic_settings  (const RbSetupOptions *options, GPtrArray *problems);

/* Makes the keys of every module that is there known to @settings, which is to be resolved again then. @basic: says where modules are. */
void        rb_setup_learn_modules   (RbSettings *settings, const RbSettings *basic);

/* Adds to @problems that the account's database, which another broker may have open, is of a newer version. @credentials: (nullable) */
void        rb_setup_check_database  (const RbSettings *settings, const RbCredentials *credentials, GPtrArray *problems);

/* Those of the profile and the settings that cannot be loaded: a line each in @missing. Returns how many there have to be. */
guint       rb_setup_find_missing_modules (const RbSettings *settings, GPtrArray *missing);

/* A line in @problems for each module without which a start would end. */
void        rb_setup_check_required (const RbSettings *settings, GPtrArray *problems);

/* Where modules are: RB_MODULE_PATH (separated by ':'), else [broker] modules-dir, else what lies beside @program (rb-installed.h),
 * else where they were installed. @module_path, @program (path of the running program): (nullable) */
GStrv       rb_setup_dup_module_dirs (const RbSettings *settings, const char *module_path, const char *program);
/* The same, of this process. */
GStrv       rb_setup_dup_own_module_dirs (const RbSettings *settings);
/* An RbHostIsolateFunc: by the settings that it is given. */
gboolean    rb_setup_is_isolated           (const char *name, gpointer user_data);

G_END_DECLS
