/* rb-http-principal.c: who we are, asked until the upstream says so
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-http-principal.h"

#include "rb-backoff.h"
#include "rb-error.h"
#include "rb-http-call.h"
#include "rb-http-reader.h"
#include "rb-log.h"

#define REFUSED_WAIT_MS 60000   /* until we ask again although we were refused */

struct _RbHttpPrincipal {
  GObject parent_instance;

  RbHttpClient         *client;
  const RbHttpSettings *settings;     /* borrowed */
  RbClock              *clock;
  RbHttpKnownFunc       on_known;
  gpointer              user_data;
  GTask                *start;        /* NULL once it was returned */
  guint64               start_timer;
  RbBackoff             backoff;
  guint                 attempt;      /* the current one, from 1 */
  guint64               timer;        /* of the next one */
  GVariant             *answer;       /* NULL: not known yet */
  GError               *failure;      /* the last one; NULL: none yet */
  gboolean              is_stopped;
};

G_DEFINE_FINAL_TYPE (RbHttpPrincipal, rb_http_principal, G_TYPE_OBJECT)

static void ask (RbHttpPrincipal *self);

/* @error: (nullable) (transfer full) */
static void
end_start (RbHttpPrincipal *self,
           GError          *error)
{
  g_autoptr(GTask) task = g_steal_pointer (&self->start);

  rb_clock_clear (self->clock, &self->start_timer);
  if (task == NULL)
    g_clear_error (&error);
  else if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
on_start_waited (gpointer user_data)
{
  RbHttpPrincipal *self = user_data;

  self->start_timer = 0;
  end_start (self, NULL);
}

static void
on_again (gpointer user_data)
{
  RbHttpPrincipal *self = user_data;

  self->timer = 0;
  ask (self);
}

static void
log_retry (RbHttpPrincipal *self,
           gint64           delay_ms)
{
  g_autofree char *attempt = g_strdup_printf ("%u", self->attempt);
  g_autofree char *next = g_strdup_printf ("%u", self->attempt + 1);
  g_autofree char *delay = g_strdup_printf ("%" G_GINT64_FORMAT, delay_ms);

  rb_log_warning ("runtime_principal_resolve_retry", "attempt", attempt, "next_attempt", next, "delay_ms", delay, "err",
                  self->failure->message, NULL);
}

/* What is no answer to the question at all (a captive portal's page) refuses nobody. */
static void
soften (GError *failure)
{
  const RbHttpRoute *route = rb_http_route_of_call (RB_UPSTREAM_WHOAMI);

  if (g_error_matches (failure, RB_ERROR, RB_ERROR_REJECTED) && g_str_equal (failure->message, route->malformed_text))
    failure->code = RB_ERROR_UNAVAILABLE;
}

static void
ask_later (RbHttpPrincipal *self)
{
  gint64 retry_after_ms = MIN (rb_http_error_get_retry_after (self->failure), REFUSED_WAIT_MS);
  gint64 delay_ms;

  if (rb_http_is_transient (self->failure))
    {
      delay_ms = rb_backoff_next (&self->backoff);
      delay_ms = MAX (delay_ms, retry_after_ms);
      log_retry (self, delay_ms);
    }
  else
    {
      /* The start is over, and the broker runs: it may be mended over there. */
      delay_ms = REFUSED_WAIT_MS;
      rb_log_error ("runtime_principal_refused", "err", self->failure->message, NULL);
    }
  self->timer = rb_clock_add (self->clock, delay_ms, on_again, self);
}

static void
take_failure (RbHttpPrincipal *self,
              GError          *failure)
{
  g_clear_error (&self->failure);
  self->failure = failure;
  soften (failure);
  if (self->start != NULL && !rb_http_is_transient (failure))
    {
      end_start (self, g_error_copy (failure));
      return;
    }
  ask_later (self);
  end_start (self, NULL);
}

static void
take_answer (RbHttpPrincipal *self,
             GVariant        *answer)
{
  self->answer = g_variant_ref_sink (answer);
  g_clear_error (&self->failure);
  end_start (self, NULL);
  if (!self->is_stopped)
    self->on_known (self->user_data);
}

/* Takes @said. What time it is there is known of any answer; this one is asked for at each start. */
static GVariant *
add_clock (GVariant           *said,
           const RbHttpAnswer *answer)
{
  g_autoptr(GVariant) base = g_variant_ref_sink (said);
  GVariantDict dict;

  g_variant_dict_init (&dict, base);
  if (answer->ahead_ms != G_MININT64)
    g_variant_dict_insert (&dict, "clock_ahead_ms", "x", answer->ahead_ms);
  return g_variant_dict_end (&dict);
}

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(RbHttpPrincipal) self = user_data;
  g_autoptr(GVariant) nothing = g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));
  GError *error = NULL;
  g_autoptr(RbHttpAnswer) answer = rb_http_call_finish (result, &error);
  GVariant *said = answer != NULL ? rb_http_reader_read (RB_UPSTREAM_WHOAMI, nothing, answer, &error) : NULL;

  if (self->is_stopped)
    {
      g_clear_error (&error);
      if (said != NULL)
        g_variant_unref (g_variant_ref_sink (said));
    }
  else if (said != NULL)
    take_answer (self, add_clock (said, answer));
  else
    take_failure (self, error);
}

static void
ask (RbHttpPrincipal *self)
{
  const RbHttpRoute *route = rb_http_route_of_call (RB_UPSTREAM_WHOAMI);

  self->attempt++;
  rb_http_call_async (self->client, route, route->path, NULL, self->settings->request_timeout_ms, NULL, on_answered, g_object_ref (self));
}

static void
rb_http_principal_dispose (GObject *object)
{
  RbHttpPrincipal *self = RB_HTTP_PRINCIPAL (object);

  rb_http_principal_stop (self);
  g_clear_pointer (&self->client, rb_http_client_unref);
  G_OBJECT_CLASS (rb_http_principal_parent_class)->dispose (object);
}

static void
rb_http_principal_finalize (GObject *object)
{
  RbHttpPrincipal *self = RB_HTTP_PRINCIPAL (object);

  g_clear_pointer (&self->answer, g_variant_unref);
  g_clear_error (&self->failure);
  g_clear_object (&self->clock);
  G_OBJECT_CLASS (rb_http_principal_parent_class)->finalize (object);
}

static void
rb_http_principal_class_init (RbHttpPrincipalClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rb_http_principal_dispose;
  object_class->finalize = rb_http_principal_finalize;
}

static void
rb_http_principal_init (RbHttpPrincipal *self)
{
}

RbHttpPrincipal *
rb_http_principal_new (RbHttpClient         *client,
                       const RbHttpSettings *settings,
                       RbClock              *clock,
                       RbHttpKnownFunc       on_known,
                       gpointer              user_data)
{
  RbHttpPrincipal *self = g_object_new (RB_TYPE_HTTP_PRINCIPAL, NULL);

  self->client = rb_http_client_ref (client);
  self->settings = settings;
  self->clock = g_object_ref (clock);
  self->on_known = on_known;
  self->user_data = user_data;
  rb_backoff_init (&self->backoff, settings->whoami_backoff_ms, settings->whoami_backoff_max_ms);
  return self;
}

void
rb_http_principal_start_async (RbHttpPrincipal     *self,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_return_if_fail (RB_IS_HTTP_PRINCIPAL (self));
  g_return_if_fail (self->attempt == 0);

  self->start = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (self->start, rb_http_principal_start_async);
  self->start_timer = rb_clock_add (self->clock, RB_HTTP_START_WAIT_MS, on_start_waited, self);
  ask (self);
}

gboolean
rb_http_principal_start_finish (RbHttpPrincipal  *self,
                                GAsyncResult     *result,
                                GError          **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* For good; a start that waits fails. */
void
rb_http_principal_stop (RbHttpPrincipal *self)
{
  g_return_if_fail (RB_IS_HTTP_PRINCIPAL (self));

  self->is_stopped = TRUE;
  if (self->clock == NULL)
    return;
  rb_clock_clear (self->clock, &self->timer);
  end_start (self, rb_error_new (RB_ERROR_UNAVAILABLE, "stopped", "The upstream module is stopping"));
}

GVariant *
rb_http_principal_dup_answer (RbHttpPrincipal  *self,
                              GError          **error)
{
  g_return_val_if_fail (RB_IS_HTTP_PRINCIPAL (self), NULL);

  if (self->answer != NULL)
    return g_variant_ref (self->answer);
  if (self->failure != NULL)
    g_propagate_error (error, g_error_copy (self->failure));
  else
    rb_set_error (error, RB_ERROR_UNAVAILABLE, "principal_unknown", "The upstream has not said yet who we are");
  return NULL;
}

const char *
rb_http_principal_get_node_id (RbHttpPrincipal *self)
{
  const char *node_id = NULL;

  g_return_val_if_fail (RB_IS_HTTP_PRINCIPAL (self), NULL);

  if (self->answer != NULL)
    g_variant_lookup (self->answer, "subjectId", "&s", &node_id);
  return node_id;
}
