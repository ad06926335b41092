/* rb-module.h: what every loadable module is, and what it is given
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "rb-bounds.h"
#include "rb-clock.h"

G_BEGIN_DECLS

#define RB_MODULE_ABI 1

typedef enum {
  RB_MODULE_CONNECTOR,
  RB_MODULE_UPSTREAM,
  RB_MODULE_SPAWN_DRIVER,
  RB_MODULE_EMITTER,
} RbModuleKind;

typedef enum {
  RB_SETTING_STRING,
  RB_SETTING_INTEGER,
  RB_SETTING_BOOLEAN,
  RB_SETTING_PATH,
  RB_SETTING_STRING_LIST,   /* separated by ';' */
} RbSettingType;

/* One key of the group [<module name>]. */
typedef struct {
  const char    *key;            /* lower-case-with-dashes; a final '*' stands for any ending; NULL ends the table */
  RbSettingType  type;
  const char    *default_value;  /* NULL: unset */
  const char    *summary;        /* one line for `config explain` */
} RbModuleSetting;

typedef struct {
  guint32                abi;       /* RB_MODULE_ABI */
  guint32                size;      /* sizeof (RbModuleInfo) */
  const char            *name;      /* "local", "gateway", ... */
  const char            *version;
  const char            *summary;
  RbModuleKind           kind;
  const RbModuleSetting *settings;  /* may be NULL */
  GType                (*get_type) (void);
} RbModuleInfo;

#define RB_MODULE_INFO_SYMBOL "rb_module_info"

#define RB_MODULE_DEFINE(name_, kind_, version_, summary_, settings_, get_type_)           \
  extern G_MODULE_EXPORT const RbModuleInfo rb_module_info;                                \
  G_MODULE_EXPORT const RbModuleInfo rb_module_info = {                                    \
    RB_MODULE_ABI, sizeof (RbModuleInfo), name_, version_, summary_, kind_, settings_, get_type_ \
  };
#ifndef G_MODULE_EXPORT
#define G_MODULE_EXPORT __attribute__ ((visibility ("default")))
#endif

/* What a module may know of the world. Made by the host, one for each module. */
#define RB_TYPE_MODULE_CONTEXT (rb_module_context_get_type ())
G_DECLARE_FINAL_TYPE (RbModuleContext, rb_module_context, RB, MODULE_CONTEXT, GObject)

/* How runtimes are started; of numbers 0 stands for no limit. Source: design.md section 7. */
typedef struct {
  gint64      memory_max_bytes;
  gint64      tasks_max;
  gint64      cpu_percent;       /* of one CPU */
  gint64      log_max_bytes;     /* of one file of a runtime's output */
  gint64      stop_timeout_ms;   /* from the wish that it ends until it is made to; 0: at once */
  const char *directories;       /* absolute, separated by ';': only there, and below, may it work */
  gboolean    no_units;          /* not even where there is a service manager */
} RbSpawnTerms;

typedef struct {
  RbClock    *clock;
  const char *account_id;
  const char *runtime_token;    /* the account's secret; never logged */
  const char *data_dir;         /* D of protocol.md 3.5: shared by all accounts of this user */
  const char *state_dir;        /* D/runtime-broker/S/I: this account's */
  const char *product_version;
  const char *client_version;   /* what we say upstream, protocol.md 3.11 */
  RbSpawnTerms spawn;
} RbModuleEnvironment;

void             rb_module_environment_copy    (RbModuleEnvironment *to, const RbModuleEnvironment *from);
void             rb_module_environment_clear   (RbModuleEnvironment *copy);

/* @settings: effective values of the module's own group, (transfer none), char * to char *; validated by the host */
RbModuleContext *rb_module_context_new         (const RbModuleInfo        *info,
                                                const RbModuleEnvironment *environment,
                                                GHashTable                *settings);
const char      *rb_module_context_get_module_name (RbModuleContext *self);
const RbModuleEnvironment *rb_module_context_get_environment (RbModuleContext *self); /* strings live as long as @self */
const char      *rb_module_context_get_string  (RbModuleContext *self, const char *key);   /* NULL when unset */
gint64           rb_module_context_get_integer (RbModuleContext *self, const char *key);
gboolean         rb_module_context_get_boolean (RbModuleContext *self, const char *key);
GStrv            rb_module_context_dup_list    (RbModuleContext *self, const char *key);
RbBounds        *rb_module_context_make_bounds (RbModuleContext *self, const RbBoundInfo *infos, guint n);
RbBounds        *rb_module_context_get_bounds  (RbModuleContext *self);   /* NULL: it made none */

/* The life of a module. A constructor allocates; configure() checks; start_async() connects.
 * Prerequisite of the four kinds' interfaces. */
#define RB_TYPE_MODULE (rb_module_get_type ())
G_DECLARE_INTERFACE (RbModule, rb_module, RB, MODULE, GObject)

struct _RbModuleInterface {
  GTypeInterface parent_iface;

  /* Once, before start. Keeps a reference to @context. Default: accept. */
  gboolean (*configure)    (RbModule *self, RbModuleContext *context, GError **error);
  /* Finishes when the module is at work; a connector need not be connected yet. It fails only for what waiting cannot mend
   * (RB_ERROR_REJECTED: we are refused, not known, too old): while what it connects to is away it keeps trying, and until it has
   * answered calls are refused with RB_ERROR_UNAVAILABLE. Default: at once. */
  void     (*start_async)  (RbModule *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
  gboolean (*start_finish) (RbModule *self, GAsyncResult *result, GError **error);
  /* After it finished the module does nothing any more and emits nothing. Default: at once. */
  void     (*stop_async)   (RbModule *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
  gboolean (*stop_finish)  (RbModule *self, GAsyncResult *result, GError **error);
};

gboolean  rb_module_configure    (RbModule *self, RbModuleContext *context, GError **error);
void      rb_module_start_async  (RbModule *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean  rb_module_start_finish (RbModule *self, GAsyncResult *result, GError **error);
void      rb_module_stop_async   (RbModule *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean  rb_module_stop_finish  (RbModule *self, GAsyncResult *result, GError **error);

const char *rb_module_kind_to_string (RbModuleKind kind);   /* "connector", "upstream", "spawn-driver", "emitter" */

G_END_DECLS
