/* rb-monitor-print.c: one event of the broker as a line
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-monitor-print.h"

#include "rb-json-writer.h"
#include "rb-terminal.h"
#include "rb-time.h"

#include <glib/gi18n.h>

/* What a person wants to know of something that is new. */
static const struct {
  const char *kind;
  const char *properties[5];
} shown[] = {
  { "endpoint", { "SessionName", "Kind", "State", NULL } },
  { "message", { "Sender", "Reason", "Preview", NULL } },
  { "assignment", { "State", "MessageId", "EndpointId", NULL } },
  { "module", { "State", "Version", NULL } },
};

static void
write_property (RbJsonWriter *writer,
                const char   *name,
                GVariant     *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    rb_json_writer_string (writer, name, g_variant_get_string (value, NULL));
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    rb_json_writer_boolean (writer, name, g_variant_get_boolean (value));
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
    rb_json_writer_int (writer, name, g_variant_get_int64 (value));
}

char *
rb_monitor_event_to_json (const RbMonitorEvent *event,
                          gint64                now_ms)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autofree char *at = rb_time_to_iso (now_ms);
  GVariantIter iter;
  const char *name;
  GVariant *value;

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "at", at);
  rb_json_writer_string (writer, "kind", event->kind);
  rb_json_writer_string (writer, "event", event->event);
  rb_json_writer_string (writer, "id", event->id);
  if (event->n_missed > 0)
    rb_json_writer_int (writer, "missed", event->n_missed);
  if (event->properties != NULL)
    {
      rb_json_writer_begin_object (writer, "properties");
      g_variant_iter_init (&iter, event->properties);
      while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
        {
          write_property (writer, name, value);
          g_variant_unref (value);
        }
      rb_json_writer_end_object (writer);
    }
  rb_json_writer_end_object (writer);
  return rb_json_writer_end_text (writer);
}

static char *
dup_value (GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return g_variant_dup_string (value, NULL);
  return g_variant_print (value, FALSE);
}

static void
append_known (GString    *text,
              GVariant   *properties,
              const char *kind)
{
  for (gsize i = 0; i < G_N_ELEMENTS (shown); i++)
    for (gsize j = 0; g_str_equal (shown[i].kind, kind) && shown[i].properties[j] != NULL; j++)
      {
        const char *value = "";

        g_variant_lookup (properties, shown[i].properties[j], "&s", &value);
        if (*value != '\0')
          g_string_append_printf (text, "  %s", value);
      }
}

static void
append_all (GString  *text,
            GVariant *properties)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      g_autoptr(GVariant) owned = value;
      g_autofree char *said = dup_value (value);

      g_string_append_printf (text, "  %s=%s", name, said);
    }
}

char *
rb_monitor_event_to_text (const RbMonitorEvent *event,
                          gint64                now_ms)
{
  g_autoptr(GDateTime) now = g_date_time_new_from_unix_local (now_ms / 1000);
  g_autofree char *time = g_date_time_format (now, "%H:%M:%S");
  g_autoptr(GString) text = g_string_new (NULL);

  g_string_printf (text, "%s.%03d  %-10s  %-8s", time, (int) (now_ms % 1000), event->kind, event->event);
  if (event->id != NULL)
    g_string_append_printf (text, "  %s", event->id);
  if (event->n_missed > 0)
    {
      g_string_append (text, "  ");
      /* TRANSLATORS: %u: how many events came faster than they were read */
      g_string_append_printf (text, ngettext ("%u event", "%u events", event->n_missed), event->n_missed);
    }
  if (event->properties != NULL && g_str_equal (event->event, "added"))
    append_known (text, event->properties, event->kind);
  else if (event->properties != NULL)
    append_all (text, event->properties);
  return rb_terminal_escape (text->str);
}
