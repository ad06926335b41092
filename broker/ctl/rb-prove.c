/* rb-prove.c: brokerctl doctor --prove: sends, kills, restarts, and counts
 *
 * Messages are numbered and sent one after the other to nobody in particular, so that they wait in the inbox. Now and then the broker is
 * killed while one is on its way. A message whose sender got no answer may be there or not, and is never sent again; one that was
 * acknowledged has to be there at the end, once, and in its place. Before the last look the broker is killed once more: what is looked at
 * is what was on the disk.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-prove.h"

#include "rb-error.h"
#include "rb-json-writer.h"
#include "rb-private-broker.h"
#include "rb-proof.h"
#include "rb-session.h"
#include "rb-view.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

#define TURN_MS 10
#define AWAY_MS 30000     /* a broker that is not back by then does not come */
#define SETTLE_MS 15000   /* what is not there by then is lost */
#define AGAIN_MS 300
#define STRIKE_MS 4       /* a message takes about that long to be acknowledged */
#define TEXT "proof "

typedef struct {
  RbCtl            own;            /* of the private broker, beside the person's */
  RbCtl           *ctl;
  RbPrivateBroker *broker;
  char            *inbox_cap;      /* setting: all of the messages fit */
  RbSession       *session;
  char            *address;
  guint            n_messages;
  guint            n_kills;
  gboolean        *acknowledged;   /* of each message */
  guint            n_acknowledged;
  guint            n_struck;
  gint64           began_us;
} Prove;

static gboolean
on_wake_up (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

static gboolean
pause_until (Prove   *self,
             gint64   deadline_us,
             GError **error)
{
  g_autoptr(GSource) wake_up = g_timeout_source_new (TURN_MS);

  g_source_set_callback (wake_up, on_wake_up, NULL, NULL);
  g_source_attach (wake_up, NULL);
  while (!g_source_is_destroyed (wake_up) && !g_cancellable_is_cancelled (self->own.cancellable))
    g_main_context_iteration (NULL, TRUE);
  g_source_destroy (wake_up);
  if (g_cancellable_set_error_if_cancelled (self->own.cancellable, error))
    return FALSE;
  if (g_get_monotonic_time () <= deadline_us)
    return TRUE;
  rb_set_error (error, RB_ERROR_TIMED_OUT, "broker_away", _ ("the broker did not come back in time"));
  return FALSE;
}

/* Starts it, and waits until it shows itself. */
static gboolean
start_broker (Prove   *self,
              GError **error)
{
  const char *const assignments[] = { self->inbox_cap, NULL };
  gint64 deadline_us = g_get_monotonic_time () + AWAY_MS * 1000;

  if (!rb_private_broker_start (self->broker, assignments, error))
    return FALSE;
  for (;;)
    {
      g_autoptr(RbJson) status = rb_ctl_view (&self->own, "status", NULL);

      if (status != NULL && self->address == NULL)
        self->address = rb_view_dup_text (status, "address");
      if (status != NULL && self->address != NULL)
        return TRUE;
      /* With a session the client comes back by itself; without one the next is another. */
      if (self->session == NULL)
        g_clear_object (&self->own.client);
      if (!pause_until (self, deadline_us, error))
        return FALSE;
    }
}

static gboolean
on_strike (gpointer user_data)
{
  Prove *self = user_data;

  rb_private_broker_strike (self->broker);
  return G_SOURCE_REMOVE;
}

/* Of @n_kills kills, spread over the messages: whether one belongs to message @i. */
static gboolean
is_to_strike (const Prove *self,
              guint        i)
{
  return self->n_struck < self->n_kills && (guint64) (i + 1) * (self->n_kills + 1) >= (guint64) (self->n_struck + 1) * self->n_messages;
}

static gboolean
revive (Prove   *self,
        guint    i,
        GError **error)
{
  gint64 began_us = g_get_monotonic_time ();

  rb_private_broker_kill (self->broker);
  if (!start_broker (self, error))
    return FALSE;
  if (!self->ctl->json)
    /* TRANSLATORS: the number of the kill; of messages sent; of messages acknowledged; milliseconds */
    rb_ctl_print (self->ctl, _ ("kill %u with message %u on its way, %u acknowledged: back after %d ms\n"), self->n_struck, i + 1,
                  self->n_acknowledged, (int) ((g_get_monotonic_time () - began_us) / 1000));
  return TRUE;
}

/* TRUE when it was, or is never known to be, kept; a refusal that says that it is not is waited for. */
static gboolean
send_one (Prove   *self,
          guint    i,
          GError **error)
{
  g_autofree char *text = g_strdup_printf (TEXT "%u", i);
  gint64 deadline_us = g_get_monotonic_time () + AWAY_MS * 1000;

  for (;;)
    {
      g_auto(RbReceipt) receipt = { NULL };
      g_autoptr(GError) local_error = NULL;

      if (rb_session_send (self->session, self->address, text, NULL, NULL, &receipt, &local_error))
        {
          self->acknowledged[i] = TRUE;
          self->n_acknowledged++;
          return TRUE;
        }
      if (g_error_matches (local_error, RB_ERROR, RB_ERROR_OUTCOME_UNKNOWN))
        return TRUE;
      if (is_to_strike (self, i))
        return TRUE;
      if (!pause_until (self, deadline_us, NULL))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
    }
}

static gboolean
send_all (Prove   *self,
          GError **error)
{
  for (guint i = 0; i < self->n_messages; i++)
    {
      gboolean strikes = is_to_strike (self, i);
      guint timer = 0;

      if (strikes)
        timer = g_timeout_add ((guint) g_random_int_range (0, STRIKE_MS), on_strike, self);
      if (!send_one (self, i, error))
        return FALSE;
      if (!strikes)
        continue;
      /* When the answer was faster, it is killed now. */
      if (g_main_context_find_source_by_id (NULL, timer) != NULL)
        g_source_remove (timer);
      self->n_struck++;
      if (!revive (self, i, error))
        return FALSE;
    }
  return TRUE;
}

/* -1 for what is not ours. */
static gint64
read_number (const char *preview)
{
  gint64 number;

  if (preview == NULL || !g_str_has_prefix (preview, TEXT) ||
      !g_ascii_string_to_signed (preview + strlen (TEXT), 10, 0, G_MAXUINT32, &number, NULL))
    return -1;
  return number;
}

static GArray *
look (Prove   *self,
      GError **error)
{
  g_autoptr(RbJson) inbox = rb_ctl_view (&self->own, "inbox", error);
  g_autoptr(GArray) found = g_array_new (FALSE, FALSE, sizeof (gint64));

  if (inbox == NULL)
    return NULL;
  for (guint i = 0; i < rb_json_get_length (inbox); i++)
    {
      g_autoptr(RbJson) row = rb_json_open_item (inbox, i, NULL);
      g_autofree char *preview = row != NULL ? rb_view_dup_text (row, "preview") : NULL;
      gint64 number = read_number (preview);

      g_array_append_val (found, number);
    }
  return g_steal_pointer (&found);
}

/* What is acknowledged is on the disk of the network, which delivers it again after a start: it may take a moment until it is here. A second
 * look, once all is there, is for what would come twice. */
static gboolean
look_patiently (Prove    *self,
                RbProof  *proof,
                GError  **error)
{
  gint64 deadline_us = g_get_monotonic_time () + SETTLE_MS * 1000;
  gint64 again_us = 0;

  for (;;)
    {
      g_autoptr(GArray) found = look (self, error);
      gint64 now_us = g_get_monotonic_time ();

      if (found == NULL)
        return FALSE;
      rb_proof_judge (self->acknowledged, self->n_messages, found, proof);
      if (now_us > deadline_us || (again_us > 0 && now_us > again_us))
        return TRUE;
      if (proof->lost == 0 && again_us == 0)
        again_us = now_us + AGAIN_MS * 1000;
      if (!pause_until (self, G_MAXINT64, error))
        return FALSE;
    }
}

static void
print_json (Prove         *self,
            const RbProof *proof,
            int            took_ms,
            const char    *kept)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autofree char *text = NULL;

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_int (writer, "sent", self->n_messages);
  rb_json_writer_int (writer, "acknowledged", self->n_acknowledged);
  rb_json_writer_int (writer, "kills", self->n_struck);
  rb_json_writer_int (writer, "lost", proof->lost);
  rb_json_writer_int (writer, "twice", proof->repeated);
  rb_json_writer_int (writer, "out_of_order", proof->misplaced);
  rb_json_writer_int (writer, "strange", proof->strange);
  rb_json_writer_int (writer, "took_ms", took_ms);
  rb_json_writer_string (writer, "kept", kept);
  rb_json_writer_end_object (writer);
  text = rb_json_writer_end_text (writer);
  rb_ctl_print (self->ctl, "%s\n", text);
}

static RbExitCode
conclude (Prove         *self,
          const RbProof *proof)
{
  int took_ms = (int) ((g_get_monotonic_time () - self->began_us) / 1000);
  const char *kept = NULL;

  if (!rb_proof_is_good (proof))
    kept = rb_private_broker_keep (self->broker);
  if (self->ctl->json)
    print_json (self, proof, took_ms, kept);
  else
    /* TRANSLATORS: all are numbers; the last is of seconds */
    rb_ctl_print (self->ctl, _ ("%u sent, %u acknowledged, %u kills: lost %u, twice %u, out of order %u, strange %u; %.1f s\n"), self->n_messages,
                  self->n_acknowledged, self->n_struck, proof->lost, proof->repeated, proof->misplaced, proof->strange, took_ms / 1000.0);
  if (kept == NULL)
    return RB_EXIT_OK;
  /* TRANSLATORS: a directory */
  rb_ctl_warn (_ ("this must not be: please report it, with what is in %s"), kept);
  return RB_EXIT_FAILED;
}

static RbExitCode
prove (Prove   *self,
       GError **error)
{
  RbProof proof;

  if (!start_broker (self, error))
    return RB_EXIT_FAILED;
  self->session = rb_session_new (&self->own, "doctor-prove", error);
  if (self->session == NULL || !send_all (self, error))
    return RB_EXIT_FAILED;
  self->n_struck++;
  if (!revive (self, self->n_messages - 1, error) || !look_patiently (self, &proof, error))
    return RB_EXIT_FAILED;
  return conclude (self, &proof);
}

RbExitCode
rb_prove_run (RbCtl *ctl,
              guint  n_messages,
              guint  n_kills)
{
  Prove self = { .ctl = ctl, .n_messages = n_messages, .n_kills = n_kills, .began_us = g_get_monotonic_time () };
  g_autoptr(GError) error = NULL;
  RbExitCode code = RB_EXIT_FAILED;

  rb_ctl_init (&self.own);
  rb_ctl_catch_signals (&self.own);
  self.broker = rb_private_broker_new (ctl, &error);
  self.acknowledged = g_new0 (gboolean, n_messages);
  self.inbox_cap = g_strdup_printf ("limits.inbox-cap=%u", n_messages + 16);
  if (self.broker != NULL)
    {
      rb_client_options_free (self.own.options);
      self.own.options = rb_client_options_new ();
      g_clear_pointer (&self.own.options->runtime_token, g_free);
      g_free (self.own.options->account_id);
      self.own.options->account_id = g_strdup ("default");
      g_free (self.own.options->data_dir);
      self.own.options->data_dir = g_strdup (rb_private_broker_get_data_dir (self.broker));
      code = prove (&self, &error);
    }
  if (error != NULL)
    code = rb_ctl_fail (error);
  g_clear_pointer (&self.session, rb_session_free);
  g_clear_pointer (&self.broker, rb_private_broker_free);
  rb_ctl_clear (&self.own);
  g_free (self.acknowledged);
  g_free (self.inbox_cap);
  g_free (self.address);
  return code;
}
