/* rb-log-format.c: one log record as a JSON line and as a line for people
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-log-format.h"

#include "rb-json-writer.h"
#include "rb-log-levels.h"

#include <string.h>

#define FIELD_PREFIX "RB_"
#define MAX_VALUE 4096   /* bytes; longer values are cut */

/* Field keys are upper case on their way here, as the journal wants them; these names are not all lower case. */
static const char *const mixed_names[] = {
  "accountId", "apiHost", "blockedSeqs", "ipcUrl", "lastKnownSeq", "messageId", "originalTraceId", "spanName", "subjectId", "traceId",
  "unsequencedBlocked", "upTo",
};

static char *
dup_value (const GLogField *field)
{
  gsize length = field->length < 0 ? strlen (field->value) : (gsize) field->length;
  g_autofree char *bytes = g_strndup (field->value, MIN (length, MAX_VALUE));

  return g_utf8_make_valid (bytes, -1);
}

static const GLogField *
find_field (const GLogField *fields,
            gsize            n_fields,
            const char      *key)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, key))
      return &fields[i];
  return NULL;
}

static char *
dup_field (const GLogField   *fields,
           gsize              n_fields,
           const char        *key,
           const char *const *secrets)
{
  const GLogField *field = find_field (fields, n_fields, key);
  g_autofree char *value = field != NULL ? dup_value (field) : NULL;

  return value != NULL ? rb_log_format_scrub (value, secrets) : NULL;
}

static char *
dup_name (const char *key)
{
  const char *name = key + strlen (FIELD_PREFIX);

  for (guint i = 0; i < G_N_ELEMENTS (mixed_names); i++)
    if (g_ascii_strcasecmp (mixed_names[i], name) == 0)
      return g_strdup (mixed_names[i]);
  return g_ascii_strdown (name, -1);
}

const char *
rb_log_format_get_topic (const GLogField *fields,
                         gsize            n_fields)
{
  const GLogField *field = find_field (fields, n_fields, "GLIB_DOMAIN");

  return field != NULL ? field->value : NULL;
}

char *
rb_log_format_scrub (const char        *text,
                     const char *const *secrets)
{
  char *clean = g_strdup (text);

  for (guint i = 0; secrets != NULL && secrets[i] != NULL; i++)
    {
      g_auto(GStrv) parts = NULL;

      if (*secrets[i] == '\0' || strstr (clean, secrets[i]) == NULL)
        continue;
      parts = g_strsplit (clean, secrets[i], -1);
      g_free (clean);
      clean = g_strjoinv ("[secret]", parts);
    }
  return clean;
}

static void
write_fields (RbJsonWriter      *writer,
              const GLogField   *fields,
              gsize              n_fields,
              const char *const *secrets)
{
  for (gsize i = 0; i < n_fields; i++)
    {
      g_autofree char *value = NULL;
      g_autofree char *clean = NULL;
      g_autofree char *name = NULL;

      if (!g_str_has_prefix (fields[i].key, FIELD_PREFIX) || g_str_equal (fields[i].key, "RB_EVENT"))
        continue;
      name = dup_name (fields[i].key);
      value = dup_value (&fields[i]);
      clean = rb_log_format_scrub (value, secrets);
      rb_json_writer_string (writer, name, clean);
    }
}

/**
 * rb_log_format_json:
 * @level: the record's level
 * @fields: its fields; `RB_EVENT` names the event, other `RB_` fields belong to it
 * @n_fields: how many
 * @epoch_ms: wall clock
 * @pid: our process
 * @secrets: (nullable): what must not appear
 *
 * A record without an event (a library's own message) gets the event `library_message` and its text in `text`.
 *
 * Returns: (transfer full): one line of JSON with a line feed
 */
char *
rb_log_format_json (GLogLevelFlags     level,
                    const GLogField   *fields,
                    gsize              n_fields,
                    gint64             epoch_ms,
                    gint64             pid,
                    const char *const *secrets)
{
  g_autofree char *event = dup_field (fields, n_fields, "RB_EVENT", NULL);
  g_autofree char *text = event == NULL ? dup_field (fields, n_fields, "MESSAGE", secrets) : NULL;
  g_autofree char *json = NULL;
  RbJsonWriter *writer = rb_json_writer_new ();

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_iso (writer, "ts", epoch_ms);
  rb_json_writer_string (writer, "level", rb_log_level_to_string (level));
  rb_json_writer_int (writer, "pid", pid);
  rb_json_writer_string (writer, "msg", event != NULL ? event : "library_message");
  rb_json_writer_string (writer, "topic", rb_log_format_get_topic (fields, n_fields));
  rb_json_writer_string (writer, "text", text);
  write_fields (writer, fields, n_fields, secrets);
  rb_json_writer_end_object (writer);

  json = rb_json_writer_end_text (writer);
  return g_strconcat (json, "\n", NULL);
}

char *
rb_log_format_text (GLogLevelFlags     level,
                    const GLogField   *fields,
                    gsize              n_fields,
                    const char *const *secrets)
{
  g_autofree char *text = dup_field (fields, n_fields, "MESSAGE", secrets);
  const char *topic = rb_log_format_get_topic (fields, n_fields);

  for (char *at = text; at != NULL && *at != '\0'; at++)
    if (g_ascii_iscntrl (*at))
      *at = '?';
  return g_strdup_printf ("%s: %s: %s\n", rb_log_level_to_string (level), topic != NULL ? topic : "-", text != NULL ? text : "");
}
