/* rb-bus-objects.c: the objects on the bus, as they were told last
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-objects.h"

#include "rb-bus-path.h"
#include "rb-bus-tell.h"
#include "rb-needs.h"
#include "rb-policy-operator.h"
#include "rb-touched.h"
#include "rb-views.h"

#include <string.h>

/* How long changes are collected. */
#define COLLECT_MS 20

typedef struct {
  RbBusKind  kind;
  char      *key;
  char      *path;
  GVariant  *properties;   /* a{sv} */
} Object;

/* What the core has of one, until it is known to be on the disk. */
typedef struct {
  RbBusKind  kind;
  char      *key;
  GVariant  *view;         /* NULL: there is none */
} Update;

/* Whose subtree it is: GDBus gives the path of the folder, or of the node in it, as it likes. */
typedef struct {
  RbBusObjects *objects;
  RbBusKind     kind;
} Folder;

struct _RbBusObjects {
  RbCore           *core;
  RbClock          *clock;
  RbBusModulesFunc  modules;
  RbBusMethodFunc   method;
  gpointer          user_data;
  gulong            stored_id, changed_id;
  guint             n_needs;       /* as the broker's object was taken last */

  GDBusConnection  *connection;    /* NULL: there is no bus just now */
  guint             ids[2];        /* of the root's interfaces */
  guint             subtrees[RB_BUS_N_KINDS];
  Folder            folders[RB_BUS_N_KINDS];

  GHashTable       *objects;       /* path (the object's) to Object */
  GHashTable       *names[RB_BUS_N_KINDS];   /* key to Object, borrowed from the other table */
  GHashTable       *dirty[RB_BUS_N_KINDS];   /* keys */
  guint64           timer;
  GCancellable     *flushing;      /* NULL: nothing waits for the disk */
};

static void flush_soon (RbBusObjects *self);

static void
object_free (gpointer data)
{
  Object *object = data;

  g_free (object->key);
  g_free (object->path);
  g_clear_pointer (&object->properties, g_variant_unref);
  g_free (object);
}

static void
clear_update (gpointer data)
{
  Update *update = data;

  g_free (update->key);
  g_clear_pointer (&update->view, g_variant_unref);
}

static void
drop (RbBusObjects *self,
      Object       *object)
{
  if (self->connection != NULL)
    rb_bus_tell_removed (self->connection, object->path, rb_bus_kind_get_interface (object->kind));
  g_hash_table_remove (self->names[object->kind], object->key);
  g_hash_table_remove (self->objects, object->path);
}

/* Ids that the network chooses may come twice, and then the path is another object's: that one goes, so that each object has one path, and each
 * path one object. */
static void
add (RbBusObjects *self,
     const Update *update,
     const char   *path,
     GVariant     *properties)
{
  Object *other = g_hash_table_lookup (self->objects, path);
  Object *object = g_new0 (Object, 1);

  if (other != NULL)
    drop (self, other);
  object->kind = update->kind;
  object->key = g_strdup (update->key);
  object->path = g_strdup (path);
  object->properties = g_variant_ref (properties);
  g_hash_table_replace (self->objects, object->path, object);
  g_hash_table_replace (self->names[object->kind], object->key, object);
  if (self->connection != NULL)
    rb_bus_tell_added (self->connection, path, rb_bus_kind_get_interface (object->kind), properties);
}

static void
change (RbBusObjects *self,
        Object       *object,
        GVariant     *properties)
{
  if (self->connection != NULL)
    rb_bus_tell_changed (self->connection, object->path, rb_bus_kind_get_interface (object->kind), object->properties, properties);
  g_variant_unref (object->properties);
  object->properties = g_variant_ref (properties);
}

static void
publish (RbBusObjects *self,
         const Update *update)
{
  Object *object = g_hash_table_lookup (self->names[update->kind], update->key);
  g_autofree char *path = update->view != NULL ? rb_bus_kind_dup_path (update->kind, update->view) : NULL;
  g_autoptr(GVariant) properties = path != NULL ? rb_bus_kind_make_properties (update->kind, update->view) : NULL;

  if (object != NULL && g_strcmp0 (object->path, path) == 0)
    {
      change (self, object, properties);
      return;
    }
  if (object != NULL)
    drop (self, object);
  if (path != NULL)
    add (self, update, path, properties);
}

static GVariant *
view_of (RbBusObjects *self,
         RbBusKind     kind,
         const char   *key)
{
  switch (kind)
    {
    case RB_BUS_BROKER:
      self->n_needs = rb_needs_get_n (self->core);
      return rb_view_status (self->core);
    case RB_BUS_ENDPOINT:
      return rb_view_endpoint (self->core, key);
    case RB_BUS_MESSAGE:
      return rb_view_message (self->core, key);
    case RB_BUS_ASSIGNMENT:
      return rb_view_assignment_of_message (self->core, key);
    case RB_BUS_MODULE:
    case RB_BUS_N_KINDS:
      break;
    }
  return NULL;
}

static void
add_update (GArray     *updates,
            RbBusKind   kind,
            const char *key,
            GVariant   *view)
{
  Update update = { kind, g_strdup (key), view != NULL ? g_variant_ref_sink (view) : NULL };

  g_array_append_val (updates, update);
}

static GArray *
updates_new (void)
{
  GArray *updates = g_array_new (FALSE, FALSE, sizeof (Update));

  g_array_set_clear_func (updates, clear_update);
  return updates;
}

/* Each of a list view. @member: what it is of. */
static void
add_list (GArray     *updates,
          RbBusKind   kind,
          const char *member,
          GVariant   *list)
{
  g_autoptr(GVariant) owned = g_variant_ref_sink (list);
  GVariantIter iter;
  GVariant *view;

  g_variant_iter_init (&iter, owned);
  while ((view = g_variant_iter_next_value (&iter)) != NULL)
    {
      const char *key;

      if (g_variant_lookup (view, member, "&s", &key))
        add_update (updates, kind, key, view);
      g_variant_unref (view);
    }
}

static gboolean
has_key (const GArray *updates,
         const char   *key)
{
  for (guint i = 0; i < updates->len; i++)
    if (g_array_index (updates, Update, i).kind == RB_BUS_MODULE && g_str_equal (g_array_index (updates, Update, i).key, key))
      return TRUE;
  return FALSE;
}

/* One that made way for another is gone. */
static void
add_modules (RbBusObjects *self,
             GArray       *updates)
{
  GHashTableIter iter;
  gpointer key;

  add_list (updates, RB_BUS_MODULE, "path", self->modules (self->user_data));
  g_hash_table_iter_init (&iter, self->names[RB_BUS_MODULE]);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (!has_key (updates, key))
      add_update (updates, RB_BUS_MODULE, key, NULL);
}

static GArray *
take_dirty (RbBusObjects *self)
{
  GArray *updates = updates_new ();

  for (guint kind = 0; kind < RB_BUS_N_KINDS; kind++)
    {
      GHashTableIter iter;
      gpointer key;

      if (kind == RB_BUS_MODULE && g_hash_table_size (self->dirty[kind]) > 0)
        add_modules (self, updates);
      g_hash_table_iter_init (&iter, self->dirty[kind]);
      while (kind != RB_BUS_MODULE && g_hash_table_iter_next (&iter, &key, NULL))
        add_update (updates, kind, key, view_of (self, kind, key));
      g_hash_table_remove_all (self->dirty[kind]);
    }
  return updates;
}

static void
publish_all (RbBusObjects *self,
             GArray       *updates)
{
  for (guint i = 0; i < updates->len; i++)
    publish (self, &g_array_index (updates, Update, i));
}

static void
soil (RbBusObjects *self,
      RbBusKind     kind,
      const char   *key)
{
  g_hash_table_add (self->dirty[kind], g_strdup (key));
}

static gboolean
is_dirty (RbBusObjects *self)
{
  for (guint i = 0; i < RB_BUS_N_KINDS; i++)
    if (g_hash_table_size (self->dirty[i]) > 0)
      return TRUE;
  return FALSE;
}

typedef struct {
  RbBusObjects *objects;
  GCancellable *cancellable;
  GArray       *updates;
} Flush;

static void
on_durable (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Flush *flush = user_data;
  RbBusObjects *self = flush->objects;
  g_autoptr(GCancellable) cancellable = flush->cancellable;
  g_autoptr(GArray) updates = flush->updates;
  gboolean is_durable = rb_view_settle_finish (RB_CORE (source), result, NULL);

  g_free (flush);
  if (g_cancellable_is_cancelled (cancellable))
    return;

  g_clear_object (&self->flushing);
  if (is_durable)
    publish_all (self, updates);
  /* Else the core says so when its health changes, and what it is then comes by that way. */
  for (guint i = 0; !is_durable && i < updates->len; i++)
    soil (self, g_array_index (updates, Update, i).kind, g_array_index (updates, Update, i).key);
  if (is_durable && is_dirty (self))
    flush_soon (self);
}

static void
on_due (gpointer user_data)
{
  RbBusObjects *self = user_data;
  Flush *flush = g_new (Flush, 1);

  self->timer = 0;
  self->flushing = g_cancellable_new ();
  *flush = (Flush) { self, g_object_ref (self->flushing), take_dirty (self) };
  rb_view_settle_async (self->core, on_durable, flush);
}

static void
flush_soon (RbBusObjects *self)
{
  if (self->timer == 0 && self->flushing == NULL)
    self->timer = rb_clock_add (self->clock, COLLECT_MS, on_due, self);
}

/* The status of the broker is dear, and most messages change nothing in it that is shown. */
static void
count_needs (RbBusObjects *self)
{
  if (rb_needs_get_n (self->core) != self->n_needs)
    soil (self, RB_BUS_BROKER, "");
}

static void
on_stored (RbCore       *core,
           guint         kind,
           const char   *id,
           RbBusObjects *self)
{
  if (kind == RB_TOUCHED_ENDPOINT)
    soil (self, RB_BUS_ENDPOINT, id);
  else
    {
      soil (self, RB_BUS_MESSAGE, id);
      soil (self, RB_BUS_ASSIGNMENT, id);
      count_needs (self);
    }
  flush_soon (self);
}

static void
on_changed (RbCore       *core,
            const char   *topic,
            RbBusObjects *self)
{
  if (!rb_needs_is_topic (topic))
    return;
  soil (self, RB_BUS_BROKER, "");
  soil (self, RB_BUS_MODULE, "");
  flush_soon (self);
}

RbBusObjects *
rb_bus_objects_new (RbCore           *core,
                    RbClock          *clock,
                    RbBusModulesFunc  modules,
                    RbBusMethodFunc   method,
                    gpointer          user_data)
{
  RbBusObjects *self = g_new0 (RbBusObjects, 1);
  g_autoptr(GArray) updates = updates_new ();

  self->core = core;
  self->clock = clock;
  self->modules = modules;
  self->method = method;
  self->user_data = user_data;
  self->objects = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, object_free);
  for (guint i = 0; i < RB_BUS_N_KINDS; i++)
    {
      self->folders[i] = (Folder) { self, i };
      self->names[i] = g_hash_table_new (g_str_hash, g_str_equal);
      self->dirty[i] = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    }

  add_update (updates, RB_BUS_BROKER, "", view_of (self, RB_BUS_BROKER, ""));
  add_list (updates, RB_BUS_ENDPOINT, "endpoint_id", rb_view_endpoints (core));
  add_list (updates, RB_BUS_MESSAGE, "id", rb_view_inbox (core));
  add_list (updates, RB_BUS_MESSAGE, "id", rb_view_held (core));
  add_list (updates, RB_BUS_ASSIGNMENT, "message_id", rb_view_assignments (core));
  add_list (updates, RB_BUS_MODULE, "path", modules (user_data));
  publish_all (self, updates);
  self->stored_id = g_signal_connect (core, "stored", G_CALLBACK (on_stored), self);
  self->changed_id = g_signal_connect (core, "changed", G_CALLBACK (on_changed), self);
  return self;
}

void
rb_bus_objects_freeze (RbBusObjects *self)
{
  g_clear_signal_handler (&self->stored_id, self->core);
  g_clear_signal_handler (&self->changed_id, self->core);
  rb_clock_clear (self->clock, &self->timer);
  if (self->flushing != NULL)
    g_cancellable_cancel (self->flushing);
  g_clear_object (&self->flushing);
}

void
rb_bus_objects_free (RbBusObjects *self)
{
  rb_bus_objects_unexport (self);
  rb_bus_objects_freeze (self);
  for (guint i = 0; i < RB_BUS_N_KINDS; i++)
    {
      g_hash_table_unref (self->names[i]);
      g_hash_table_unref (self->dirty[i]);
    }
  g_hash_table_unref (self->objects);
  g_free (self);
}

/* On the bus. */

static GVariant *
get_property (GDBusConnection *connection,
              const char      *sender,
              const char      *path,
              const char      *interface,
              const char      *name,
              GError         **error,
              gpointer         user_data)
{
  RbBusObjects *self = user_data;
  const Object *object = g_hash_table_lookup (self->objects, path);

  if (object != NULL)
    return g_variant_lookup_value (object->properties, name, NULL);
  g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT, "There is no object %s (any more)", path);
  return NULL;
}

static void
on_method (GDBusConnection       *connection,
           const char            *sender,
           const char            *path,
           const char            *interface,
           const char            *method,
           GVariant              *parameters,
           GDBusMethodInvocation *invocation,
           gpointer               user_data)
{
  RbBusObjects *self = user_data;
  const Object *object = g_hash_table_lookup (self->objects, path);

  if (object != NULL)
    self->method (object->kind, object->key, invocation, self->user_data);
  else
    g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT, "There is no object %s (any more)", path);
}

static const GDBusInterfaceVTable object_vtable = { .method_call = on_method, .get_property = get_property };

static void
on_get_managed (GDBusConnection       *connection,
                const char            *sender,
                const char            *path,
                const char            *interface,
                const char            *method,
                GVariant              *parameters,
                GDBusMethodInvocation *invocation,
                gpointer               user_data)
{
  RbBusObjects *self = user_data;
  GVariantBuilder builder;
  GHashTableIter iter;
  gpointer value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{oa{sa{sv}}}"));
  g_hash_table_iter_init (&iter, self->objects);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Object *object = value;

      if (object->kind == RB_BUS_BROKER)
        continue;
      g_variant_builder_open (&builder, G_VARIANT_TYPE ("{oa{sa{sv}}}"));
      g_variant_builder_add (&builder, "o", object->path);
      g_variant_builder_open (&builder, G_VARIANT_TYPE ("a{sa{sv}}"));
      g_variant_builder_add (&builder, "{s@a{sv}}", rb_bus_kind_get_interface (object->kind)->name, object->properties);
      g_variant_builder_close (&builder);
      g_variant_builder_close (&builder);
    }
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(a{oa{sa{sv}}})", &builder));
}

static const GDBusInterfaceVTable manager_vtable = { .method_call = on_get_managed };

static char **
enumerate (GDBusConnection *connection,
           const char      *sender,
           const char      *folder,
           gpointer         user_data)
{
  const Folder *of = user_data;
  g_autoptr(GStrvBuilder) nodes = g_strv_builder_new ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, of->objects->names[of->kind]);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_strv_builder_add (nodes, strrchr (((const Object *) value)->path, '/') + 1);
  return g_strv_builder_end (nodes);
}

static GDBusInterfaceInfo **
introspect (GDBusConnection *connection,
            const char      *sender,
            const char      *folder,
            const char      *node,
            gpointer         user_data)
{
  const Folder *of = user_data;
  g_autofree char *path = node != NULL ? g_strconcat (RB_BUS_ROOT "/", rb_bus_kind_get_folder (of->kind), "/", node, NULL) : NULL;
  GDBusInterfaceInfo **infos;

  if (path == NULL || !g_hash_table_contains (of->objects->objects, path))
    return NULL;
  infos = g_new0 (GDBusInterfaceInfo *, 2);
  infos[0] = g_dbus_interface_info_ref (rb_bus_kind_get_interface (of->kind));
  return infos;
}

static const GDBusInterfaceVTable *
dispatch (GDBusConnection *connection,
          const char      *sender,
          const char      *folder,
          const char      *interface,
          const char      *node,
          gpointer        *out_user_data,
          gpointer         user_data)
{
  *out_user_data = ((const Folder *) user_data)->objects;
  return &object_vtable;
}

static const GDBusSubtreeVTable subtree_vtable = { .enumerate = enumerate, .introspect = introspect, .dispatch = dispatch };

static gboolean
register_root (RbBusObjects *self,
               GError      **error)
{
  self->ids[0] = g_dbus_connection_register_object (self->connection, RB_BUS_ROOT, rb_bus_kind_get_interface (RB_BUS_BROKER), &object_vtable,
                                                    self, NULL, error);
  if (self->ids[0] == 0)
    return FALSE;
  self->ids[1] = g_dbus_connection_register_object (self->connection, RB_BUS_ROOT, rb_bus_tell_get_manager (), &manager_vtable, self, NULL,
                                                    error);
  return self->ids[1] != 0;
}

/* Nodes are looked up without being listed first: each call would cost as much as there are objects. */
static gboolean
register_folder (RbBusObjects *self,
                 RbBusKind     kind,
                 GError      **error)
{
  g_autofree char *folder = g_strconcat (RB_BUS_ROOT, "/", rb_bus_kind_get_folder (kind), NULL);

  self->subtrees[kind] = g_dbus_connection_register_subtree (self->connection, folder, &subtree_vtable,
                                                             G_DBUS_SUBTREE_FLAGS_DISPATCH_TO_UNENUMERATED_NODES, &self->folders[kind], NULL,
                                                             error);
  return self->subtrees[kind] != 0;
}

gboolean
rb_bus_objects_export (RbBusObjects     *self,
                       GDBusConnection  *connection,
                       GError          **error)
{
  g_return_val_if_fail (self->connection == NULL, FALSE);

  self->connection = g_object_ref (connection);
  for (guint i = RB_BUS_BROKER + 1; i < RB_BUS_N_KINDS; i++)
    if (!register_folder (self, i, error))
      {
        rb_bus_objects_unexport (self);
        return FALSE;
      }
  if (register_root (self, error))
    return TRUE;
  rb_bus_objects_unexport (self);
  return FALSE;
}

void
rb_bus_objects_unexport (RbBusObjects *self)
{
  if (self->connection == NULL)
    return;

  for (guint i = 0; i < G_N_ELEMENTS (self->ids); i++)
    if (self->ids[i] != 0)
      g_dbus_connection_unregister_object (self->connection, self->ids[i]);
  for (guint i = 0; i < RB_BUS_N_KINDS; i++)
    if (self->subtrees[i] != 0)
      g_dbus_connection_unregister_subtree (self->connection, self->subtrees[i]);
  memset (self->ids, 0, sizeof self->ids);
  memset (self->subtrees, 0, sizeof self->subtrees);
  g_clear_object (&self->connection);
}
