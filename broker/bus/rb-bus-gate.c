/* rb-bus-gate.c: how much of what others say on the bus may wait for the main loop
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-gate.h"

#include "rb-log.h"

#define KIB 1024

enum { BOUND_MESSAGES, BOUND_KIB };

/* GDBus's thread and the main loop have it, and what is on its way between them. */
typedef struct {
  gatomicrefcount  ref_count;
  GMainContext    *context;
  RbBounds        *bounds;       /* of the main loop's thread */
  int              n_waiting;    /* atomic */
  int              kib_waiting;  /* atomic */
  int              n_refused;    /* atomic: since it was told last */
} Gate;

/* Goes to the main loop just before what it counts. */
typedef struct {
  Gate *gate;
  int   kib;
} Mark;

static const RbBoundInfo infos[] = {
  [BOUND_MESSAGES] = { "bus_messages", "messages", RB_BOUND_PUSHES_BACK, "further calls are refused before they are looked at" },
  [BOUND_KIB] = { "bus_message_kib", "KiB", RB_BOUND_PUSHES_BACK, "further calls are refused before they are looked at" },
};

static Gate *
gate_ref (Gate *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
gate_unref (gpointer data)
{
  Gate *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_main_context_unref (self->context);
  rb_bounds_unref (self->bounds);
  g_free (self);
}

static void
mark_free (gpointer data)
{
  Mark *mark = data;

  gate_unref (mark->gate);
  g_free (mark);
}

/* With the priority that GDBus's own sources have: sources of one are served in the order in which they came. */
static void
post (Gate        *self,
      GSourceFunc  function,
      int          kib)
{
  g_autoptr(GSource) source = g_idle_source_new ();
  Mark *mark = g_new (Mark, 1);

  *mark = (Mark) { gate_ref (self), kib };
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, function, mark, mark_free);
  g_source_attach (source, self->context);
}

static gboolean
on_turn (gpointer user_data)
{
  Mark *mark = user_data;
  Gate *self = mark->gate;

  rb_bounds_note (self->bounds, BOUND_MESSAGES, (guint64) g_atomic_int_add (&self->n_waiting, -1));
  rb_bounds_note (self->bounds, BOUND_KIB, (guint64) g_atomic_int_add (&self->kib_waiting, -mark->kib));
  return G_SOURCE_REMOVE;
}

static gboolean
on_refused (gpointer user_data)
{
  const Mark *mark = user_data;
  Gate *self = mark->gate;
  g_autofree char *n = g_strdup_printf ("%u", g_atomic_int_and ((guint *) &self->n_refused, 0));

  rb_log_warning ("bus_flooded", "refused", n, NULL);
  rb_bounds_reached (self->bounds, mark->kib != 0 ? BOUND_KIB : BOUND_MESSAGES);
  return G_SOURCE_REMOVE;
}

static gboolean
is_counted (GDBusMessage *message)
{
  switch (g_dbus_message_get_message_type (message))
    {
    case G_DBUS_MESSAGE_TYPE_METHOD_CALL:
      return TRUE;
    case G_DBUS_MESSAGE_TYPE_SIGNAL:
      return g_strcmp0 (g_dbus_message_get_sender (message), "org.freedesktop.DBus") != 0;
    case G_DBUS_MESSAGE_TYPE_METHOD_RETURN:
    case G_DBUS_MESSAGE_TYPE_ERROR:
    case G_DBUS_MESSAGE_TYPE_INVALID:
      break;
    }
  return FALSE;
}

static void
refuse (Gate            *self,
        GDBusConnection *connection,
        GDBusMessage    *message,
        gboolean         is_for_size)
{
  g_autoptr(GDBusMessage) answer = NULL;

  if (g_atomic_int_add (&self->n_refused, 1) == 0)
    post (self, on_refused, is_for_size);
  if (g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL ||
      (g_dbus_message_get_flags (message) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED) != 0)
    return;
  answer = g_dbus_message_new_method_error_literal (message, "org.freedesktop.DBus.Error.LimitsExceeded", "the broker has too much to do already");
  g_dbus_connection_send_message (connection, answer, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
}

/* In GDBus's thread. */
static GDBusMessage *
on_message (GDBusConnection *connection,
            GDBusMessage    *message,
            gboolean         incoming,
            gpointer         user_data)
{
  Gate *self = user_data;
  GVariant *body = incoming && is_counted (message) ? g_dbus_message_get_body (message) : NULL;
  int kib = body != NULL ? (int) (g_variant_get_size (body) / KIB) : 0;
  gboolean is_for_size = g_atomic_int_get (&self->kib_waiting) + kib > RB_BUS_GATE_KIB;

  if (!incoming || !is_counted (message))
    return message;
  if (is_for_size || g_atomic_int_get (&self->n_waiting) >= RB_BUS_GATE_MAX)
    {
      refuse (self, connection, message, is_for_size);
      g_object_unref (message);
      return NULL;
    }
  g_atomic_int_inc (&self->n_waiting);
  g_atomic_int_add (&self->kib_waiting, kib);
  post (self, on_turn, kib);
  return message;
}

RbBounds *
rb_bus_gate_make_bounds (RbClock *clock)
{
  RbBounds *bounds = rb_bounds_new (infos, G_N_ELEMENTS (infos), clock);

  rb_bounds_set_limit (bounds, BOUND_MESSAGES, RB_BUS_GATE_MAX);
  rb_bounds_set_limit (bounds, BOUND_KIB, RB_BUS_GATE_KIB);
  return bounds;
}

guint
rb_bus_gate_add (GDBusConnection *connection,
                 RbBounds        *bounds)
{
  Gate *self = g_new0 (Gate, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->context = g_main_context_ref_thread_default ();
  self->bounds = rb_bounds_ref (bounds);
  return g_dbus_connection_add_filter (connection, on_message, self, gate_unref);
}
