/* rb-claim-release.c: a claim that came to nothing is given back to the upstream
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-claim-release.h"

#include "rb-error.h"
#include "rb-log.h"
#include "rb-upstream-error.h"

typedef struct {
  RbCore      *core;
  char        *assignment_id;
  const char  *reason_code;
  RbReleased   done;
  gpointer     user_data;
} Release;

static void
finish (Release  *self,
        gboolean  released)
{
  RbCore *core = self->core;

  self->done (core, released, self->user_data);
  core->n_reports--;
  rb_core_stop_continue (core);
  g_free (self->assignment_id);
  g_free (self);
  g_object_unref (core);
}

static const char *
failure_event (const GError *error)
{
  if (g_error_matches (error, RB_ERROR, RB_ERROR_NOT_SUPPORTED))
    return "runtime_self_claim_compensation_unavailable";
  return rb_upstream_error_get_status (error) != 0 || g_error_matches (error, RB_ERROR, RB_ERROR_REJECTED)
           ? "runtime_self_claim_compensation_failed"
           : "runtime_self_claim_compensation_error";
}

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Release *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = rb_upstream_call_finish (RB_UPSTREAM (source), result, &error);

  if (answer != NULL)
    rb_log_warning ("runtime_self_claim_compensated", "assignment_id", self->assignment_id, "reason_code", self->reason_code, NULL);
  else
    rb_log_error (failure_event (error), "assignment_id", self->assignment_id, "reason_code", self->reason_code, "err", error->message,
                  NULL);
  finish (self, answer != NULL);
}

static GVariant *
make_arguments (const RbClaimed *claimed,
                const char      *nonce)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "undispatched_id", "s", claimed->undispatched_id);
  g_variant_dict_insert (&dict, "source_message_id", "s", claimed->source_message_id);
  g_variant_dict_insert (&dict, "assignment_id", "s", claimed->assignment_id);
  g_variant_dict_insert_value (&dict, "target_ref", rb_target_to_variant (claimed->target));
  g_variant_dict_insert (&dict, "endpoint_nonce", "s", nonce);
  g_variant_dict_insert (&dict, "broker_projection_token", "s", claimed->token);
  return g_variant_dict_end (&dict);
}

void
rb_claim_release (RbCore          *core,
                  const RbClaimed *claimed,
                  const char      *nonce,
                  const char      *reason_code,
                  RbReleased       done,
                  gpointer         user_data)
{
  Release *self = g_new0 (Release, 1);

  self->core = g_object_ref (core);
  self->assignment_id = g_strdup (claimed->assignment_id);
  self->reason_code = reason_code;
  self->done = done;
  self->user_data = user_data;
  core->n_reports++;

  /* What we granted ourselves nobody else holds. */
  if ((rb_upstream_get_features (core->upstream) & RB_UPSTREAM_LOCAL_INBOX) != 0)
    finish (self, TRUE);
  else
    rb_upstream_call_async (core->upstream, RB_UPSTREAM_RELEASE_CLAIM, make_arguments (claimed, nonce), NULL, on_answered, self);
}
