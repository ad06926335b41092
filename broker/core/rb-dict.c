/* rb-dict.c: members of an a{sv}, left out when there is nothing to say
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-dict.h"

#include "rb-time.h"

void
rb_dict_put_text (GVariantDict *dict,
                  const char   *name,
                  const char   *value)
{
  if (value != NULL)
    g_variant_dict_insert (dict, name, "s", value);
}

void
rb_dict_put_time (GVariantDict *dict,
                  const char   *name,
                  gint64        epoch_ms)
{
  g_autofree char *text = epoch_ms != 0 ? rb_time_to_iso (epoch_ms) : NULL;

  rb_dict_put_text (dict, name, text);
}

void
rb_dict_put_count (GVariantDict *dict,
                   const char   *name,
                   guint64       value)
{
  g_variant_dict_insert (dict, name, "x", (gint64) value);
}

GVariant *
rb_dict_endpoint (const char *endpoint_id)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  rb_dict_put_text (&dict, "endpoint_id", endpoint_id);
  return g_variant_dict_end (&dict);
}
