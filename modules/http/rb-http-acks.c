/* rb-http-acks.c: acknowledgements of control events on their way
 *
 * The first of each idempotency key is being posted, or waits to be posted again; those behind it (a spawn is "received", later
 * "applied") follow when it has arrived or is given up, so that the upstream sees them in their order.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-http-acks.h"

#include "rb-backoff.h"
#include "rb-error.h"
#include "rb-http-call.h"
#include "rb-http-request.h"
#include "rb-log.h"

#define MAX_BACKOFF_MS 30000
#define MAX_RETRY_AFTER_MS 60000

struct _RbHttpAcks {
  GObject parent_instance;

  RbHttpClient         *client;
  const RbHttpSettings *settings;     /* borrowed */
  RbClock              *clock;
  GHashTable           *queues;       /* key, owned, to GQueue of Ack, none empty */
  GHashTable           *received;     /* set of keys, owned: a result is to follow what was said of them */
  guint                 n;
  RbBounds             *bounds;       /* NULL: nobody counts */
  gboolean              is_stopped;
};

G_DEFINE_FINAL_TYPE (RbHttpAcks, rb_http_acks, G_TYPE_OBJECT)

typedef struct {
  RbHttpAcks *acks;       /* borrowed: it frees us */
  char       *key;
  GBytes     *body;
  gboolean    is_later;   /* the result of what was only received */
  guint       attempts;   /* that were made */
  RbBackoff   backoff;
  guint64     timer;
} Ack;

static void post (Ack *ack);

static void
ack_free (Ack *ack)
{
  rb_clock_clear (ack->acks->clock, &ack->timer);
  rb_bounds_set_used (ack->acks->bounds, RB_HTTP_BOUND_ACKS, --ack->acks->n);
  g_free (ack->key);
  g_bytes_unref (ack->body);
  g_free (ack);
}

static void
queue_free (GQueue *queue)
{
  g_queue_free_full (queue, (GDestroyNotify) ack_free);
}

/* The head of a key's queue, with the next one of that key set to work. */
static void
finish_ack (Ack *ack)
{
  RbHttpAcks *self = ack->acks;
  GQueue *queue = g_hash_table_lookup (self->queues, ack->key);
  g_autofree char *key = g_strdup (ack->key);

  ack_free (g_queue_pop_head (queue));
  if (g_queue_is_empty (queue))
    g_hash_table_remove (self->queues, key);
  else
    post (g_queue_peek_head (queue));
}

static void
on_retry (gpointer user_data)
{
  Ack *ack = user_data;

  ack->timer = 0;
  post (ack);
}

static gboolean
will_repeat (Ack          *ack,
             const GError *error)
{
  gint64 retry_after_ms;
  gint64 wait_ms;

  if (!rb_http_is_transient (error) || ack->attempts >= ack->acks->settings->ack_attempts)
    return FALSE;

  retry_after_ms = MIN (rb_http_error_get_retry_after (error), MAX_RETRY_AFTER_MS);
  wait_ms = rb_backoff_next (&ack->backoff);
  ack->timer = rb_clock_add (ack->acks->clock, MAX (wait_ms, retry_after_ms), on_retry, ack);
  return TRUE;
}

/* Source: protocol.md 15.6. */
static void
report (const Ack    *ack,
        const GError *error)
{
  static const char *const events[2][2] = {
    { "ack_post_error", "ack_post_failed" },
    { "post_control_ack_error", "post_control_ack_non_ok" },
  };
  GVariant *details = rb_error_get_details (error);
  g_autofree char *text = NULL;
  gint64 status;

  if (details != NULL && g_variant_lookup (details, "status", "x", &status))
    {
      text = g_strdup_printf ("%" G_GINT64_FORMAT, status);
      rb_log_warning (events[ack->is_later][TRUE], "idempotency_key", ack->key, "status", text, "err", error->message, NULL);
    }
  else
    {
      rb_log_warning (events[ack->is_later][FALSE], "idempotency_key", ack->key, "err", error->message, NULL);
    }
}

/* What a post that is on its way knows: the ack itself may be gone when the answer comes. */
typedef struct {
  RbHttpAcks *acks;
  char       *key;
} Posted;

static void
on_posted (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autofree Posted *posted = user_data;
  g_autoptr(RbHttpAcks) self = posted->acks;
  g_autofree char *key = posted->key;
  g_autoptr(GError) error = NULL;
  g_autoptr(RbHttpAnswer) answer = rb_http_call_finish (result, &error);
  GQueue *queue = self->is_stopped ? NULL : g_hash_table_lookup (self->queues, key);
  Ack *ack = queue != NULL ? g_queue_peek_head (queue) : NULL;

  if (ack == NULL)
    return;
  if (answer == NULL && will_repeat (ack, error))
    return;
  if (answer == NULL)
    report (ack, error);
  finish_ack (ack);
}

static void
post (Ack *ack)
{
  RbHttpAcks *self = ack->acks;
  const RbHttpRoute *route = rb_http_route_of_call (RB_UPSTREAM_CONTROL_ACK);
  Posted *posted = g_new (Posted, 1);

  posted->acks = g_object_ref (self);
  posted->key = g_strdup (ack->key);
  ack->attempts++;
  rb_http_call_async (self->client, route, route->path, ack->body, self->settings->request_timeout_ms, NULL, on_posted, posted);
}

static void
rb_http_acks_dispose (GObject *object)
{
  RbHttpAcks *self = RB_HTTP_ACKS (object);

  rb_http_acks_stop (self);
  g_clear_pointer (&self->client, rb_http_client_unref);
  G_OBJECT_CLASS (rb_http_acks_parent_class)->dispose (object);
}

static void
rb_http_acks_finalize (GObject *object)
{
  RbHttpAcks *self = RB_HTTP_ACKS (object);

  g_hash_table_unref (self->queues);
  g_hash_table_unref (self->received);
  g_clear_pointer (&self->bounds, rb_bounds_unref);
  g_clear_object (&self->clock);
  G_OBJECT_CLASS (rb_http_acks_parent_class)->finalize (object);
}

static void
rb_http_acks_class_init (RbHttpAcksClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rb_http_acks_dispose;
  object_class->finalize = rb_http_acks_finalize;
}

static void
rb_http_acks_init (RbHttpAcks *self)
{
  self->queues = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) queue_free);
  self->received = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

RbHttpAcks *
rb_http_acks_new (RbHttpClient         *client,
                  const RbHttpSettings *settings,
                  RbClock              *clock)
{
  RbHttpAcks *self = g_object_new (RB_TYPE_HTTP_ACKS, NULL);

  self->client = rb_http_client_ref (client);
  self->settings = settings;
  self->clock = g_object_ref (clock);
  return self;
}

void
rb_http_acks_set_bounds (RbHttpAcks *self,
                         RbBounds   *bounds)
{
  g_return_if_fail (RB_IS_HTTP_ACKS (self));

  self->bounds = bounds != NULL ? rb_bounds_ref (bounds) : NULL;
  rb_bounds_set_limit (bounds, RB_HTTP_BOUND_ACKS, RB_HTTP_MAX_ACKS);
  rb_bounds_set_limit (bounds, RB_HTTP_BOUND_ACK_KEYS, RB_HTTP_MAX_ACK_KEYS);
}

static gboolean
check_ack (RbHttpAcks  *self,
           const char  *key,
           GError     **error)
{
  if (key == NULL)
    {
      rb_set_error (error, RB_ERROR_INVALID, NULL, "A control acknowledgement needs an 'idempotency_key'");
      return FALSE;
    }
  if (self->is_stopped || self->n >= RB_HTTP_MAX_ACKS)
    {
      if (!self->is_stopped)
        rb_bounds_reached (self->bounds, RB_HTTP_BOUND_ACKS);
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "too_many_acks", "%u acknowledgements are on their way already", self->n);
      return FALSE;
    }
  return TRUE;
}

/* TRUE for the one that follows "received". */
static gboolean
is_later (RbHttpAcks *self,
          const char *key,
          GVariant   *arguments)
{
  const char *status = "";

  g_variant_lookup (arguments, "status", "&s", &status);
  if (!g_str_equal (status, "received"))
    return g_hash_table_remove (self->received, key);
  /* Of most of them the result follows. Who is forgotten here has another name in the log, should its acknowledgement fail. */
  if (g_hash_table_size (self->received) >= RB_HTTP_MAX_ACK_KEYS)
    {
      rb_bounds_reached (self->bounds, RB_HTTP_BOUND_ACK_KEYS);
      g_hash_table_remove_all (self->received);
    }
  g_hash_table_add (self->received, g_strdup (key));
  rb_bounds_set_used (self->bounds, RB_HTTP_BOUND_ACK_KEYS, g_hash_table_size (self->received));
  return FALSE;
}

gboolean
rb_http_acks_post (RbHttpAcks  *self,
                   GVariant    *arguments,
                   GError     **error)
{
  const char *key = NULL;
  GQueue *queue;
  Ack *ack;

  g_return_val_if_fail (RB_IS_HTTP_ACKS (self), FALSE);

  g_variant_lookup (arguments, "idempotency_key", "&s", &key);
  if (!check_ack (self, key, error))
    return FALSE;

  ack = g_new0 (Ack, 1);
  ack->acks = self;
  ack->key = g_strdup (key);
  ack->body = rb_http_request_body (RB_UPSTREAM_CONTROL_ACK, arguments);
  ack->is_later = is_later (self, key, arguments);
  rb_backoff_init (&ack->backoff, self->settings->ack_backoff_ms, MAX (self->settings->ack_backoff_ms, MAX_BACKOFF_MS));
  rb_bounds_set_used (self->bounds, RB_HTTP_BOUND_ACKS, ++self->n);

  queue = g_hash_table_lookup (self->queues, key);
  if (queue != NULL)
    {
      g_queue_push_tail (queue, ack);
      return TRUE;
    }
  queue = g_queue_new ();
  g_queue_push_tail (queue, ack);
  g_hash_table_insert (self->queues, g_strdup (key), queue);
  post (ack);
  return TRUE;
}

/**
 * rb_http_acks_stop:
 * @self: acknowledgements
 *
 * For good: what has not arrived is dropped, and no timer is left. The upstream sends the event again.
 */
void
rb_http_acks_stop (RbHttpAcks *self)
{
  g_return_if_fail (RB_IS_HTTP_ACKS (self));

  self->is_stopped = TRUE;
  g_hash_table_remove_all (self->queues);
}

guint
rb_http_acks_get_n (RbHttpAcks *self)
{
  g_return_val_if_fail (RB_IS_HTTP_ACKS (self), 0);
  return self->n;
}
