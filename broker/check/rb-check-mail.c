/* rb-check-mail.c: what a connector delivers and says, and what is sent by it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-check-mail.h"

static void
delivery_free (gpointer data)
{
  RbCheckDelivery *self = data;

  rb_envelope_unref (self->envelope);
  g_free (self->text);
  g_free (self);
}

static char *
decode (GBytes *content)
{
  g_autoptr(RbJson) json = content != NULL ? rb_json_parse (content, 0, NULL) : NULL;

  if (json == NULL || rb_json_get_root_type (json) != RB_JSON_STRING)
    return NULL;
  return rb_json_slice_to_string (rb_json_get_text (json), NULL);
}

/* The lock is held. */
static void
note_thread (RbCheckMail *self)
{
  if (g_thread_self () != self->main)
    self->n_elsewhere++;
}

static void
decide (RbCheckMail     *self,
        RbCheckDelivery *delivery)
{
  g_mutex_lock (&self->lock);
  if (!delivery->decided)
    {
      self->n_undecided--;
      self->bytes_undecided -= rb_envelope_get_size (delivery->envelope);
    }
  delivery->decided = TRUE;
  g_mutex_unlock (&self->lock);
}

static void
on_delivery (RbConnector *connector,
             gint64       seq,
             RbEnvelope  *envelope,
             RbCheckMail *self)
{
  RbCheckDelivery *delivery = g_new0 (RbCheckDelivery, 1);

  delivery->seq = seq;
  delivery->envelope = rb_envelope_ref (envelope);
  delivery->text = decode (rb_envelope_get_content (envelope));

  g_mutex_lock (&self->lock);
  note_thread (self);
  g_ptr_array_add (self->deliveries, delivery);
  self->n_undecided++;
  self->bytes_undecided += rb_envelope_get_size (envelope);
  self->most_undecided = MAX (self->most_undecided, self->n_undecided);
  if (self->n_undecided > 1)
    self->most_bytes = MAX (self->most_bytes, self->bytes_undecided);
  g_mutex_unlock (&self->lock);

  if (self->accepts)
    rb_check_mail_accept (self, delivery);
}

static void
on_connected (RbConnector *connector,
              RbCheckMail *self)
{
  g_mutex_lock (&self->lock);
  note_thread (self);
  self->n_connected++;
  g_mutex_unlock (&self->lock);
}

static void
on_disconnected (RbConnector *connector,
                 const char  *reason,
                 RbCheckMail *self)
{
  if (reason == NULL || *reason == '\0' || !g_utf8_validate (reason, -1, NULL))
    rb_check_fail (self->run, "'disconnected' came without a reason that people can read");
  g_mutex_lock (&self->lock);
  note_thread (self);
  self->n_disconnected++;
  g_mutex_unlock (&self->lock);
}

static void
mail_free (gpointer data)
{
  RbCheckMail *self = data;

  g_ptr_array_unref (self->deliveries);
  g_mutex_clear (&self->lock);
  g_free (self);
}

RbCheckMail *
rb_check_mail_watch (RbCheckSubject *subject)
{
  RbCheckMail *self = g_new0 (RbCheckMail, 1);

  self->run = subject->run;
  self->subject = subject;
  self->main = g_thread_self ();
  self->connector = RB_CONNECTOR (subject->module);
  g_mutex_init (&self->lock);
  self->deliveries = g_ptr_array_new_with_free_func (delivery_free);
  g_signal_connect (self->connector, "delivery", G_CALLBACK (on_delivery), self);
  g_signal_connect (self->connector, "connected", G_CALLBACK (on_connected), self);
  g_signal_connect (self->connector, "disconnected", G_CALLBACK (on_disconnected), self);
  rb_check_run_keep (self->run, self, mail_free);
  return self;
}

guint
rb_check_mail_count (RbCheckMail *self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = self->deliveries->len;
  g_mutex_unlock (&self->lock);
  return n;
}

RbCheckDelivery *
rb_check_mail_get (RbCheckMail *self,
                   guint        i)
{
  RbCheckDelivery *delivery;

  g_mutex_lock (&self->lock);
  delivery = g_ptr_array_index (self->deliveries, i);
  g_mutex_unlock (&self->lock);
  return delivery;
}

RbCheckDelivery *
rb_check_mail_find (RbCheckMail *self,
                    const char  *text)
{
  for (guint i = rb_check_mail_count (self); i > 0; i--)
    {
      RbCheckDelivery *delivery = rb_check_mail_get (self, i - 1);

      if (g_strcmp0 (delivery->text, text) == 0)
        return delivery;
    }
  return NULL;
}

guint
rb_check_mail_count_text (RbCheckMail *self,
                          const char  *text)
{
  guint n = 0;

  for (guint i = 0; i < rb_check_mail_count (self); i++)
    n += g_strcmp0 (rb_check_mail_get (self, i)->text, text) == 0;
  return n;
}

void
rb_check_mail_accept (RbCheckMail     *self,
                      RbCheckDelivery *delivery)
{
  decide (self, delivery);
  rb_connector_accept (self->connector, delivery->seq);
}

void
rb_check_mail_release (RbCheckMail     *self,
                       RbCheckDelivery *delivery)
{
  decide (self, delivery);
  rb_connector_release (self->connector, delivery->seq);
}

void
rb_check_mail_accept_all (RbCheckMail *self)
{
  for (guint i = 0; i < rb_check_mail_count (self); i++)
    {
      RbCheckDelivery *delivery = rb_check_mail_get (self, i);

      if (!delivery->decided)
        rb_check_mail_accept (self, delivery);
    }
}

static gboolean
finish_send (RbCheckAnswer *answer,
             GObject       *source,
             GAsyncResult  *result)
{
  RbSendStatus status = RB_SEND_STORED;
  gboolean ok = rb_connector_send_finish (RB_CONNECTOR (source), result, &answer->message_id, &status, &answer->error);

  answer->status = status;
  return ok;
}

RbCheckAnswer *
rb_check_mail_send (RbCheckMail  *self,
                    const char   *to,
                    const char   *id,
                    const char   *text,
                    GCancellable *cancellable)
{
  RbCheckAnswer *answer = rb_check_answer_new (self->run, "send", finish_send);
  g_autoptr(GBytes) content = rb_json_slice_from_string (text != NULL ? text : "");
  g_autoptr(RbEnvelope) envelope = rb_envelope_new (id, NULL, to, content, NULL, NULL);
  gint64 before = g_get_monotonic_time ();

  rb_connector_send_async (self->connector, envelope, cancellable, rb_check_answer_callback, answer);
  answer->inside_us = g_get_monotonic_time () - before;
  return answer;
}
