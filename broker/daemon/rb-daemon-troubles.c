/* rb-daemon-troubles.c: what the process finds of itself, on the list of what needs a person: modules, the disk
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-daemon-private.h"

#include "rb-needs.h"

#define MIB (1024 * 1024)

static const char *
get_member (GVariant   *module,
            const char *name)
{
  const char *text = NULL;

  g_variant_lookup (module, name, "&s", &text);
  return text;
}

/* "running", and what is on its way there or waits for its turn, needs nobody. */
static gboolean
needs_somebody (const char *state)
{
  return g_strcmp0 (state, "failed") == 0 || g_strcmp0 (state, "stopped") == 0;
}

/* One that made way for another, or came to nothing in its place, needs nobody any more. */
static void
forget_last_connector (RbDaemon   *self,
                       const char *subject)
{
  if (self->connector_subject != NULL && !g_str_equal (self->connector_subject, subject))
    rb_needs_end_trouble (self->core, RB_NEED_MODULE, self->connector_subject);
  g_free (self->connector_subject);
  self->connector_subject = g_strdup (subject);
}

static void
follow_module (RbDaemon *self,
               GVariant *module)
{
  const char *state = get_member (module, "state");
  const char *reason = get_member (module, "reason");
  g_autofree char *subject = g_strjoin ("-", get_member (module, "kind"), get_member (module, "name"), NULL);
  g_autofree char *what = g_strdup_printf ("%s %s: %s", get_member (module, "kind"), get_member (module, "name"),
                                           reason != NULL ? reason : state);

  if (g_strcmp0 (get_member (module, "kind"), "connector") == 0)
    forget_last_connector (self, subject);
  if (needs_somebody (state))
    rb_needs_begin_trouble (self->core, RB_NEED_MODULE, subject, what, "brokerctl modules");
  else
    rb_needs_end_trouble (self->core, RB_NEED_MODULE, subject);
}

static void
on_host_changed (RbHost   *host,
                 RbDaemon *self)
{
  g_autoptr(GVariant) modules = rb_host_view (host);

  for (gsize i = 0; i < g_variant_n_children (modules); i++)
    {
      g_autoptr(GVariant) module = g_variant_get_child_value (modules, i);

      follow_module (self, module);
    }
}

static void
on_disk_told (gboolean is_low,
              gint64   free_bytes,
              gpointer user_data)
{
  RbDaemon *self = user_data;
  g_autofree char *what = g_strdup_printf ("%" G_GINT64_FORMAT " MiB are left where messages are kept, in '%s'", free_bytes / MIB,
                                           self->paths->state_dir);

  if (is_low)
    rb_needs_begin_trouble (self->core, RB_NEED_DISK, "state", what, "brokerctl doctor");
  else
    rb_needs_end_trouble (self->core, RB_NEED_DISK, "state");
}

static void
on_core_stored (RbCore     *core,
                guint       kind,
                const char *id,
                RbDaemon   *self)
{
  rb_disk_watch_touch (self->disk_watch);
}

void
rb_daemon_watch_troubles (RbDaemon *self)
{
  gint64 low_bytes = rb_settings_get_integer (self->settings, "broker", "disk-low-mib") * MIB;

  g_signal_connect (self->host, "changed", G_CALLBACK (on_host_changed), self);
  on_host_changed (self->host, self);
  self->disk_watch = rb_disk_watch_new (self->clock, self->paths->state_dir, low_bytes, NULL, on_disk_told, self);
  g_signal_connect (self->core, "stored", G_CALLBACK (on_core_stored), self);
}
