/* rb-unit-manager-private.h: the systemd user manager, as those who talk with it see it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-unit-manager.h"

G_BEGIN_DECLS

#define RB_SYSTEMD_NAME "org.freedesktop.systemd1"
#define RB_SYSTEMD_PATH "/org/freedesktop/systemd1"
#define RB_SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define RB_SYSTEMD_UNIT "org.freedesktop.systemd1.Unit"
#define RB_SYSTEMD_SERVICE "org.freedesktop.systemd1.Service"
#define RB_SYSTEMD_PROPERTIES "org.freedesktop.DBus.Properties"
#define RB_SYSTEMD_CALL_MS 10000

struct _RbUnitManager {
  char            *address;      /* NULL: there is no bus */
  GDBusConnection *connection;
  gulong           closed_id;
  guint            name_id;
  GQueue           connecting;   /* of GTask: who waits for the connection */
  GCancellable    *cancellable;  /* of calls about watches and the connection */
  GHashTable      *watches;      /* unit (the watch's) to Watch */
  guint            again_id;
};

/* Answers when self->connection is there, or with the reason "no_manager". */
void      rb_unit_manager_connect_async  (RbUnitManager *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean  rb_unit_manager_connect_finish (GAsyncResult *result, GError **error);
/* All properties of the unit. There is a connection. */
void      rb_unit_manager_ask            (RbUnitManager *self, const char *unit, const char *interface, GAsyncReadyCallback callback,
                                          gpointer user_data);
/* Everybody who asked for it to stay has heard how it ended. */
void      rb_unit_manager_release_unit   (RbUnitManager *self, const char *unit);
/* The a{sv} of GetAll; NULL with @error (nullable). */
GVariant *rb_unit_manager_take_properties (GObject *connection, GAsyncResult *result, GError **error);

G_END_DECLS
