/* rb-attach-pull.c: what the broker has staged for an endpoint, fetched look by look
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-attach-pull.h"

#include "rb-error.h"
#include "rb-log.h"

#define LOOK_MS 3600000
#define RETRY_MS 5000

struct _RbAttachPull {
  grefcount           ref_count;    /* of the owner and of a look under way */
  RbClient           *client;
  RbClientEndpoint   *endpoint;
  RbAttachTakeFunc    take;
  RbAttachLookedFunc  looked;
  gpointer            user_data;
  GCancellable       *look;         /* of the one under way; NULL: none */
  guint64             retry_timer;
  gboolean            is_over;      /* the broker stages nothing, or nobody wants it any more */
};

static void
unref (RbAttachPull *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  g_object_unref (self->endpoint);
  g_object_unref (self->client);
  g_free (self);
}

static void
on_retry (gpointer user_data)
{
  RbAttachPull *self = user_data;

  self->retry_timer = 0;
  rb_attach_pull_look (self);
}

static void
look_later (RbAttachPull *self)
{
  self->retry_timer = rb_clock_add (rb_client_get_clock (self->client), RETRY_MS, on_retry, self);
}

static void
fail (RbAttachPull *self,
      const GError *error)
{
  self->is_over = g_error_matches (error, RB_ERROR, RB_ERROR_NOT_SUPPORTED) || g_strcmp0 (rb_error_get_reason (error), "not_found") == 0;
  rb_log_info (self->is_over ? "staging_not_offered" : "staged_delivery_failed", "err", error->message, NULL);
  if (!self->is_over)
    look_later (self);
}

/* There are brokers that offer with every look what was accepted long ago. */
static void
hand_over (RbAttachPull *self,
           GPtrArray    *messages)
{
  gboolean is_new = FALSE;

  for (guint i = 0; i < messages->len && !self->is_over; i++)
    is_new |= self->take (g_ptr_array_index (messages, i), self->user_data);
  if (self->is_over)
    return;
  if (is_new || messages->len == 0)
    self->looked (self->user_data);
  else
    look_later (self);
}

static void
on_staged (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  RbAttachPull *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) messages = rb_client_staged_finish (RB_CLIENT (source), result, &error);

  g_clear_object (&self->look);
  if (!self->is_over && messages == NULL)
    fail (self, error);
  else if (!self->is_over)
    hand_over (self, messages);
  unref (self);
}

RbAttachPull *
rb_attach_pull_new (RbClient           *client,
                    RbClientEndpoint   *endpoint,
                    RbAttachTakeFunc    take,
                    RbAttachLookedFunc  looked,
                    gpointer            user_data)
{
  RbAttachPull *self = g_new0 (RbAttachPull, 1);

  g_ref_count_init (&self->ref_count);
  self->client = g_object_ref (client);
  self->endpoint = g_object_ref (endpoint);
  self->take = take;
  self->looked = looked;
  self->user_data = user_data;
  return self;
}

void
rb_attach_pull_free (RbAttachPull *self)
{
  g_return_if_fail (self != NULL);

  self->is_over = TRUE;
  rb_clock_clear (rb_client_get_clock (self->client), &self->retry_timer);
  if (self->look != NULL)
    g_cancellable_cancel (self->look);
  unref (self);
}

void
rb_attach_pull_look (RbAttachPull *self)
{
  g_return_if_fail (self != NULL);

  if (self->is_over || self->look != NULL || self->retry_timer != 0)
    return;

  self->look = g_cancellable_new ();
  g_ref_count_inc (&self->ref_count);
  rb_client_staged_async (self->client, self->endpoint, LOOK_MS, self->look, on_staged, self);
}
