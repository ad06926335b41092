/* rb-envelope.c: one message, immutable, with content and metadata as the slices they came as
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-envelope.h"

#include <string.h>

struct _RbEnvelope {
  gatomicrefcount  ref_count;
  gsize            size;           /* of all parts, in bytes */
  GBytes          *content;
  GBytes          *metadata;       /* never NULL */
  const char      *id;             /* the strings point into @strings; NULL where not given */
  const char      *from;
  const char      *to;
  const char      *content_type;   /* never NULL */
  char             strings[];
};

G_DEFINE_BOXED_TYPE (RbEnvelope, rb_envelope, rb_envelope_ref, rb_envelope_unref)

/* Most messages carry no metadata; they share one empty object. */
static GBytes *
ref_empty_object (void)
{
  static gsize empty = 0;

  if (g_once_init_enter (&empty))
    g_once_init_leave (&empty, (gsize) g_bytes_new_static ("{}", 2));
  return g_bytes_ref ((GBytes *) empty);
}

static gsize
string_size (const char *text)
{
  return text != NULL ? strlen (text) + 1 : 0;
}

/* Appends @text with its NUL at *@at and returns where it is now. */
static const char *
put_string (char       **at,
            const char  *text)
{
  const char *start = *at;

  if (text == NULL)
    return NULL;
  *at = g_stpcpy (*at, text) + 1;
  return start;
}

/**
 * rb_envelope_new:
 * @id: (nullable): message id
 * @from: (nullable): sender address
 * @to: (nullable): recipient address
 * @content: a JSON string with its quotes, already checked
 * @content_type: (nullable): %NULL means "text"
 * @metadata: (nullable): a JSON object's text, already checked; %NULL means `{}`
 *
 * Copies the strings and references the slices.
 *
 * Returns: (transfer full): a new envelope
 */
RbEnvelope *
rb_envelope_new (const char *id,
                 const char *from,
                 const char *to,
                 GBytes     *content,
                 const char *content_type,
                 GBytes     *metadata)
{
  RbEnvelope *self;
  gsize size;
  char *at;

  g_return_val_if_fail (content != NULL, NULL);

  if (content_type == NULL)
    content_type = "text";
  size = string_size (id) + string_size (from) + string_size (to) + string_size (content_type);

  self = g_malloc (sizeof *self + size);
  g_atomic_ref_count_init (&self->ref_count);
  self->content = g_bytes_ref (content);
  self->metadata = metadata != NULL ? g_bytes_ref (metadata) : ref_empty_object ();
  self->size = size + g_bytes_get_size (self->content) + g_bytes_get_size (self->metadata);

  at = self->strings;
  self->id = put_string (&at, id);
  self->from = put_string (&at, from);
  self->to = put_string (&at, to);
  self->content_type = put_string (&at, content_type);
  return self;
}

RbEnvelope *
rb_envelope_ref (RbEnvelope *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
rb_envelope_unref (RbEnvelope *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_bytes_unref (self->content);
  g_bytes_unref (self->metadata);
  g_free (self);
}

RbEnvelope *
rb_envelope_with_metadata (RbEnvelope *self,
                           GBytes     *metadata)
{
  g_return_val_if_fail (self != NULL, NULL);

  return rb_envelope_new (self->id, self->from, self->to, self->content, self->content_type, metadata);
}

RbEnvelope *
rb_envelope_with_id (RbEnvelope *self,
                     const char *id)
{
  g_return_val_if_fail (self != NULL, NULL);

  return rb_envelope_new (id, self->from, self->to, self->content, self->content_type, self->metadata);
}

const char *
rb_envelope_get_id (const RbEnvelope *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->id;
}

const char *
rb_envelope_get_from (const RbEnvelope *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->from;
}

const char *
rb_envelope_get_to (const RbEnvelope *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->to;
}

GBytes *
rb_envelope_get_content (const RbEnvelope *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->content;
}

const char *
rb_envelope_get_content_type (const RbEnvelope *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->content_type;
}

GBytes *
rb_envelope_get_metadata (const RbEnvelope *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->metadata;
}

gsize
rb_envelope_get_size (const RbEnvelope *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->size;
}
