/* http-check.c: comparing answers and errors with what a test writes down
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http-check.h"

#include "rb-error.h"

#include <string.h>

static gboolean matches (GVariant *a, GVariant *b);

static gboolean
dictionaries_match (GVariant *a,
                    GVariant *b)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;

  if (g_variant_n_children (a) != g_variant_n_children (b))
    return FALSE;
  g_variant_iter_init (&iter, a);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      g_autoptr(GVariant) mine = value;
      g_autoptr(GVariant) other = g_variant_lookup_value (b, name, NULL);

      if (other == NULL || !matches (mine, other))
        return FALSE;
    }
  return TRUE;
}

static gboolean
arrays_match (GVariant *a,
              GVariant *b)
{
  if (g_variant_n_children (a) != g_variant_n_children (b))
    return FALSE;
  for (gsize i = 0; i < g_variant_n_children (a); i++)
    {
      g_autoptr(GVariant) mine = g_variant_get_child_value (a, i);
      g_autoptr(GVariant) other = g_variant_get_child_value (b, i);

      if (!matches (mine, other))
        return FALSE;
    }
  return TRUE;
}

static gboolean
matches (GVariant *a,
         GVariant *b)
{
  if (!g_str_equal (g_variant_get_type_string (a), g_variant_get_type_string (b)))
    return FALSE;
  if (g_variant_is_of_type (a, G_VARIANT_TYPE_VARDICT))
    return dictionaries_match (a, b);
  if (g_variant_is_of_type (a, G_VARIANT_TYPE ("aa{sv}")))
    return arrays_match (a, b);
  return g_variant_equal (a, b);
}

void
http_check_variant (GVariant   *value,
                    const char *text,
                    const char *expression,
                    const char *file,
                    int         line)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) expected = g_variant_parse (value != NULL ? g_variant_get_type (value) : NULL, text, NULL, NULL, &error);
  g_autofree char *printed = value != NULL ? g_variant_print (value, FALSE) : g_strdup ("NULL");

  g_assert_no_error (error);
  if (value == NULL || !matches (value, expected))
    g_error ("%s:%d: %s is %s and not %s", file, line, expression, printed, text);
}

void
http_check_error (const GError *error,
                  int           code,
                  const char   *message,
                  const char   *details,
                  const char   *file,
                  int           line)
{
  if (error == NULL)
    g_error ("%s:%d: there is no error", file, line);
  if (!g_error_matches (error, RB_ERROR, code) || strcmp (error->message, message) != 0)
    g_error ("%s:%d: the error is %d '%s' and not %d '%s'", file, line, error->code, error->message, code, message);
  if (details == NULL)
    g_assert_null (rb_error_get_details (error));
  else
    http_check_variant (rb_error_get_details (error), details, "details", file, line);
}

GVariant *
http_arguments (const char *text)
{
  g_autoptr(GError) error = NULL;
  GVariant *arguments = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

  g_assert_no_error (error);
  return arguments;
}

RbHttpAnswer *
http_answer (guint       status,
             const char *phrase,
             const char *body)
{
  RbHttpAnswer *answer = rb_http_answer_new (status, phrase);

  answer->body = g_bytes_new (body != NULL ? body : "", body != NULL ? strlen (body) : 0);
  return answer;
}
