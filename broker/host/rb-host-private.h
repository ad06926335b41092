/* rb-host-private.h: the inside of RbHost, for what loads modules and what starts and stops them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-connector-slot.h"
#include "rb-guard.h"
#include "rb-host-entry.h"
#include "rb-host.h"

G_BEGIN_DECLS

typedef struct _RbHostSwap RbHostSwap;

struct _RbHost {
  GObject parent_instance;

  GStrv                directories;
  RbModuleEnvironment  environment;     /* strings and clock owned */
  gint64               call_timeout_ms;
  RbHostSettingsFunc   settings;        /* (nullable) */
  gpointer             settings_data;
  RbHostIsolateFunc    isolate;         /* (nullable) */
  gpointer             isolate_data;
  GPtrArray           *entries;         /* of RbHostEntry, in the order they were loaded */
  RbConnectorSlot     *slot;            /* (nullable) in front of the connector's guard */
  RbHostSwap          *swap;            /* (nullable) one connector makes way for another */
  GPtrArray           *emitters;        /* of RbGuard */
  GPtrArray           *spawn_drivers;   /* of RbGuard */
  GPtrArray           *order;           /* of RbGuard, in the order they start; NULL: not started */
  guint                next;            /* of @order: starts next */
  guint                n_starting;      /* were asked to start and have not answered */
  RbGuard             *awaited;        /* (nullable): of those, the one for which the next one waits; borrowed */
  guint64              patience_timer;
  guint                left;            /* of @order: those before it are still to be stopped */
  GTask               *start_task;      /* while starting */
  GTask               *stop_task;       /* while stopping */
  GError              *stop_error;      /* the first one */
  gboolean             stopped;
};

/* Emits `changed`. */
void rb_host_changed (RbHost *self);

/* Loads and configures what @entry asks for, beside whatever runs. @values: (nullable): what another instance was configured with;
 * NULL: @settings is asked. */
gboolean     rb_host_fill_entry        (RbHost              *self,
                                        RbHostEntry         *entry,
                                        GHashTable          *values,
                                        RbHostSettingsFunc   settings,
                                        gpointer             settings_data,
                                        GError             **error);
RbHostEntry *rb_host_get_connector_entry (RbHost            *self);
/* Takes @entry: it is the connector from now on, in the slot and among those that a stop stops. */
void         rb_host_put_connector     (RbHost              *self,
                                        RbHostEntry         *entry);
/* Emits `exchanged`. */
void         rb_host_exchanged         (RbHost              *self);

/* rb-host-swap.c. TRUE: a module is being stopped, and rb_host_stop_rest() is called after it. */
gboolean     rb_host_swap_delays_stop  (RbHost              *self);
/* Whatever is under way is not heard of any more. */
void         rb_host_drop_swap         (RbHost              *self);
void         rb_host_stop_rest         (RbHost              *self);
/* As rb_loader_open(); a connector that is to be isolated is not opened here. */
const RbModuleInfo *rb_host_open        (RbHost              *self,
                                         RbModuleKind         kind,
                                         const char          *name,
                                         char               **path,
                                         GError             **error);
/* @info: of rb_host_open() */
RbModule           *rb_host_make_module (const RbModuleInfo  *info,
                                         GHashTable          *values);

G_END_DECLS
