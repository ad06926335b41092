/* rb-json.c: a checked JSON document, indexed one level deep
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-json.h"

#include "rb-error.h"
#include "rb-json-private.h"

#include <string.h>

/* The scan notes where the root and its members or items are; nothing is copied. A value is decoded when it is asked
 * for, and a nested container is scanned again when it is opened, so that what travels through costs one pass. */

/* Names of larger objects are sorted; that also bounds what a hostile one costs. */
#define MAX_LINEAR 32

struct _RbJson {
  gatomicrefcount ref_count;
  GBytes *source;    /* what the spans point into */
  GBytes *text;      /* the root value, without white space around it */
  const char *data;  /* of @source */
  GArray *spans;     /* RbJsonSpan: the root, then name and value pairs, or items */
  GArray *by_name;   /* guint: members in the order of their names; NULL for small objects */
  guint length;      /* members (of different names) or items */
};

G_DEFINE_BOXED_TYPE (RbJson, rb_json, rb_json_ref, rb_json_unref)

static inline const RbJsonSpan *
span_at (const RbJson *self,
         guint         i)
{
  return &g_array_index (self->spans, RbJsonSpan, i);
}

static inline gboolean
is_object (const RbJson *self)
{
  return rb_json_get_root_type (self) == RB_JSON_OBJECT;
}

static inline RbJsonString
member_name (const RbJson *self,
             guint         i)
{
  return rb_json_string_of_span (self->data, span_at (self, 1 + 2 * i));
}

static int
compare_members (gconstpointer a,
                 gconstpointer b,
                 gpointer      data)
{
  const RbJson *self = data;
  guint i = *(const guint *) a;
  guint j = *(const guint *) b;
  RbJsonString left = member_name (self, i);
  RbJsonString right = member_name (self, j);
  int order = rb_json_string_compare (&left, &right);

  return order != 0 ? order : (i > j) - (i < j);
}

static void
sort_names (RbJson *self)
{
  g_clear_pointer (&self->by_name, g_array_unref);
  if (self->length <= MAX_LINEAR)
    return;

  self->by_name = g_array_sized_new (FALSE, FALSE, sizeof (guint), self->length);
  for (guint i = 0; i < self->length; i++)
    g_array_append_val (self->by_name, i);
  g_array_sort_with_data (self->by_name, compare_members, self);
}

static gboolean
same_name (const RbJson *self,
           guint         i,
           guint         j)
{
  RbJsonString left = member_name (self, i);
  RbJsonString right = member_name (self, j);

  return rb_json_string_equal (&left, &right);
}

/* Is there a later member of the same name? */
static gboolean
is_overridden (const RbJson *self,
               guint         i)
{
  for (guint j = i + 1; j < self->length; j++)
    {
      if (same_name (self, i, j))
        return TRUE;
    }
  return FALSE;
}

/* Marks by an empty value, which no real value is. */
static guint
mark_overridden (RbJson *self)
{
  guint n_marked = 0;

  for (guint k = 0; k < self->length; k++)
    {
      guint i = k;
      gboolean overridden;

      if (self->by_name == NULL)
        {
          overridden = is_overridden (self, i);
        }
      else
        {
          i = g_array_index (self->by_name, guint, k);
          overridden = k + 1 < self->length && same_name (self, i, g_array_index (self->by_name, guint, k + 1));
        }

      if (!overridden)
        continue;
      g_array_index (self->spans, RbJsonSpan, 2 + 2 * i).length = 0;
      n_marked++;
    }
  return n_marked;
}

/* Of members with one name, only the last stays. Source: protocol.md 1.2. */
static void
index_members (RbJson *self)
{
  RbJsonSpan *spans = (RbJsonSpan *) (gpointer) self->spans->data;
  guint kept = 0;

  sort_names (self);
  if (mark_overridden (self) == 0)
    return;

  for (guint i = 0; i < self->length; i++)
    {
      if (spans[2 + 2 * i].length == 0)
        continue;
      spans[1 + 2 * kept] = spans[1 + 2 * i];
      spans[2 + 2 * kept] = spans[2 + 2 * i];
      kept++;
    }

  self->length = kept;
  g_array_set_size (self->spans, 1 + 2 * kept);
  sort_names (self);
}

const char *
rb_json_get_data (const RbJson *self)
{
  return self->data;
}

/*
 * rb_json_lookup:
 *
 * Names of a small object are compared one by one; those of a larger one are
 * sorted, so that the search halves them.
 *
 * Returns: (nullable): the value of the member @name
 */
const RbJsonSpan *
rb_json_lookup (const RbJson *self,
                const char   *name)
{
  RbJsonString wanted = { name, strlen (name), FALSE };
  guint low = 0;
  guint high = self->length;

  if (!is_object (self))
    return NULL;

  if (self->by_name == NULL)
    {
      for (guint i = 0; i < self->length; i++)
        {
          RbJsonString candidate = member_name (self, i);

          if (rb_json_string_equal (&candidate, &wanted))
            return rb_json_value_at (self, i);
        }
      return NULL;
    }

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      guint i = g_array_index (self->by_name, guint, middle);
      RbJsonString candidate = member_name (self, i);
      int order = rb_json_string_compare (&candidate, &wanted);

      if (order == 0)
        return rb_json_value_at (self, i);
      if (order < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return NULL;
}

/*
 * rb_json_name_at:
 *
 * Returns: (nullable): the name of member @i, with its quotes
 */
const RbJsonSpan *
rb_json_name_at (const RbJson *self,
                 guint         i)
{
  return is_object (self) && i < self->length ? span_at (self, 1 + 2 * i) : NULL;
}

/*
 * rb_json_value_at:
 *
 * Returns: (nullable): the value of member @i, or item @i
 */
const RbJsonSpan *
rb_json_value_at (const RbJson *self,
                  guint         i)
{
  if (i >= self->length)
    return NULL;
  return span_at (self, is_object (self) ? 2 + 2 * i : 1 + i);
}

RbJsonType
rb_json_span_type (const RbJson     *self,
                   const RbJsonSpan *span)
{
  return span != NULL ? rb_json_text_type (self->data + span->at) : RB_JSON_ABSENT;
}

/*
 * rb_json_span_to_slice:
 *
 * Returns: (transfer full) (nullable): the bytes of @span, sharing memory
 */
GBytes *
rb_json_span_to_slice (const RbJson     *self,
                       const RbJsonSpan *span)
{
  if (span == NULL)
    return NULL;
  if (span->length == g_bytes_get_size (self->source))
    return g_bytes_ref (self->source);
  return g_bytes_new_from_bytes (self->source, span->at, span->length);
}

/**
 * rb_json_parse:
 * @text: the whole text; untrusted
 * @max_bytes: the longest text to accept, or 0 for no limit of its own
 * @error: return location for a #GError
 *
 * Checks @text in one pass and indexes the members or items of its root value.
 * Slices of the result share the memory of @text.
 *
 * Fails with %RB_ERROR_TOO_LARGE "body_too_large" if @text is longer than
 * @max_bytes (or 2 GiB), and with %RB_ERROR_INVALID "bad_request" if it is not
 * one value of RFC 8259 in strict UTF-8, or nested more than
 * %RB_JSON_MAX_DEPTH deep. Source: protocol.md 1.2 and 25.
 *
 * Returns: (transfer full): the document, or %NULL
 */
RbJson *
rb_json_parse (GBytes  *text,
               gsize    max_bytes,
               GError **error)
{
  g_autoptr(RbJson) self = NULL;
  const RbJsonSpan *root;
  gsize size;

  g_return_val_if_fail (text != NULL, NULL);

  size = g_bytes_get_size (text);
  if ((max_bytes != 0 && size > max_bytes) || size > RB_JSON_MAX_TEXT)
    {
      rb_set_error (error, RB_ERROR_TOO_LARGE, "body_too_large", "request body too large");
      return NULL;
    }

  self = g_new0 (RbJson, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->source = g_bytes_ref (text);
  self->data = size > 0 ? g_bytes_get_data (text, NULL) : "";
  self->spans = g_array_sized_new (FALSE, FALSE, sizeof (RbJsonSpan), 32);

  if (!rb_json_scan (self->data, size, 1, self->spans, error))
    return NULL;

  root = span_at (self, 0);
  self->text = rb_json_span_to_slice (self, root);
  self->length = self->spans->len - 1;
  if (is_object (self))
    {
      self->length /= 2;
      index_members (self);
    }
  return g_steal_pointer (&self);
}

/**
 * rb_json_parse_object:
 * @text: the whole text; untrusted
 * @max_bytes: the longest text to accept, or 0 for no limit of its own
 * @error: return location for a #GError
 *
 * As rb_json_parse(), but fails with %RB_ERROR_INVALID "bad_request" too if the
 * root is not an object.
 *
 * Returns: (transfer full): the document, or %NULL
 */
RbJson *
rb_json_parse_object (GBytes  *text,
                      gsize    max_bytes,
                      GError **error)
{
  g_autoptr(RbJson) self = rb_json_parse (text, max_bytes, error);

  if (self == NULL)
    return NULL;
  if (!is_object (self))
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_request", "JSON: the text must be an object");
      return NULL;
    }
  return g_steal_pointer (&self);
}

RbJson *
rb_json_ref (RbJson *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
rb_json_unref (RbJson *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_clear_pointer (&self->by_name, g_array_unref);
  g_clear_pointer (&self->spans, g_array_unref);
  g_clear_pointer (&self->text, g_bytes_unref);
  g_clear_pointer (&self->source, g_bytes_unref);
  g_free (self);
}

RbJsonType
rb_json_get_root_type (const RbJson *self)
{
  g_return_val_if_fail (self != NULL, RB_JSON_ABSENT);

  return rb_json_text_type (self->data + span_at (self, 0)->at);
}

/**
 * rb_json_get_text:
 *
 * Returns: (transfer none): the text of the root value as it came, without the
 *   white space around it
 */
GBytes *
rb_json_get_text (const RbJson *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->text;
}

/**
 * rb_json_get_length:
 *
 * Returns: the number of members (members of one name count once) or items; 0
 *   for any other root
 */
guint
rb_json_get_length (const RbJson *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->length;
}

/**
 * rb_json_dup_member_name:
 * @i: less than rb_json_get_length()
 *
 * Returns: (transfer full) (nullable): the name of member @i in the order of
 *   the text, each U+0000 in it replaced by U+FFFD; %NULL if there is none
 */
char *
rb_json_dup_member_name (const RbJson *self,
                         guint         i)
{
  g_autoptr(GBytes) name = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  name = rb_json_span_to_slice (self, rb_json_name_at (self, i));
  return name != NULL ? rb_json_slice_preview (name, G_MAXUINT) : NULL;
}

RbJsonType
rb_json_get_member_type (const RbJson *self,
                         const char   *name)
{
  g_return_val_if_fail (self != NULL, RB_JSON_ABSENT);
  g_return_val_if_fail (name != NULL, RB_JSON_ABSENT);

  return rb_json_span_type (self, rb_json_lookup (self, name));
}

/**
 * rb_json_dup_slice:
 * @name: a member
 *
 * Returns: (transfer full) (nullable): the text of its value as it came
 *   (sharing memory with the document's); %NULL if there is none
 */
GBytes *
rb_json_dup_slice (const RbJson *self,
                   const char   *name)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  return rb_json_span_to_slice (self, rb_json_lookup (self, name));
}
