/* rb-target-dict.c: a target_ref as an upstream hands it over
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-target-dict.h"

#include "rb-error.h"
#include "rb-text.h"

/* Source: protocol.md 11.2; the same rules as for JSON (rb-target.c). */

static gboolean
has_text (const char *text)
{
  g_autofree char *trimmed = text != NULL ? rb_text_trim (text) : NULL;

  return trimmed != NULL && *trimmed != '\0';
}

RbTarget *
rb_target_from_dict (GVariant  *dict,
                     GError   **error)
{
  g_autoptr(GVariant) session = g_variant_lookup_value (dict, "runtime_session_id", NULL);
  const char *kind = NULL, *endpoint_id = NULL, *mode_text = NULL, *session_id = NULL;
  gboolean is_valid;
  RbTargetMode mode;

  g_variant_lookup (dict, "kind", "&s", &kind);
  g_variant_lookup (dict, "projection_endpoint_id", "&s", &endpoint_id);
  g_variant_lookup (dict, "background_exchange_mode", "&s", &mode_text);
  g_variant_lookup (dict, "runtime_session_id", "&s", &session_id);

  is_valid = g_strcmp0 (kind, "projection_endpoint") == 0 && endpoint_id != NULL && *endpoint_id != '\0' &&
             rb_target_mode_from_string (mode_text, &mode);
  if (is_valid)
    is_valid = mode == RB_TARGET_RESIDENT_ENDPOINT ? session == NULL : has_text (session_id);
  if (is_valid)
    return rb_target_new (endpoint_id, mode, session_id);

  rb_set_error (error, RB_ERROR_INVALID, "invalid_target_ref", "The target_ref is none of the known variants");
  return NULL;
}
