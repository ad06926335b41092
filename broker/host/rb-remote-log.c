/* rb-remote-log.c: log lines of an isolated module, as parts of frames
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-remote-log.h"

#include "rb-remote-parts.h"

#define MAX_FIELDS 28   /* more than rb_log_event() has */

static char *
dup_value (const GLogField *field)
{
  g_autofree char *text = field->length < 0 ? g_strdup (field->value) : g_strndup (field->value, (gsize) field->length);

  return g_utf8_make_valid (text, -1);
}

GVariant *
rb_remote_log_put (RbRemoteFrame   *frame,
                   GLogLevelFlags   level,
                   const GLogField *fields,
                   gsize            n_fields)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ss)"));
  for (gsize i = 0; i < MIN (n_fields, MAX_FIELDS); i++)
    g_variant_builder_add_value (&builder, g_variant_new ("(s@s)", fields[i].key, g_variant_new_take_string (dup_value (&fields[i]))));
  frame->numbers[0] = level & G_LOG_LEVEL_MASK;
  return rb_remote_put_variant (frame, g_variant_builder_end (&builder));
}

/* What is fatal there is not fatal here. */
static GLogLevelFlags
level_of (gint64 number)
{
  static const GLogLevelFlags known[] = { G_LOG_LEVEL_WARNING, G_LOG_LEVEL_MESSAGE, G_LOG_LEVEL_INFO, G_LOG_LEVEL_DEBUG };

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (number == known[i])
      return known[i];
  return G_LOG_LEVEL_CRITICAL;
}

static gboolean
is_key (const char *key)
{
  if (!g_ascii_isupper (*key))
    return FALSE;
  for (; *key != '\0'; key++)
    if (!g_ascii_isupper (*key) && !g_ascii_isdigit (*key) && *key != '_')
      return FALSE;
  return TRUE;
}

gboolean
rb_remote_log_write (const RbRemoteFrame *frame,
                     const char          *module)
{
  g_autoptr(GVariant) lines = rb_remote_dup_variant (frame, "a(ss)", NULL);
  GLogField fields[MAX_FIELDS + 1];
  gboolean is_named = FALSE;
  gsize n = 0;
  GVariantIter iter;

  if (lines == NULL || g_variant_n_children (lines) > MAX_FIELDS)
    return FALSE;
  g_variant_iter_init (&iter, lines);
  for (; g_variant_iter_next (&iter, "(&s&s)", &fields[n].key, &fields[n].value); n++)
    {
      if (!is_key (fields[n].key))
        return FALSE;
      fields[n].length = -1;
      is_named = is_named || g_str_equal (fields[n].key, "RB_MODULE");
    }
  if (!is_named)
    fields[n++] = (GLogField) { "RB_MODULE", module, -1 };
  g_log_structured_array (level_of (frame->numbers[0]), fields, n);
  return TRUE;
}
