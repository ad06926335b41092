/* sim-network.c: a message network: mailboxes with numbers, and a link that breaks
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-network.h"

#include "rb-error.h"
#include "rb-json.h"

#include <string.h>

#define MAX_BEGUN 6
#define SINCE "sim-since"

typedef enum { MAIL_WAITS, MAIL_IN_FLIGHT, MAIL_RELEASED, MAIL_ACCEPTED } MailState;

typedef struct {
  gint64     seq;
  guint      message;    /* which of the messages it is a copy of */
  MailState  state;
} Mail;

typedef struct {
  char *id;
  char *sender;
  char *metadata;
} Message;

struct _SimNetwork {
  GObject    parent_instance;

  SimOracle *oracle;
  GArray    *messages;    /* of Message */
  GArray    *mails;       /* of Mail; the sequence number of the i-th is i + 1 */
  guint      cursor;      /* the first mail that may wait */
  guint      n_in_flight;
  guint      window;
  gboolean   is_connected;
  gboolean   is_dead;
  GPtrArray *sends;       /* of GTask, with their envelopes */
  GPtrArray *begun;       /* of char *: correlations of what was sent last */
};

static void module_iface_init (RbModuleInterface *iface);
static void connector_iface_init (RbConnectorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SimNetwork, sim_network, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_CONNECTOR, connector_iface_init))

static void
module_iface_init (RbModuleInterface *iface)
{
}

static void
set_window (RbConnector *connector,
            guint        messages,
            gsize        bytes)
{
  SIM_NETWORK (connector)->window = messages;
}

static Mail *
find_mail (SimNetwork *self,
           gint64      seq)
{
  g_assert_cmpint (seq, >=, 1);
  g_assert_cmpint (seq, <=, self->mails->len);
  return &g_array_index (self->mails, Mail, seq - 1);
}

static void
leave_flight (SimNetwork *self,
              Mail       *mail,
              MailState   state)
{
  if (mail->state == MAIL_IN_FLIGHT)
    self->n_in_flight--;
  mail->state = state;
}

static const char *
id_of (SimNetwork *self,
       const Mail *mail)
{
  return g_array_index (self->messages, Message, mail->message).id;
}

static void
accept_seq (RbConnector *connector,
            gint64       seq)
{
  SimNetwork *self = SIM_NETWORK (connector);
  Mail *mail = find_mail (self, seq);

  if (self->is_dead || sim_oracle_is_dead (self->oracle))
    return;

  sim_oracle_accepted (self->oracle, id_of (self, mail), mail->state == MAIL_IN_FLIGHT);
  leave_flight (self, mail, MAIL_ACCEPTED);
}

static void
release_seq (RbConnector *connector,
             gint64       seq)
{
  SimNetwork *self = SIM_NETWORK (connector);
  Mail *mail = find_mail (self, seq);

  if (self->is_dead || sim_oracle_is_dead (self->oracle))
    return;

  sim_oracle_released (self->oracle, id_of (self, mail), mail->state == MAIL_IN_FLIGHT);
  leave_flight (self, mail, MAIL_RELEASED);
}

static void
send_async (RbConnector         *connector,
            RbEnvelope          *envelope,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  SimNetwork *self = SIM_NETWORK (connector);
  GTask *task = g_task_new (connector, cancellable, callback, user_data);

  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, rb_envelope_ref (envelope), (GDestroyNotify) rb_envelope_unref);
  if (self->is_dead || sim_oracle_is_dead (self->oracle))
    {
      g_task_return_new_error (task, RB_ERROR, RB_ERROR_UNAVAILABLE, "the process is gone");
      g_object_unref (task);
      return;
    }
  sim_oracle_sending (self->oracle, envelope);
  g_object_set_data (G_OBJECT (task), SINCE, GSIZE_TO_POINTER (sim_oracle_get_ms (self->oracle) + 1));
  g_ptr_array_add (self->sends, task);
}

void
sim_network_check_age (SimNetwork *self)
{
  GTask *oldest = self->sends->len > 0 ? g_ptr_array_index (self->sends, 0) : NULL;
  gint64 since_ms = oldest != NULL ? (gint64) GPOINTER_TO_SIZE (g_object_get_data (G_OBJECT (oldest), SINCE)) - 1 : 0;

  if (oldest != NULL && sim_oracle_get_ms (self->oracle) - since_ms > SIM_CALL_TIMEOUT_MS)
    sim_check (self->oracle, 6, g_cancellable_is_cancelled (g_task_get_cancellable (oldest)), "a send waits for %" G_GINT64_FORMAT
               " ms and nobody gave it up", sim_oracle_get_ms (self->oracle) - since_ms);
}

static gboolean
send_finish (RbConnector   *connector,
             GAsyncResult  *result,
             char         **message_id,
             RbSendStatus  *status,
             GError       **error)
{
  RbEnvelope *envelope = g_task_get_task_data (G_TASK (result));
  gssize fate = g_task_propagate_int (G_TASK (result), error);

  if (fate < 0)
    return FALSE;

  *message_id = g_strdup (rb_envelope_get_id (envelope));
  *status = fate == SIM_SEND_STORED ? RB_SEND_STORED : RB_SEND_DELIVERED;
  return TRUE;
}

static const char *
get_address (RbConnector *connector)
{
  return "me@sim";
}

static void
connector_iface_init (RbConnectorInterface *iface)
{
  iface->set_window = set_window;
  iface->accept = accept_seq;
  iface->release = release_seq;
  iface->send_async = send_async;
  iface->send_finish = send_finish;
  iface->get_address = get_address;
}

static void
message_clear (gpointer data)
{
  Message *message = data;

  g_free (message->id);
  g_free (message->sender);
  g_free (message->metadata);
}

static void
sim_network_finalize (GObject *object)
{
  SimNetwork *self = SIM_NETWORK (object);

  g_array_unref (self->messages);
  g_array_unref (self->mails);
  g_ptr_array_unref (self->sends);
  g_ptr_array_unref (self->begun);
  G_OBJECT_CLASS (sim_network_parent_class)->finalize (object);
}

static void
sim_network_class_init (SimNetworkClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sim_network_finalize;
}

static void
sim_network_init (SimNetwork *self)
{
  self->messages = g_array_new (FALSE, FALSE, sizeof (Message));
  g_array_set_clear_func (self->messages, message_clear);
  self->mails = g_array_new (FALSE, FALSE, sizeof (Mail));
  self->sends = g_ptr_array_new_with_free_func (g_object_unref);
  self->begun = g_ptr_array_new_with_free_func (g_free);
}

SimNetwork *
sim_network_new (SimOracle *oracle)
{
  SimNetwork *self = g_object_new (SIM_TYPE_NETWORK, NULL);

  self->oracle = oracle;
  return self;
}

static void
add_mail (SimNetwork *self,
          guint       message)
{
  Mail mail = { self->mails->len + 1, message, MAIL_WAITS };

  g_array_append_val (self->mails, mail);
}

void
sim_network_post (SimNetwork *self,
                  const char *id,
                  const char *sender,
                  char       *metadata)
{
  Message message = { g_strdup (id), g_strdup (sender), metadata };

  g_array_append_val (self->messages, message);
  add_mail (self, self->messages->len - 1);
}

static void
hand_over (SimNetwork *self,
           Mail       *mail)
{
  const Message *message = &g_array_index (self->messages, Message, mail->message);
  g_autoptr(GBytes) content = rb_json_slice_from_string (message->id);
  g_autoptr(GBytes) metadata = g_bytes_new (message->metadata, strlen (message->metadata));
  g_autoptr(RbEnvelope) envelope = rb_envelope_new (message->id, message->sender, NULL, content, NULL, metadata);

  if (mail->state != MAIL_IN_FLIGHT)
    self->n_in_flight++;
  mail->state = MAIL_IN_FLIGHT;
  sim_oracle_delivering (self->oracle, message->id);
  rb_connector_emit_delivery (RB_CONNECTOR (self), mail->seq, envelope);
}

/* A released mail comes again after a while, and others meanwhile: now and then it is its turn. */
gboolean
sim_network_deliver (SimNetwork *self,
                     SimRandom  *random)
{
  if (!self->is_connected || self->n_in_flight >= self->window)
    return FALSE;

  while (self->cursor < self->mails->len && g_array_index (self->mails, Mail, self->cursor).state == MAIL_ACCEPTED)
    self->cursor++;
  for (guint i = self->cursor; i < self->mails->len; i++)
    {
      Mail *mail = &g_array_index (self->mails, Mail, i);

      if (mail->state == MAIL_WAITS || (mail->state == MAIL_RELEASED && sim_random_chance (random, 50)))
        {
          hand_over (self, mail);
          return TRUE;
        }
    }
  return FALSE;
}

/* A lost acknowledgement, or a network that minds its own: the same number again, or the same message under another, perhaps while the first
 * is still being taken. */
void
sim_network_repeat (SimNetwork *self,
                    SimRandom  *random)
{
  Mail *mail;

  if (!self->is_connected || self->mails->len == 0 || self->n_in_flight >= self->window)
    return;

  mail = &g_array_index (self->mails, Mail, sim_random_pick (random, self->mails->len));
  if (mail->state == MAIL_IN_FLIGHT || (mail->state == MAIL_ACCEPTED && sim_random_chance (random, 50)))
    {
      add_mail (self, mail->message);
      hand_over (self, &g_array_index (self->mails, Mail, self->mails->len - 1));
    }
  else if (mail->state == MAIL_ACCEPTED)
    hand_over (self, mail);
}

void
sim_network_connect (SimNetwork *self)
{
  if (self->is_connected)
    return;
  self->is_connected = TRUE;
  rb_connector_emit_connected (RB_CONNECTOR (self));
}

void
sim_network_disconnect (SimNetwork *self)
{
  if (!self->is_connected)
    return;

  self->is_connected = FALSE;
  for (guint i = 0; i < self->mails->len; i++)
    {
      Mail *mail = &g_array_index (self->mails, Mail, i);

      if (mail->state == MAIL_RELEASED)
        mail->state = MAIL_WAITS;
    }
  rb_connector_emit_disconnected (RB_CONNECTOR (self), "the link broke");
}

guint
sim_network_get_n_sends (SimNetwork *self)
{
  return self->sends->len;
}

static void
remember_correlation (SimNetwork *self,
                      RbEnvelope *envelope)
{
  g_autoptr(RbJson) metadata = rb_json_parse_object (rb_envelope_get_metadata (envelope), 0, NULL);
  char *correlation_id = metadata != NULL ? rb_json_peek_string (metadata, "correlation_id") : NULL;

  if (correlation_id == NULL)
    return;
  if (self->begun->len >= MAX_BEGUN)
    g_ptr_array_remove_index (self->begun, 0);
  g_ptr_array_add (self->begun, correlation_id);
}

const char *
sim_network_pick_correlation (SimNetwork *self,
                              SimRandom  *random)
{
  return self->begun->len > 0 ? g_ptr_array_index (self->begun, sim_random_pick (random, self->begun->len)) : NULL;
}

guint
sim_network_get_n_open (SimNetwork *self)
{
  guint n = 0;

  for (guint i = self->cursor; i < self->mails->len; i++)
    n += g_array_index (self->mails, Mail, i).state != MAIL_ACCEPTED;
  return n;
}

void
sim_network_answer (SimNetwork  *self,
                    guint        i,
                    SimSendFate  fate)
{
  g_autoptr(GTask) task = g_ptr_array_steal_index (self->sends, i);
  RbEnvelope *envelope = g_task_get_task_data (task);

  switch (fate)
    {
    case SIM_SEND_DELIVERED:
    case SIM_SEND_STORED:
      remember_correlation (self, envelope);
      sim_oracle_sent (self->oracle, envelope);
      g_task_return_int (task, fate);
      break;
    case SIM_SEND_LOST:
      remember_correlation (self, envelope);
      sim_oracle_sent (self->oracle, envelope);
      g_task_return_new_error (task, RB_ERROR, RB_ERROR_OUTCOME_UNKNOWN, "the link broke");
      break;
    case SIM_SEND_REJECTED:
      g_task_return_new_error (task, RB_ERROR, RB_ERROR_REJECTED, "nobody of this name");
      break;
    case SIM_SEND_UNAVAILABLE:
    case SIM_SEND_N:
      g_task_return_new_error (task, RB_ERROR, RB_ERROR_UNAVAILABLE, "not connected");
      break;
    }
}

guint
sim_network_get_n (SimNetwork *self)
{
  return self->messages->len;
}

const char *
sim_network_get_id (SimNetwork *self,
                    guint       i)
{
  return g_array_index (self->messages, Message, i).id;
}

const char *
sim_network_get_sender (SimNetwork *self,
                        guint       i)
{
  return g_array_index (self->messages, Message, i).sender;
}

const char *
sim_network_get_metadata (SimNetwork *self,
                          guint       i)
{
  return g_array_index (self->messages, Message, i).metadata;
}

guint
sim_network_get_n_in_flight (SimNetwork *self)
{
  return self->n_in_flight;
}

gboolean
sim_network_is_done (SimNetwork *self)
{
  for (guint i = 0; i < self->mails->len; i++)
    if (g_array_index (self->mails, Mail, i).state != MAIL_ACCEPTED)
      return FALSE;
  return TRUE;
}

void
sim_network_die (SimNetwork *self)
{
  self->is_dead = TRUE;
  self->is_connected = FALSE;
  while (self->sends->len > 0)
    sim_network_answer (self, 0, SIM_SEND_UNAVAILABLE);
}

/* The next process hears of everything that this one did not accept. */
void
sim_network_revive (SimNetwork *self)
{
  self->is_dead = FALSE;
  self->window = 0;
  self->n_in_flight = 0;
  for (guint i = 0; i < self->mails->len; i++)
    {
      Mail *mail = &g_array_index (self->mails, Mail, i);

      if (mail->state != MAIL_ACCEPTED)
        mail->state = MAIL_WAITS;
    }
}
