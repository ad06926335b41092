/* rb-mock-notifications.h: a notification service that remembers what it was told, and misbehaves when asked to
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
  guint32  replaces;
  char    *summary;
  char    *body;
  GStrv    actions;      /* name, label, ... */
  GVariant *hints;
  guint32  id;           /* that it was given */
} RbMockNotice;

typedef struct {
  GDBusConnection *connection;
  guint            owner_id;
  gboolean         is_owner;
  GStrv            capabilities;    /* NULL: it knows of no such thing */
  gboolean         is_odd;          /* answers with texts where numbers belong */
  gboolean         holds;           /* Notify is not answered */
  guint32          next_id;
  GPtrArray       *told;            /* of RbMockNotice, in order */
  GArray          *closed;          /* ids for CloseNotification */
  guint            n_calls;
} RbMockNotifications;

/* @is_odd: see above. Returns when it has the name. */
RbMockNotifications *rb_mock_notifications_new     (const char *address, const char *capabilities, gboolean is_odd);
/* Its connection closes. */
void                 rb_mock_notifications_free    (RbMockNotifications *self);
/* The @i-th that it was told; waits for it. */
const RbMockNotice  *rb_mock_notifications_wait    (RbMockNotifications *self, guint i);
gboolean             rb_mock_notifications_has_closed (RbMockNotifications *self, guint32 id);
/* The name of the action with this label; NULL: there is none. */
const char          *rb_mock_notice_find_action    (const RbMockNotice *notice, const char *label);
/* A signal of the service, whatever it says. @parameters: sunk. */
void                 rb_mock_notifications_emit    (RbMockNotifications *self, const char *name, GVariant *parameters);
void                 rb_mock_notifications_click   (RbMockNotifications *self, guint32 id, const char *action);
/* What is on its way has come. */
void                 rb_mock_notifications_settle  (RbMockNotifications *self);

G_END_DECLS
