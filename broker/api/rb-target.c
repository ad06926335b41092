/* rb-target.c: target_ref: the runtime work target of an assignment
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-target.h"

#include "rb-error.h"
#include "rb-text.h"

#define KIND "projection_endpoint"

/**
 * rb_target_new:
 * @endpoint_id: the endpoint that does the work
 * @mode: how it receives assignments
 * @session_id: (nullable): the session; only and always with %RB_TARGET_ADAPTER_MANAGED_TURN
 *
 * Returns: (transfer full): a new target
 */
RbTarget *
rb_target_new (const char   *endpoint_id,
               RbTargetMode  mode,
               const char   *session_id)
{
  RbTarget *self;

  g_return_val_if_fail (endpoint_id != NULL, NULL);
  g_return_val_if_fail ((session_id == NULL) == (mode == RB_TARGET_RESIDENT_ENDPOINT), NULL);

  self = g_new (RbTarget, 1);
  self->endpoint_id = g_strdup (endpoint_id);
  self->mode = mode;
  self->session_id = g_strdup (session_id);
  return self;
}

RbTarget *
rb_target_copy (const RbTarget *self)
{
  if (self == NULL)
    return NULL;
  return rb_target_new (self->endpoint_id, self->mode, self->session_id);
}

void
rb_target_free (RbTarget *self)
{
  if (self == NULL)
    return;

  g_free (self->endpoint_id);
  g_free (self->session_id);
  g_free (self);
}

/**
 * rb_target_equal:
 * @a: (nullable): a target
 * @b: (nullable): another
 *
 * Returns: whether both are %NULL or name the same work target
 */
gboolean
rb_target_equal (const RbTarget *a,
                 const RbTarget *b)
{
  if (a == NULL || b == NULL)
    return a == b;
  return a->mode == b->mode
         && g_str_equal (a->endpoint_id, b->endpoint_id)
         && g_strcmp0 (a->session_id, b->session_id) == 0;
}

static gboolean
is_blank (const char *text)
{
  g_autofree char *trimmed = rb_text_trim (text);

  return *trimmed == '\0';
}

static RbTarget *
invalid_target (GError     **error,
                const char  *what)
{
  rb_set_error (error, RB_ERROR_INVALID, "invalid_target_ref", "The target_ref has %s", what);
  return NULL;
}

/* What either source gave; strings that are missing or of another type are NULL. */
typedef struct {
  char     *kind;
  char     *endpoint_id;
  char     *mode;
  gboolean  has_session;    /* the member is there, whatever its type */
  char     *session_id;
} Members;

static void
members_clear (Members *self)
{
  g_free (self->kind);
  g_free (self->endpoint_id);
  g_free (self->mode);
  g_free (self->session_id);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Members, members_clear)

/* Exactly one of the two variants of protocol.md 11.2. */
static RbTarget *
from_members (const Members  *members,
              GError        **error)
{
  RbTargetMode mode;

  if (g_strcmp0 (members->kind, KIND) != 0)
    return invalid_target (error, "another kind");
  if (members->endpoint_id == NULL || *members->endpoint_id == '\0')
    return invalid_target (error, "no projection_endpoint_id");
  if (!rb_target_mode_from_string (members->mode, &mode))
    return invalid_target (error, "no known background_exchange_mode");
  if (mode == RB_TARGET_RESIDENT_ENDPOINT)
    return members->has_session ? invalid_target (error, "a runtime_session_id although it is resident")
                                : rb_target_new (members->endpoint_id, mode, NULL);
  if (members->session_id == NULL || is_blank (members->session_id))
    return invalid_target (error, "no runtime_session_id");
  return rb_target_new (members->endpoint_id, mode, members->session_id);
}

/**
 * rb_target_from_json:
 * @object: a `target_ref`; may be untrusted
 * @error: return location for a #GError
 *
 * Fails with %RB_ERROR_INVALID, reason "invalid_target_ref", unless @object is exactly one of the two variants of
 * protocol.md 11.2.
 *
 * Returns: (transfer full): the target
 */
RbTarget *
rb_target_from_json (const RbJson  *object,
                     GError       **error)
{
  g_auto(Members) members = { 0 };

  if (object == NULL || rb_json_get_root_type (object) != RB_JSON_OBJECT)
    return invalid_target (error, "no object");

  members.kind = rb_json_peek_string (object, "kind");
  members.endpoint_id = rb_json_peek_string (object, "projection_endpoint_id");
  members.mode = rb_json_peek_string (object, "background_exchange_mode");
  members.has_session = rb_json_get_member_type (object, "runtime_session_id") != RB_JSON_ABSENT;
  members.session_id = rb_json_peek_string (object, "runtime_session_id");
  return from_members (&members, error);
}

/**
 * rb_target_from_variant:
 * @dictionary: (nullable): a `target_ref` as a{sv}, as an upstream hands it over
 * @error: return location for a #GError
 *
 * Like rb_target_from_json().
 *
 * Returns: (transfer full): the target
 */
RbTarget *
rb_target_from_variant (GVariant  *dictionary,
                        GError   **error)
{
  g_auto(Members) members = { 0 };
  g_autoptr(GVariant) session = NULL;

  if (dictionary == NULL || !g_variant_is_of_type (dictionary, G_VARIANT_TYPE_VARDICT))
    return invalid_target (error, "no object");

  session = g_variant_lookup_value (dictionary, "runtime_session_id", NULL);
  members.has_session = session != NULL;
  g_variant_lookup (dictionary, "kind", "s", &members.kind);
  g_variant_lookup (dictionary, "projection_endpoint_id", "s", &members.endpoint_id);
  g_variant_lookup (dictionary, "background_exchange_mode", "s", &members.mode);
  g_variant_lookup (dictionary, "runtime_session_id", "s", &members.session_id);
  return from_members (&members, error);
}

/**
 * rb_target_to_variant:
 * @self: a target
 *
 * Returns: (transfer floating): the `target_ref` as a{sv}
 */
GVariant *
rb_target_to_variant (const RbTarget *self)
{
  GVariantDict dict;

  g_return_val_if_fail (self != NULL, NULL);

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "kind", "s", KIND);
  g_variant_dict_insert (&dict, "projection_endpoint_id", "s", self->endpoint_id);
  if (self->session_id != NULL)
    g_variant_dict_insert (&dict, "runtime_session_id", "s", self->session_id);
  g_variant_dict_insert (&dict, "background_exchange_mode", "s", rb_target_mode_to_string (self->mode));
  return g_variant_dict_end (&dict);
}

/**
 * rb_target_write:
 * @self: (nullable): a target; %NULL writes nothing
 * @writer: where to write the object
 * @name: (nullable): the member's name
 */
void
rb_target_write (const RbTarget *self,
                 RbJsonWriter   *writer,
                 const char     *name)
{
  if (self == NULL)
    return;

  rb_json_writer_begin_object (writer, name);
  rb_json_writer_string (writer, "kind", KIND);
  rb_json_writer_string (writer, "projection_endpoint_id", self->endpoint_id);
  rb_json_writer_string (writer, "runtime_session_id", self->session_id);
  rb_json_writer_string (writer, "background_exchange_mode", rb_target_mode_to_string (self->mode));
  rb_json_writer_end_object (writer);
}

const char *
rb_target_mode_to_string (RbTargetMode mode)
{
  switch (mode)
    {
    case RB_TARGET_RESIDENT_ENDPOINT:
      return "resident_endpoint";
    case RB_TARGET_ADAPTER_MANAGED_TURN:
      return "adapter_managed_turn";
    }
  g_return_val_if_reached (NULL);
}

gboolean
rb_target_mode_from_string (const char   *text,
                            RbTargetMode *mode)
{
  for (int i = RB_TARGET_RESIDENT_ENDPOINT; i <= RB_TARGET_ADAPTER_MANAGED_TURN; i++)
    {
      if (g_strcmp0 (text, rb_target_mode_to_string ((RbTargetMode) i)) != 0)
        continue;

      *mode = (RbTargetMode) i;
      return TRUE;
    }
  return FALSE;
}
