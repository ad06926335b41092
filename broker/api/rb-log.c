/* rb-log.c: structured log lines: a fixed event name and named fields
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-log.h"

#include <stdarg.h>
#include <string.h>

#define MAX_FIELDS 24      /* of the caller; more are our bug and are left out */
#define N_OWN_FIELDS 4     /* MESSAGE, PRIORITY, GLIB_DOMAIN, RB_EVENT */
#define MAX_KEY_BYTES 48   /* "RB_", the name, the final NUL */

static const char *
priority_of (GLogLevelFlags level)
{
  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    return "3";
  if (level & G_LOG_LEVEL_WARNING)
    return "4";
  if (level & G_LOG_LEVEL_MESSAGE)
    return "5";
  return level & G_LOG_LEVEL_INFO ? "6" : "7";
}

/* Journal keys are upper case letters, digits and underscores. */
static void
make_key (char        key[MAX_KEY_BYTES],
          const char *name)
{
  size_t used = g_strlcpy (key, "RB_", MAX_KEY_BYTES);

  for (; *name != '\0' && used < MAX_KEY_BYTES - 1; name++)
    key[used++] = g_ascii_isalnum (*name) ? g_ascii_toupper (*name) : '_';
  key[used] = '\0';
}

static gboolean
needs_quotes (const char *value)
{
  if (*value == '\0')
    return TRUE;
  for (const char *at = value; *at != '\0'; at++)
    if ((guchar) *at <= ' ' || *at == '"' || *at == '=' || *at == '\\' || *at == 0x7f)
      return TRUE;
  return FALSE;
}

/* Quoted where needed, so that nobody's text can end the line or pass for another field. */
static void
append_value (GString    *line,
              const char *value)
{
  if (!needs_quotes (value))
    {
      g_string_append (line, value);
      return;
    }

  g_string_append_c (line, '"');
  for (const char *at = value; *at != '\0'; at++)
    {
      if (*at == '"' || *at == '\\')
        g_string_append_printf (line, "\\%c", *at);
      else if (*at == '\n')
        g_string_append (line, "\\n");
      else if ((guchar) *at < ' ' || *at == 0x7f)
        g_string_append_printf (line, "\\x%02x", (guint) (guchar) *at);
      else
        g_string_append_c (line, *at);
    }
  g_string_append_c (line, '"');
}

static void
set_field (GLogField  *field,
           const char *key,
           const char *value)
{
  field->key = key;
  field->value = value;
  field->length = -1;
}

/**
 * rb_log_event:
 * @domain: the log domain of the caller's library
 * @level: one level
 * @event: fixed event name, such as "endpoint_registered"
 * @...: pairs of field name and value, both strings, ended by %NULL; a field whose value is %NULL is left out
 *
 * Hands one line to the process's log writer. "endpoint_id" arrives there as the field `RB_ENDPOINT_ID` and, for people, in the
 * message as `endpoint_id=...`. Source: protocol.md 3.10 and Appendix B.
 */
void
rb_log_event (const char     *domain,
              GLogLevelFlags  level,
              const char     *event,
              ...)
{
  char keys[MAX_FIELDS][MAX_KEY_BYTES];
  GLogField fields[MAX_FIELDS + N_OWN_FIELDS];
  g_autoptr(GString) line = g_string_new (event);
  gsize n_fields = N_OWN_FIELDS;
  const char *name;
  va_list args;

  va_start (args, event);
  while ((name = va_arg (args, const char *)) != NULL)
    {
      const char *value = va_arg (args, const char *);

      if (value == NULL || n_fields == G_N_ELEMENTS (fields))
        continue;

      make_key (keys[n_fields - N_OWN_FIELDS], name);
      set_field (&fields[n_fields], keys[n_fields - N_OWN_FIELDS], value);
      n_fields++;
      g_string_append_printf (line, " %s=", name);
      append_value (line, value);
    }
  va_end (args);

  set_field (&fields[0], "MESSAGE", line->str);
  set_field (&fields[1], "PRIORITY", priority_of (level));
  set_field (&fields[2], "GLIB_DOMAIN", domain);
  set_field (&fields[3], "RB_EVENT", event);
  g_log_structured_array (level, fields, n_fields);
}
