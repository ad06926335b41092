/* rb-error.c: the one error domain, with the wire's reason attached to each error
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-error.h"

/* Reason and details live in the error's private part, so that g_error_copy(), g_propagate_error() and
 * g_prefix_error() keep them. A reason may come from the other side of a wire, so it is counted, not interned
 * for ever. */
typedef struct {
  GRefString *reason;    /* (nullable) */
  GVariant   *details;   /* (nullable) a{sv} */
} RbErrorPrivate;

static void
rb_error_private_init (RbErrorPrivate *priv)
{
  priv->reason = NULL;
  priv->details = NULL;
}

static void
rb_error_private_copy (const RbErrorPrivate *from,
                       RbErrorPrivate       *to)
{
  to->reason = from->reason != NULL ? g_ref_string_acquire (from->reason) : NULL;
  to->details = from->details != NULL ? g_variant_ref (from->details) : NULL;
}

static void
rb_error_private_clear (RbErrorPrivate *priv)
{
  g_clear_pointer (&priv->reason, g_ref_string_release);
  g_clear_pointer (&priv->details, g_variant_unref);
}

G_DEFINE_EXTENDED_ERROR (RbError, rb_error)

static GError *
new_valist (RbError     code,
            const char *reason,
            const char *format,
            va_list     args) G_GNUC_PRINTF (3, 0);

static GError *
new_valist (RbError     code,
            const char *reason,
            const char *format,
            va_list     args)
{
  GError *error = g_error_new_valist (RB_ERROR, (int) code, format, args);

  if (reason != NULL)
    rb_error_get_private (error)->reason = g_ref_string_new (reason);
  return error;
}

/**
 * rb_error_new:
 * @code: what the caller can do about it
 * @reason: (nullable): the wire code, such as "endpoint_not_active"
 * @format: printf() format of the message: ASCII, values in quotes, no secret
 *
 * Returns: (transfer full): a new error of the domain %RB_ERROR
 */
GError *
rb_error_new (RbError     code,
              const char *reason,
              const char *format,
              ...)
{
  GError *error;
  va_list args;

  va_start (args, format);
  error = new_valist (code, reason, format, args);
  va_end (args);
  return error;
}

/**
 * rb_set_error:
 * @error: (nullable): where to store it; nothing is done for %NULL
 * @code: as for rb_error_new()
 * @reason: (nullable): as for rb_error_new()
 * @format: as for rb_error_new()
 *
 * Like g_set_error(), with a reason.
 */
void
rb_set_error (GError    **error,
              RbError     code,
              const char *reason,
              const char *format,
              ...)
{
  va_list args;

  if (error == NULL)
    return;

  va_start (args, format);
  g_propagate_error (error, new_valist (code, reason, format, args));
  va_end (args);
}

/**
 * rb_error_get_reason:
 * @error: (nullable): any error
 *
 * Returns: (nullable): the wire code; lives as long as @error
 */
const char *
rb_error_get_reason (const GError *error)
{
  if (error == NULL || error->domain != RB_ERROR)
    return NULL;
  return rb_error_get_private (error)->reason;
}

/**
 * rb_error_get_details:
 * @error: (nullable): any error
 *
 * Returns: (nullable) (transfer none): extra members as a{sv}
 */
GVariant *
rb_error_get_details (const GError *error)
{
  if (error == NULL || error->domain != RB_ERROR)
    return NULL;
  return rb_error_get_private (error)->details;
}

/**
 * rb_error_add_detail:
 * @error: any error; another domain than %RB_ERROR is left alone
 * @name: member name; replaces a member of that name
 * @value: its value; a floating reference is taken
 */
void
rb_error_add_detail (GError     *error,
                     const char *name,
                     GVariant   *value)
{
  g_autoptr(GVariant) owned = g_variant_take_ref (value);
  RbErrorPrivate *priv;
  GVariantDict dict;

  g_return_if_fail (error != NULL);
  g_return_if_fail (name != NULL);

  if (error->domain != RB_ERROR)
    return;

  priv = rb_error_get_private (error);
  g_variant_dict_init (&dict, priv->details);
  g_variant_dict_insert_value (&dict, name, owned);
  g_clear_pointer (&priv->details, g_variant_unref);
  priv->details = g_variant_ref_sink (g_variant_dict_end (&dict));
}

/**
 * rb_error_set_retryable:
 * @error: any error
 * @retryable: whether repeating the same request may succeed
 *
 * Adds the detail "retryable".
 */
void
rb_error_set_retryable (GError   *error,
                        gboolean  retryable)
{
  rb_error_add_detail (error, "retryable", g_variant_new_boolean (retryable));
}
