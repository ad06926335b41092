/* rb-unit-manager.h: the systemd user manager, on the session bus
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* It is connected to when it is first needed. Reasons of errors (rb_error_get_reason()): "no_manager" and "manager_refused": nothing was started;
 * "spawn_failed": the program does not run; "spawn_unknown": it did not say, and was asked to end what it may have started. */
typedef struct _RbUnitManager RbUnitManager;   /* no GObject: two modules cannot both bring a type of one name */

/* Called with the end of a unit; once for each watch. */
typedef void (*RbUnitEnded) (const char *unit, int wait_status, gpointer user_data);
/* a(sv), floating, for a manager with that environment. */
typedef GVariant *(*RbUnitMakeProperties) (const char *const *manager_environment, gpointer user_data);

/* @address: of the bus; NULL: that of the session. */
RbUnitManager *rb_unit_manager_new          (const char *address);
RbUnitManager *rb_unit_manager_ref          (RbUnitManager *self);
void           rb_unit_manager_unref        (RbUnitManager *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbUnitManager, rb_unit_manager_unref)
/* Nobody is told anything any more. */
void           rb_unit_manager_stop         (RbUnitManager *self);

/* Finishes when the unit runs, with the pid of its main process. @input_fd: goes with it as file 0. @properties is called before the
 * callback or never. */
void           rb_unit_manager_start_async  (RbUnitManager *self, const char *unit, RbUnitMakeProperties properties, gpointer properties_data,
                                             int input_fd, GAsyncReadyCallback callback, gpointer user_data);
GPid           rb_unit_manager_start_finish (GAsyncResult *result, GError **error);

/* Until it ends or is unwatched; a manager that goes away and comes back is asked again. */
void           rb_unit_manager_watch        (RbUnitManager *self, const char *unit, RbUnitEnded ended, gpointer user_data);
void           rb_unit_manager_unwatch      (RbUnitManager *self, const char *unit);
/* All processes of the unit. @force: at once; otherwise they are asked first. Failures are logged. */
void           rb_unit_manager_end          (RbUnitManager *self, const char *unit, gboolean force);

G_END_DECLS
