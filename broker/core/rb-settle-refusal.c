/* rb-settle-refusal.c: what the upstream's refusal of a self-settle says of the message, and to who asked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-settle-refusal.h"

#include "rb-upstream-error.h"

#include <string.h>

static GError *
unsupported (void)
{
  GError *error = rb_error_new (RB_ERROR_NOT_SUPPORTED, "runtime_self_settle_unsupported", "apps/api self-settle route is not available");

  rb_error_set_retryable (error, TRUE);
  return error;
}

/* The upstream's status where it is one of a refusal, else 409; its code and its text where it gave them. */
static GError *
rejected (const GError *failure)
{
  gint64 status = rb_upstream_error_get_status (failure);
  const char *code = rb_upstream_error_get_code (failure);
  GError *error = rb_error_new (status >= 400 ? RB_ERROR_REJECTED : RB_ERROR_BAD_STATE, code != NULL ? code : "runtime_self_settle_rejected",
                                "%s", *failure->message != '\0' ? failure->message : "runtime self-settle was rejected");

  if (status >= 400)
    rb_error_add_detail (error, "status", g_variant_new_int64 (status));
  return error;
}

static GError *
unavailable (const GError *failure)
{
  gboolean answered = rb_upstream_error_get_status (failure) != 0;
  const char *code = rb_upstream_error_get_code (failure);
  GError *error = rb_error_new (RB_ERROR_UNAVAILABLE, code != NULL ? code : "runtime_self_settle_unavailable", "%s",
                                answered && *failure->message != '\0' ? failure->message : "runtime self-settle failed; retry");

  rb_error_set_retryable (error, TRUE);
  return error;
}

gboolean
rb_settle_is_refusal (const GError *failure)
{
  gint64 status = rb_upstream_error_get_status (failure);

  return g_error_matches (failure, RB_ERROR, RB_ERROR_REJECTED) && (status == 0 || status >= 400);
}

static gboolean
is_about_asker (const GError *failure)
{
  const char *code = rb_upstream_error_get_code (failure);

  return code != NULL && strstr (code, "endpoint") != NULL;
}

static gboolean
is_nothing_there (const GError *failure)
{
  gint64 status = rb_upstream_error_get_status (failure);

  return rb_settle_is_refusal (failure) && (status == 404 || status == 410);
}

gboolean
rb_settle_is_bare (const GError *failure)
{
  return is_nothing_there (failure) && rb_upstream_error_get_code (failure) == NULL;
}

gboolean
rb_settle_is_unknown (const GError *failure)
{
  return is_nothing_there (failure) && !rb_settle_is_bare (failure) && !is_about_asker (failure);
}

GError *
rb_settle_make_answer (const GError *failure)
{
  if (g_error_matches (failure, RB_ERROR, RB_ERROR_NOT_SUPPORTED))
    return unsupported ();
  return g_error_matches (failure, RB_ERROR, RB_ERROR_REJECTED) ? rejected (failure) : unavailable (failure);
}
