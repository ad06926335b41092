/* rb-bus-options.c: the options of a method, a{sv}
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-options.h"

#include "rb-error.h"

static gboolean
read_option (const RbBusOption *known,
             guint              n_known,
             const char        *name,
             GVariant          *value,
             GError           **error)
{
  for (guint i = 0; i < n_known; i++)
    {
      if (!g_str_equal (known[i].name, name))
        continue;
      if (!g_variant_is_of_type (value, G_VARIANT_TYPE (known[i].type)))
        {
          rb_set_error (error, RB_ERROR_INVALID, "bad_request", "'%s' is of type '%s', not '%s'", name, known[i].type,
                        g_variant_get_type_string (value));
          return FALSE;
        }
      if (*known[i].type == 's')
        *(const char **) known[i].place = g_variant_get_string (value, NULL);
      else
        g_variant_get (value, known[i].type, known[i].place);
      return TRUE;
    }
  rb_set_error (error, RB_ERROR_INVALID, "bad_request", "there is no option '%s'", name);
  return FALSE;
}

GPtrArray *
rb_bus_options_values_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
}

gboolean
rb_bus_options_read (GVariant          *options,
                     const RbBusOption *known,
                     guint              n_known,
                     GPtrArray         *values,
                     GError           **error)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      g_ptr_array_add (values, value);
      if (!read_option (known, n_known, name, value, error))
        return FALSE;
    }
  return TRUE;
}
