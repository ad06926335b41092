/* rb-bus-notifier.c: notifications at whatever service of the session shows them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-notifier.h"

#include "rb-log.h"

#define NAME "org.freedesktop.Notifications"
#define PATH "/org/freedesktop/Notifications"
#define APP_NAME "runtime-broker"
#define APP_ID "io.github.runtimebroker.Broker1"
#define CALL_TIMEOUT_MS 10000
#define PASSING_MS 6000

/* One place for a notification. It is there while one is to stand in it, or a call for it is running. */
typedef struct {
  RbNotice *notice;      /* NULL: none is to stand */
  guint32   id;          /* the service's; 0: it does not stand */
  gboolean  is_told;     /* @notice is what the service was told last */
  gboolean  is_calling;
} Slot;

typedef struct {
  guint32   id;
  RbNotice *notice;
} Old;

struct _RbBusNotifier {
  GDBusConnection    *connection;
  RbBusNotifierFuncs  funcs;
  gpointer            user_data;
  GCancellable       *cancellable;     /* of all that one owner is asked: once it is cancelled nobody waits for the answers */
  guint               watch_id;
  char               *owner;           /* unique name; NULL: nobody has the name */
  guint               signals_id;
  gboolean            is_starting;     /* the bus was asked to */
  gboolean            is_asking;       /* what it can do */
  gboolean            is_known;        /* what it can do */
  gboolean            has_actions, has_markup;
  GHashTable         *slots;           /* name to Slot */
  GQueue              old;             /* of Old, the newest first */
};

/* A call on its way. */
typedef struct {
  RbBusNotifier *notifier;
  GCancellable  *cancellable;
  char          *owner;            /* NULL: it went to the bus */
  char          *slot;             /* NULL: of no slot */
} Call;

static void pump (RbBusNotifier *self);

static void
slot_free (gpointer data)
{
  Slot *slot = data;

  g_clear_pointer (&slot->notice, rb_notice_free);
  g_free (slot);
}

static void
old_free (gpointer data)
{
  Old *old = data;

  rb_notice_free (old->notice);
  g_free (old);
}

static Call *
call_new (RbBusNotifier *self,
          const char    *slot)
{
  Call *call = g_new0 (Call, 1);

  call->notifier = self;
  call->cancellable = g_object_ref (self->cancellable);
  call->owner = g_strdup (self->owner);
  call->slot = g_strdup (slot);
  return call;
}

static void
call_free (Call *call)
{
  g_object_unref (call->cancellable);
  g_free (call->owner);
  g_free (call->slot);
  g_free (call);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

/* (nullable): the notifier, unless it is gone, or the answer is that of an owner who is */
static RbBusNotifier *
call_get_notifier (const Call *call)
{
  return g_cancellable_is_cancelled (call->cancellable) ? NULL : call->notifier;
}

/* To remember what could be clicked on it. Takes @notice. */
static void
remember (RbBusNotifier *self,
          guint32        id,
          RbNotice      *notice)
{
  Old *old = g_new (Old, 1);

  *old = (Old) { id, notice };
  g_queue_push_head (&self->old, old);
  if (self->old.length > RB_BUS_NOTIFIER_OLD)
    old_free (g_queue_pop_tail (&self->old));
}

static void
call_service (RbBusNotifier       *self,
              const char          *method,
              GVariant            *parameters,
              const char          *reply_type,
              GAsyncReadyCallback  callback,
              const char          *slot)
{
  g_dbus_connection_call (self->connection, self->owner, PATH, NAME, method, parameters, reply_type != NULL ? G_VARIANT_TYPE (reply_type) : NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_TIMEOUT_MS, NULL, callback,
                          callback != NULL ? call_new (self, slot) : NULL);
}

static void
close_at (GDBusConnection *connection,
          const char      *owner,
          guint32          id)
{
  g_dbus_connection_call (connection, owner, PATH, NAME, "CloseNotification", g_variant_new ("(u)", id), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
                          CALL_TIMEOUT_MS, NULL, NULL, NULL);
}

static GVariant *
make_actions (RbBusNotifier  *self,
              const RbNotice *notice)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("as"));
  for (guint i = 0; self->has_actions && i < notice->actions->len; i++)
    {
      const RbNoticeAction *action = g_ptr_array_index (notice->actions, i);

      g_variant_builder_add (&builder, "s", action->name);
      g_variant_builder_add (&builder, "s", action->label);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
make_hints (const RbNotice *notice)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "desktop-entry", g_variant_new_string (APP_ID));
  g_variant_builder_add (&builder, "{sv}", "urgency", g_variant_new_byte (notice->is_urgent ? 2 : 1));
  if (notice->is_passing)
    g_variant_builder_add (&builder, "{sv}", "transient", g_variant_new_boolean (TRUE));
  if (notice->is_quiet)
    g_variant_builder_add (&builder, "{sv}", "suppress-sound", g_variant_new_boolean (TRUE));
  return g_variant_builder_end (&builder);
}

static void
drop_if_empty (RbBusNotifier *self,
               const char    *name,
               Slot          *slot)
{
  if (slot->notice == NULL && slot->id == 0 && !slot->is_calling)
    g_hash_table_remove (self->slots, name);
}

static void
close_slot (RbBusNotifier *self,
            Slot          *slot)
{
  close_at (self->connection, self->owner, slot->id);
  slot->id = 0;
}

/* @id: 0: it failed. Then it is not tried again until there is another reason to: it would be refused again. */
static void
take_answer (RbBusNotifier *self,
             const char    *name,
             Slot          *slot,
             guint32        id)
{
  slot->is_calling = FALSE;
  if (id != 0)
    slot->id = id;
  if (slot->notice == NULL && slot->id != 0)
    close_slot (self, slot);
  drop_if_empty (self, name, slot);
  pump (self);
}

static void
on_notified (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr(Call) call = user_data;
  RbBusNotifier *self = call_get_notifier (call);
  Slot *slot = self != NULL ? g_hash_table_lookup (self->slots, call->slot) : NULL;
  guint32 id = 0;

  if (answer != NULL)
    g_variant_get (answer, "(u)", &id);
  else
    rb_log_info ("notification_failed", "err", error->message, NULL);
  if (slot != NULL)
    take_answer (self, call->slot, slot, id);
  else if (id != 0)
    close_at (G_DBUS_CONNECTION (source), call->owner, id);    /* we have stopped meanwhile */
}

static void
tell (RbBusNotifier *self,
      const char    *name,
      Slot          *slot)
{
  const RbNotice *notice = slot->notice;
  g_autofree char *body = self->has_markup ? rb_notice_dup_markup (notice) : g_strdup (notice->body);

  slot->is_told = TRUE;
  slot->is_calling = TRUE;
  call_service (self, "Notify",
                g_variant_new ("(susss@as@a{sv}i)", APP_NAME, slot->id, APP_ID, notice->summary, body, make_actions (self, notice),
                               make_hints (notice), notice->is_passing ? PASSING_MS : -1),
                "(u)", on_notified, name);
}

static void
on_capabilities (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr(Call) call = user_data;
  RbBusNotifier *self = call_get_notifier (call);
  g_autofree const char **capabilities = NULL;

  if (self == NULL)
    return;
  /* One that cannot say it can show text. */
  if (answer == NULL)
    rb_log_info ("notification_service_odd", "err", error->message, NULL);
  else
    g_variant_get (answer, "(^a&s)", &capabilities);
  self->is_asking = FALSE;
  self->is_known = TRUE;
  self->has_actions = capabilities != NULL && g_strv_contains (capabilities, "actions");
  self->has_markup = capabilities != NULL && g_strv_contains (capabilities, "body-markup");
  pump (self);
}

static void
on_started (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr(Call) call = user_data;
  RbBusNotifier *self = call_get_notifier (call);

  if (self == NULL)
    return;
  self->is_starting = FALSE;
  /* That it is there the bus says by itself; without one, what is to stand waits for one to come. */
  if (answer == NULL)
    rb_log_info ("notification_service_missing", "err", error->message, NULL);
}

static void
start_service (RbBusNotifier *self)
{
  self->is_starting = TRUE;
  g_dbus_connection_call (self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "StartServiceByName",
                          g_variant_new ("(su)", NAME, 0), G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_started,
                          call_new (self, NULL));
}

/* The service is there: it is told what it was not. */
static void
pump (RbBusNotifier *self)
{
  GHashTableIter iter;
  gpointer name, value;

  if (self->owner == NULL || self->is_asking)
    return;
  g_hash_table_iter_init (&iter, self->slots);
  while (g_hash_table_iter_next (&iter, &name, &value))
    {
      Slot *slot = value;

      if (slot->notice == NULL || slot->is_told || slot->is_calling)
        continue;
      if (!self->is_known)
        {
          self->is_asking = TRUE;
          call_service (self, "GetCapabilities", NULL, "(as)", on_capabilities, NULL);
          return;
        }
      tell (self, name, slot);
    }
}

/* The slot of a notification, or NULL. */
static const char *
find_slot (RbBusNotifier *self,
           guint32        id)
{
  GHashTableIter iter;
  gpointer name, slot;

  g_hash_table_iter_init (&iter, self->slots);
  while (id != 0 && g_hash_table_iter_next (&iter, &name, &slot))
    if (((Slot *) slot)->id == id)
      return name;
  return NULL;
}

static const RbNotice *
find_notice (RbBusNotifier *self,
             guint32        id)
{
  const char *name = find_slot (self, id);
  const Slot *slot = name != NULL ? g_hash_table_lookup (self->slots, name) : NULL;

  if (slot != NULL && slot->notice != NULL)
    return slot->notice;
  for (GList *l = self->old.head; l != NULL; l = l->next)
    if (((Old *) l->data)->id == id)
      return ((Old *) l->data)->notice;
  return NULL;
}

static void
on_clicked (RbBusNotifier *self,
            GVariant      *parameters)
{
  const RbNoticeAction *action = NULL;
  const RbNotice *notice;
  const char *name;
  guint32 id;

  g_variant_get (parameters, "(u&s)", &id, &name);
  notice = find_notice (self, id);
  if (notice != NULL)
    action = rb_notice_find_action (notice, name);
  if (action != NULL)
    self->funcs.clicked (notice, action, self->user_data);
}

static void
on_closed (RbBusNotifier *self,
           GVariant      *parameters)
{
  g_autofree char *name = NULL;
  Slot *slot;
  guint32 id, reason;

  g_variant_get (parameters, "(uu)", &id, &reason);
  name = g_strdup (find_slot (self, id));
  slot = name != NULL ? g_hash_table_lookup (self->slots, name) : NULL;
  /* Another version of it is on its way, which may stand as well. */
  if (slot == NULL || slot->is_calling)
    return;
  slot->id = 0;
  if (slot->notice != NULL)
    remember (self, id, g_steal_pointer (&slot->notice));
  drop_if_empty (self, name, slot);
  self->funcs.closed (name, self->user_data);
}

static void
on_signal (GDBusConnection *connection,
           const char      *sender,
           const char      *path,
           const char      *interface,
           const char      *member,
           GVariant        *parameters,
           gpointer         user_data)
{
  RbBusNotifier *self = user_data;

  if (g_strcmp0 (sender, self->owner) != 0)
    return;
  if (g_str_equal (member, "ActionInvoked") && g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(us)")))
    on_clicked (self, parameters);
  else if (g_str_equal (member, "NotificationClosed") && g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(uu)")))
    on_closed (self, parameters);
}

/* The ids of the one before mean nothing, and neither does what it has yet to answer. */
static void
forget_owner (RbBusNotifier *self)
{
  GHashTableIter iter;
  gpointer value;

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  if (self->signals_id != 0)
    g_dbus_connection_signal_unsubscribe (self->connection, self->signals_id);
  self->signals_id = 0;
  g_clear_pointer (&self->owner, g_free);
  self->is_starting = self->is_asking = self->is_known = FALSE;
  g_queue_clear_full (&self->old, old_free);
  g_hash_table_iter_init (&iter, self->slots);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Slot *slot = value;

      slot->id = 0;
      slot->is_calling = FALSE;
      slot->is_told = FALSE;
      if (slot->notice == NULL || slot->notice->is_passing)
        g_hash_table_iter_remove (&iter);
    }
}

static void
on_appeared (GDBusConnection *connection,
             const char      *name,
             const char      *owner,
             gpointer         user_data)
{
  RbBusNotifier *self = user_data;

  if (g_strcmp0 (owner, self->owner) == 0)
    return;
  forget_owner (self);
  self->owner = g_strdup (owner);
  self->signals_id = g_dbus_connection_signal_subscribe (connection, owner, NAME, NULL, PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self,
                                                         NULL);
  pump (self);
}

static void
on_vanished (GDBusConnection *connection,
             const char      *name,
             gpointer         user_data)
{
  RbBusNotifier *self = user_data;

  if (self->owner != NULL)
    forget_owner (self);
}

RbBusNotifier *
rb_bus_notifier_new (GDBusConnection          *connection,
                     const RbBusNotifierFuncs *funcs,
                     gpointer                  user_data)
{
  RbBusNotifier *self = g_new0 (RbBusNotifier, 1);

  self->connection = g_object_ref (connection);
  self->funcs = *funcs;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  self->slots = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, slot_free);
  g_queue_init (&self->old);
  self->watch_id = g_bus_watch_name_on_connection (connection, NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, on_appeared, on_vanished, self, NULL);
  return self;
}

void
rb_bus_notifier_free (RbBusNotifier *self)
{
  GHashTableIter iter;
  gpointer value;

  g_bus_unwatch_name (self->watch_id);
  g_hash_table_iter_init (&iter, self->slots);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((Slot *) value)->id != 0 && self->owner != NULL)
      close_slot (self, value);
  forget_owner (self);
  g_hash_table_unref (self->slots);
  g_object_unref (self->cancellable);
  g_object_unref (self->connection);
  g_free (self);
}

void
rb_bus_notifier_show (RbBusNotifier *self,
                      RbNotice      *notice)
{
  Slot *slot = g_hash_table_lookup (self->slots, notice->slot);

  if (slot == NULL)
    {
      slot = g_new0 (Slot, 1);
      g_hash_table_insert (self->slots, g_strdup (notice->slot), slot);
    }
  g_clear_pointer (&slot->notice, rb_notice_free);
  slot->notice = notice;
  slot->is_told = FALSE;
  if (self->owner == NULL && !self->is_starting)
    start_service (self);
  else
    pump (self);
}

void
rb_bus_notifier_withdraw (RbBusNotifier *self,
                          const char    *name)
{
  Slot *slot = g_hash_table_lookup (self->slots, name);
  RbNotice *notice = slot != NULL ? g_steal_pointer (&slot->notice) : NULL;

  if (notice == NULL)
    return;
  if (slot->id != 0)
    {
      remember (self, slot->id, notice);
      if (!slot->is_calling)
        close_slot (self, slot);
    }
  else
    rb_notice_free (notice);
  drop_if_empty (self, name, slot);
}
