/* rb-host-private.h: the inside of RbHost, for what loads modules and what starts and stops them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-guard.h"
#include "rb-host-entry.h"
#include "rb-host.h"

G_BEGIN_DECLS

struct _RbHost {
  GObject parent_instance;

  GStrv                directories;
  RbModuleEnvironment  environment;     /* strings and clock owned */
  gint64               call_timeout_ms;
  RbHostSettingsFunc   settings;        /* (nullable) */
  gpointer             settings_data;
  GPtrArray           *entries;         /* of RbHostEntry, in the order they were loaded */
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

G_END_DECLS
