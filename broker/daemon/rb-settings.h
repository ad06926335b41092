/* rb-settings.h: the effective settings, and where each came from
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ipc-server.h"
#include "rb-settings-table.h"

G_BEGIN_DECLS

/* Layers are added in the order of their weight: files, environment, options; a later one wins. Nothing is judged until
 * rb_settings_resolve(), which may be called again once the tables of modules are known. Pure: files and the environment are read
 * by rb-settings-files.c.
 *
 * A problem is one line for people: "ORIGIN: [GROUP] KEY: what is wrong". */
typedef struct _RbSettings RbSettings;

typedef enum {
  RB_ORIGIN_DEFAULT,
  RB_ORIGIN_FILE,
  RB_ORIGIN_ENVIRONMENT,
  RB_ORIGIN_OPTION,
} RbOriginKind;

RbSettings  *rb_settings_new                (void);
void         rb_settings_free               (RbSettings *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbSettings, rb_settings_free)

/* A key file's text; @name is its path, for people. */
void         rb_settings_add_text           (RbSettings *self, const char *name, const char *text, gsize length, GPtrArray *problems);
/* The peer's variables (protocol.md 3.1); an empty one counts as unset (IMP-2). */
void         rb_settings_add_environment    (RbSettings *self, const char *const *environment);
/* "GROUP.KEY=VALUE" */
void         rb_settings_add_option         (RbSettings *self, const char *assignment, GPtrArray *problems);
void         rb_settings_set                (RbSettings *self, const char *group, const char *key, const char *value,
                                             RbOriginKind kind, const char *origin);
/* Weighs less than anything that somebody wrote. */
void         rb_settings_infer              (RbSettings *self, const char *group, const char *key, const char *value, const char *origin);
/* Makes the keys of group [<module name>] known; modules of one name share the group. Nothing of @info is kept. */
void         rb_settings_add_module         (RbSettings *self, const RbModuleInfo *info);
gboolean     rb_settings_has_key            (RbSettings *self, const char *group, const char *key);
/* rb-settings-isolation.c: whether the connector of group [@group] is to run in a process of its own; also before its keys are known. */
gboolean     rb_settings_is_isolated        (const RbSettings *self, const char *group);
/* Groups that somebody wrote and nobody knows, or nobody knows as a connector's although it is written so. */
GStrv        rb_settings_dup_unknown_groups (RbSettings *self);

/* Judges everything. A value that is wrong is not taken. @problems: (nullable) of char *, gets all of them. */
gboolean     rb_settings_resolve            (RbSettings *self, GPtrArray *problems);

/* Effective values. Asking for a key that does not exist is our bug. NULL: unset. */
const char  *rb_settings_get_string         (const RbSettings *self, const char *group, const char *key);
gint64       rb_settings_get_integer        (const RbSettings *self, const char *group, const char *key);
GStrv        rb_settings_dup_list           (const RbSettings *self, const char *group, const char *key);   /* NULL when unset */
const char  *rb_settings_get_origin         (const RbSettings *self, const char *group, const char *key);
/* What a module is given: char * to char *, the keys of its own table that are set. */
GHashTable  *rb_settings_dup_module_values  (const RbSettings *self, const RbModuleInfo *info);
/* Into the structures of the parts. Strings are borrowed from @self. */
void         rb_settings_fill_core          (const RbSettings *self, RbCoreSettings *core);
void         rb_settings_fill_ipc           (const RbSettings *self, RbIpcOptions *ipc);
void         rb_settings_fill_spawn         (const RbSettings *self, RbSpawnTerms *terms);   /* all but directories */
char        *rb_settings_dup_spawn_directories (const RbSettings *self);

/* rb-settings-explain.c: aa{sv} (floating): group, key, value (absent: unset), default, origin, summary; in the order of the tables */
GVariant    *rb_settings_view               (const RbSettings *self);
char        *rb_settings_to_text            (const RbSettings *self);
char        *rb_settings_to_json            (const RbSettings *self);

/* rb-settings-files.c: reads the files (or @only, when not NULL) that exist. Files that cannot be read are problems. */
void         rb_settings_read_files         (RbSettings *self, const char *only, GPtrArray *problems);
/* Their paths, lightest first: broker.conf of XDG_CONFIG_DIRS and XDG_CONFIG_HOME, then the drop-ins beside each. */
GStrv        rb_settings_dup_files          (const char *const *system_dirs, const char *user_dir);

G_END_DECLS
