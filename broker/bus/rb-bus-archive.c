/* rb-bus-archive.c: methods for what is over: search and export
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-archive.h"

#include "rb-error.h"
#include "rb-export.h"
#include "rb-search.h"

/* One option of an a{sv}; what is not named here is refused, so that nobody asks for less than he thinks. */
typedef struct {
  const char *name;
  const char *type;
  gpointer    place;      /* of that type's C type; texts are borrowed from the options */
} Option;

static gboolean
read_option (const Option *known,
             guint         n_known,
             const char   *name,
             GVariant     *value,
             GError      **error)
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

/* @values: of the texts, which they keep. */
static gboolean
read_options (GVariant     *options,
              const Option *known,
              guint         n_known,
              GPtrArray    *values,
              GError      **error)
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

static GPtrArray *
values_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
}

static void
on_searched (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) page = rb_search_finish (RB_CORE (source), result, &error);

  rb_bus_call_answer_view (user_data, page, error);
}

static gboolean
check_limit (guint    limit,
             GError **error)
{
  if (limit <= RB_SEARCH_LIMIT_MAX)
    return TRUE;
  rb_set_error (error, RB_ERROR_INVALID, "bad_request", "'limit' must be a whole number from 1 to %d", RB_SEARCH_LIMIT_MAX);
  return FALSE;
}

void
rb_bus_archive_search (RbBusCall  *call,
                       const char *key,
                       GVariant   *parameters)
{
  RbSearchRequest search = { NULL };
  const Option known[] = {
    { "from", "s", &search.from },   { "to", "s", &search.to },       { "endpoint", "s", &search.endpoint_id },
    { "since", "x", &search.since }, { "until", "x", &search.until }, { "before", "x", &search.before },
    { "limit", "u", &search.limit },
  };
  g_autoptr(GPtrArray) values = values_new ();
  g_autoptr(GVariant) filter = g_variant_get_child_value (parameters, 1);
  g_autoptr(GError) error = NULL;

  g_variant_get_child (parameters, 0, "&s", &search.words);
  if (read_options (filter, known, G_N_ELEMENTS (known), values, &error) && check_limit (search.limit, &error))
    rb_search_async (call->ports->core, &search, on_searched, call);
  else
    rb_bus_call_fail (call, error);
}

static void
on_exported (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) page = rb_export_finish (RB_CORE (source), result, &error);

  rb_bus_call_answer_view (user_data, page, error);
}

void
rb_bus_archive_export (RbBusCall  *call,
                       const char *key,
                       GVariant   *parameters)
{
  RbExportRequest export = { NULL };
  const Option known[] = {
    { "cursor", "s", &export.cursor },
    { "since", "x", &export.since },
    { "until", "x", &export.until },
    { "content", "b", &export.has_content },
  };
  g_autoptr(GPtrArray) values = values_new ();
  g_autoptr(GVariant) options = g_variant_get_child_value (parameters, 0);
  g_autoptr(GError) error = NULL;

  if (read_options (options, known, G_N_ELEMENTS (known), values, &error))
    rb_export_async (call->ports->core, &export, on_exported, call);
  else
    rb_bus_call_fail (call, error);
}
