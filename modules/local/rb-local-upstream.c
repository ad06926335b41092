/* rb-local-upstream.c: the directory of a network of one machine
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The broker is its own directory here: it keeps its endpoints and its inbox itself, and a lease lasts as long as the broker does.
 * What is left to do is to name the account, to mint ids, and to tell an id that may be in use from one that is not. Ids of an
 * earlier process are taken as they are, because endpoints survive a restart; so only the retired ones need to be remembered. */
#include "config.h"

#include "rb-local-upstream.h"

#include "rb-error.h"
#include "rb-local-settings.h"

#include <string.h>

#define ID_PREFIX "ep_"
#define MAX_RETIRED 1024    /* then the oldest is forgotten */
#define MAX_GRANTED 4096

enum { BOUND_GRANTS, BOUND_RETIRED, N_BOUNDS };

static const RbBoundInfo bounds[N_BOUNDS] = {
  [BOUND_GRANTS] = { "local_grants", "endpoints", RB_BOUND_FORGETS, "the oldest registration is not known by its nonce any more" },
  [BOUND_RETIRED] = { "local_retired", "endpoints", RB_BOUND_FORGETS, "the oldest is forgotten" },
};

struct _RbLocalUpstream {
  GObject parent_instance;

  RbLocalSettings *settings;
  RbModuleContext *context;
  GHashTable      *granted;         /* endpoint nonce to endpoint id: asking again gives the same id */
  GQueue           granted_order;   /* endpoint nonces, owned, oldest first; some may be gone from @granted */
  GHashTable      *nonces;          /* endpoint id to endpoint nonce: @granted the other way round */
  GHashTable      *retired;         /* set of endpoint ids, owned */
  GQueue           retired_order;   /* the same, borrowed, oldest first */
};

static void module_iface_init   (RbModuleInterface *iface);
static void upstream_iface_init (RbUpstreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RbLocalUpstream, rb_local_upstream, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_UPSTREAM, upstream_iface_init))

static RbBounds *
get_bounds (RbLocalUpstream *self)
{
  return rb_module_context_get_bounds (self->context);
}

/* As a server of section 14 would refuse it. */
static void
refuse (GError     **error,
        gint64       status,
        const char  *code,
        const char  *text,
        const char  *about)
{
  GError *refusal = rb_error_new (RB_ERROR_REJECTED, code, "%s: '%s'", text, about);

  rb_error_add_detail (refusal, "status", g_variant_new_int64 (status));
  rb_error_add_detail (refusal, "code", g_variant_new_string (code));
  g_propagate_error (error, refusal);
}

/* Borrowed from @arguments. */
static const char *
require_string (GVariant    *arguments,
                const char  *name,
                gboolean     may_be_empty,
                GError     **error)
{
  const char *value = NULL;

  if (g_variant_lookup (arguments, name, "&s", &value) && (may_be_empty || *value != '\0'))
    return value;

  refuse (error, 422, "invalid_request", may_be_empty ? "must be a string" : "must be a string that is not empty", name);
  return NULL;
}

static const char *
require_endpoint (RbLocalUpstream  *self,
                  GVariant         *arguments,
                  GError          **error)
{
  const char *id = require_string (arguments, "endpoint_id", FALSE, error);

  if (id == NULL)
    return NULL;
  if (g_str_has_prefix (id, ID_PREFIX) && g_uuid_string_is_valid (id + strlen (ID_PREFIX)) &&
      !g_hash_table_contains (self->retired, id))
    return id;

  refuse (error, 404, "endpoint_not_found", "No such endpoint", id);
  return NULL;
}

static GVariant *
answer_nothing (void)
{
  return g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0);
}

static GVariant *
whoami (RbLocalUpstream  *self,
        GVariant         *arguments,
        GError          **error)
{
  g_autofree char *subject = g_strconcat ("local:", self->settings->handle, NULL);

  return g_variant_new_parsed ("{'subjectId': <%s>, 'subjectType': <'agent-runtime'>}", subject);
}

static void
forget_grant (RbLocalUpstream *self,
              const char      *nonce)
{
  const char *id = g_hash_table_lookup (self->granted, nonce);

  if (id == NULL)
    return;
  g_hash_table_remove (self->nonces, id);
  g_hash_table_remove (self->granted, nonce);
}

static const char *
grant (RbLocalUpstream *self,
       const char      *nonce)
{
  g_autofree char *uuid = g_uuid_string_random ();
  char *id = g_strconcat (ID_PREFIX, uuid, NULL);

  g_hash_table_insert (self->granted, g_strdup (nonce), id);
  g_hash_table_insert (self->nonces, g_strdup (id), g_strdup (nonce));
  g_queue_push_tail (&self->granted_order, g_strdup (nonce));
  if (g_queue_get_length (&self->granted_order) > MAX_GRANTED)
    {
      g_autofree char *oldest = g_queue_pop_head (&self->granted_order);

      rb_bounds_reached (get_bounds (self), BOUND_GRANTS);
      forget_grant (self, oldest);
    }
  rb_bounds_set_used (get_bounds (self), BOUND_GRANTS, g_queue_get_length (&self->granted_order));
  return id;
}

static GVariant *
register_endpoint (RbLocalUpstream  *self,
                   GVariant         *arguments,
                   GError          **error)
{
  const char *nonce = require_string (arguments, "endpoint_nonce", FALSE, error);
  const char *id;

  if (nonce == NULL || require_string (arguments, "runtime_kind", FALSE, error) == NULL ||
      require_string (arguments, "display_label", TRUE, error) == NULL)
    return NULL;

  id = g_hash_table_lookup (self->granted, nonce);
  if (id == NULL)
    id = grant (self, nonce);

  /* 0: there is nothing to renew. */
  return g_variant_new_parsed ("{'endpoint_id': <%s>, 'heartbeat_after_seconds': <0.0>}", id);
}

static GVariant *
acknowledge (RbLocalUpstream  *self,
             GVariant         *arguments,
             GError          **error)
{
  return require_endpoint (self, arguments, error) != NULL ? answer_nothing () : NULL;
}

static GVariant *
unregister (RbLocalUpstream  *self,
            GVariant         *arguments,
            GError          **error)
{
  const char *id = require_string (arguments, "endpoint_id", FALSE, error);
  g_autofree char *nonce = NULL;
  char *retired;

  if (id == NULL)
    return NULL;

  nonce = g_strdup (g_hash_table_lookup (self->nonces, id));
  if (nonce != NULL)
    forget_grant (self, nonce);
  if (g_hash_table_contains (self->retired, id))
    return answer_nothing ();

  retired = g_strdup (id);
  g_hash_table_add (self->retired, retired);
  g_queue_push_tail (&self->retired_order, retired);
  if (g_queue_get_length (&self->retired_order) > MAX_RETIRED)
    {
      rb_bounds_reached (get_bounds (self), BOUND_RETIRED);
      g_hash_table_remove (self->retired, g_queue_pop_head (&self->retired_order));
    }
  rb_bounds_set_used (get_bounds (self), BOUND_RETIRED, g_queue_get_length (&self->retired_order));
  return answer_nothing ();
}

static GVariant *
answer_capabilities (RbLocalUpstream  *self,
                     GVariant         *arguments,
                     GError          **error)
{
  return g_variant_new_parsed ("{'staged_assignment': <false>, 'staged_delivery': <false>}");
}

/* Nobody else could have claimed the message. */
static GVariant *
claim_route (RbLocalUpstream  *self,
             GVariant         *arguments,
             GError          **error)
{
  if (require_string (arguments, "source_message_id", FALSE, error) == NULL ||
      require_string (arguments, "routed_to_endpoint_id", FALSE, error) == NULL)
    return NULL;
  return g_variant_new_parsed ("{'action': <'route'>}");
}

typedef GVariant *(*Handler) (RbLocalUpstream *self, GVariant *arguments, GError **error);

/* NULL: what only a directory of its own could answer. */
static const Handler handlers[] = {
  [RB_UPSTREAM_WHOAMI] = whoami,
  [RB_UPSTREAM_REGISTER_ENDPOINT] = register_endpoint,
  [RB_UPSTREAM_HEARTBEAT] = acknowledge,
  [RB_UPSTREAM_ENDPOINT_STATE] = acknowledge,
  [RB_UPSTREAM_UNREGISTER] = unregister,
  [RB_UPSTREAM_DISPLAY_METADATA] = acknowledge,
  [RB_UPSTREAM_LOOKUP_CLOSED] = NULL,
  [RB_UPSTREAM_CAPABILITIES] = answer_capabilities,
  [RB_UPSTREAM_ROUTE_CLAIM] = claim_route,
  [RB_UPSTREAM_CANDIDATES] = NULL,
  [RB_UPSTREAM_SELF_CLAIM] = NULL,
  [RB_UPSTREAM_RELEASE_CLAIM] = NULL,
  [RB_UPSTREAM_HISTORY] = NULL,
  [RB_UPSTREAM_SELF_SETTLE] = NULL,
  [RB_UPSTREAM_CONTROL_ACK] = NULL,
};
G_STATIC_ASSERT (G_N_ELEMENTS (handlers) == RB_UPSTREAM_N_CALLS);

static GVariant *
answer (RbLocalUpstream  *self,
        RbUpstreamCall    call,
        GVariant         *arguments,
        GError          **error)
{
  if (self->settings == NULL)
    {
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "upstream_unavailable", "The local upstream is not configured");
      return NULL;
    }
  if (handlers[call] == NULL)
    {
      rb_set_error (error, RB_ERROR_NOT_SUPPORTED, "not_offered_by_local", "The network of this machine does not offer '%s'",
                    rb_upstream_call_to_string (call));
      return NULL;
    }
  return handlers[call] (self, arguments, error);
}

static gboolean
rb_local_upstream_configure (RbModule         *module,
                             RbModuleContext  *context,
                             GError          **error)
{
  RbLocalUpstream *self = RB_LOCAL_UPSTREAM (module);

  RbBounds *made;

  self->settings = rb_local_settings_new (context, error);
  if (self->settings == NULL)
    return FALSE;

  g_set_object (&self->context, context);
  made = rb_module_context_make_bounds (context, bounds, G_N_ELEMENTS (bounds));
  rb_bounds_set_limit (made, BOUND_GRANTS, MAX_GRANTED);
  rb_bounds_set_limit (made, BOUND_RETIRED, MAX_RETIRED);
  return TRUE;
}

static RbUpstreamFeatures
rb_local_upstream_get_features (RbUpstream *upstream)
{
  return RB_UPSTREAM_LOCAL_INBOX;
}

static void
rb_local_upstream_call_async (RbUpstream          *upstream,
                              RbUpstreamCall       call,
                              GVariant            *arguments,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (upstream, cancellable, callback, user_data);
  GError *error = NULL;
  GVariant *result;

  g_task_set_source_tag (task, rb_local_upstream_call_async);
  if (g_task_return_error_if_cancelled (task))
    return;

  result = answer (RB_LOCAL_UPSTREAM (upstream), call, arguments, &error);
  if (result != NULL)
    g_task_return_pointer (task, g_variant_ref_sink (result), (GDestroyNotify) g_variant_unref);
  else
    g_task_return_error (task, error);
}

static GVariant *
rb_local_upstream_call_finish (RbUpstream    *upstream,
                               GAsyncResult  *result,
                               GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, upstream), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
rb_local_upstream_finalize (GObject *object)
{
  RbLocalUpstream *self = RB_LOCAL_UPSTREAM (object);

  g_clear_pointer (&self->settings, rb_local_settings_free);
  g_queue_clear (&self->retired_order);
  g_hash_table_unref (self->retired);
  g_queue_clear_full (&self->granted_order, g_free);
  g_hash_table_unref (self->nonces);
  g_hash_table_unref (self->granted);
  g_clear_object (&self->context);
  G_OBJECT_CLASS (rb_local_upstream_parent_class)->finalize (object);
}

static void
rb_local_upstream_class_init (RbLocalUpstreamClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = rb_local_upstream_finalize;
}

static void
rb_local_upstream_init (RbLocalUpstream *self)
{
  self->granted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->nonces = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_queue_init (&self->granted_order);
  self->retired = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_queue_init (&self->retired_order);
}

static void
module_iface_init (RbModuleInterface *iface)
{
  iface->configure = rb_local_upstream_configure;
}

static void
upstream_iface_init (RbUpstreamInterface *iface)
{
  iface->get_features = rb_local_upstream_get_features;
  iface->call_async = rb_local_upstream_call_async;
  iface->call_finish = rb_local_upstream_call_finish;
}
