/* rb-gateway-keeper.c: keeps one registered connection to the gateway
 *
 * One connection at a time is tried, registered and used; when it is gone the next is tried, for ever, until another runtime takes over or
 * the gateway speaks another protocol. What the connection is for is the owner's.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-gateway-keeper.h"

#include "rb-gateway-rules.h"
#include "rb-log.h"

#define GOODBYE_CODE 1000
#define REGISTER_TIMEOUT_CODE 4000
/* A timer that is so late was not late: the system slept. */
#define SLEPT_US (10 * G_USEC_PER_SEC)
/* So many pings without any answer, and the link is given up. */
#define SILENT_PINGS 3
#define DEFAULT_WATCH_MS 10000
#define SUPERSEDED_TEXT "This agent was claimed by another Runtime (this Runtime disconnected). " \
  "Restart setup for this runtime to drive this agent from here again."

typedef enum {
  STATE_IDLE,          /* not started, or stopped */
  STATE_CONNECTING,
  STATE_REGISTERING,
  STATE_UP,
  STATE_WAITING,       /* @timer runs until the next attempt */
  STATE_GONE,          /* superseded, or the gateway speaks another protocol: no further attempt */
  STATE_STOPPING,
} State;

struct _RbGatewayKeeper {
  const RbGatewaySettings *settings;
  RbClock                 *clock;
  SoupSession             *session;
  RbGatewayKeeperFuncs     funcs;
  GObject                 *owner;         /* borrowed */
  RbGatewayRetry           retry;
  State                    state;
  RbGatewayLink           *link;          /* connecting, registering or up */
  RbGatewayLink           *closing;       /* we said goodbye */
  guint64                  timer;         /* of @clock: the wait of STATE_WAITING, the limit of STATE_REGISTERING */
  guint64                  watch_timer;   /* while there is a link */
  gint64                   due_us;        /* when the wait or the watch should be over: see has_slept() */
  gboolean                 has_garbage;   /* came on @link, and the log says so */
};

static void attempt (RbGatewayKeeper *self);

static void
set_due (RbGatewayKeeper *self,
         gint64           delay_ms)
{
  self->due_us = rb_clock_get_monotonic_us (self->clock) + delay_ms * 1000;
}

static gboolean
has_slept (RbGatewayKeeper *self)
{
  return rb_clock_get_monotonic_us (self->clock) - self->due_us >= SLEPT_US;
}

/* Nothing comes of the connection any more, and nothing is due. The owner may stop us. */
static void
leave_link (RbGatewayKeeper *self)
{
  rb_clock_clear (self->clock, &self->timer);
  rb_clock_clear (self->clock, &self->watch_timer);
  self->funcs.lost (self->owner);
}

static void
break_link (RbGatewayLink **link)
{
  if (*link != NULL)
    rb_gateway_link_break (*link);
  g_clear_object (link);
}

static void
close_link (RbGatewayKeeper *self,
            guint            code,
            const char      *reason)
{
  break_link (&self->closing);
  self->closing = g_steal_pointer (&self->link);
  if (self->closing != NULL)
    rb_gateway_link_close (self->closing, code, reason);
}

static void
on_wait_over (gpointer user_data)
{
  RbGatewayKeeper *self = user_data;
  g_autoptr(GObject) alive = g_object_ref (self->owner);

  self->timer = 0;
  if (has_slept (self))
    rb_gateway_retry_reset (&self->retry);
  attempt (self);
}

/* The link, if there was one, has been closed, broken or lost. Answers to what was being sent, and news, may make the broker stop us. */
static void
wait_and_retry (RbGatewayKeeper *self,
                gint64           delay_ms,
                const char      *text)
{
  self->state = STATE_WAITING;
  leave_link (self);
  if (self->state != STATE_WAITING)
    return;

  rb_clock_clear (self->clock, &self->timer);
  set_due (self, delay_ms);
  self->timer = rb_clock_add (self->clock, delay_ms, on_wait_over, self);
  self->funcs.failed (RB_GATEWAY_TRIES_AGAIN, text, self->owner);
}

static void
retry_later (RbGatewayKeeper *self,
             const char      *text)
{
  wait_and_retry (self, rb_gateway_retry_next_ms (&self->retry, g_random_double ()), text);
}

/* No further attempt. */
static void
give_up (RbGatewayKeeper *self,
         const char      *text)
{
  self->state = STATE_GONE;
  leave_link (self);
  if (self->state != STATE_GONE)
    return;

  rb_log_warning ("connector_incompatible", "host", self->settings->host, "err", text, NULL);
  self->funcs.failed (RB_GATEWAY_GIVES_UP, text, self->owner);
}

static void
be_superseded (RbGatewayKeeper *self)
{
  self->state = STATE_GONE;
  leave_link (self);
  if (self->state != STATE_GONE)
    return;

  rb_log_message ("connector_superseded", "host", self->settings->host, "err", SUPERSEDED_TEXT, NULL);
  self->funcs.failed (RB_GATEWAY_SUPERSEDED, SUPERSEDED_TEXT, self->owner);
}

/* The gateway does not want us on this connection. */
static void
refuse_link (RbGatewayKeeper *self,
             RbGatewayVerdict verdict,
             const char      *reason)
{
  close_link (self, RB_GATEWAY_CLOSE_CODE, reason);
  if (verdict == RB_GATEWAY_INCOMPATIBLE)
    {
      give_up (self, reason);
      return;
    }
  rb_gateway_retry_refused (&self->retry, verdict);
  retry_later (self, reason);
}

static void
take_register_ack (RbGatewayKeeper      *self,
                   const RbGatewayFrame *ack)
{
  g_autofree char *reason = NULL;
  RbGatewayVerdict verdict = rb_gateway_judge_ack (ack, self->settings->session_id, &reason);
  gboolean was_up = self->state == STATE_UP;

  if (verdict != RB_GATEWAY_ACCEPTED)
    {
      refuse_link (self, verdict, reason);
      return;
    }

  rb_clock_clear (self->clock, &self->timer);
  self->state = STATE_UP;
  rb_gateway_retry_reset (&self->retry);
  rb_log_info ("connector_registered", "host", self->settings->host, "agent", ack->agent_handle, "agent_name", ack->agent_name, "owner",
               ack->owner_handle, "owner_name", ack->owner_name, NULL);
  self->funcs.registered (ack, !was_up, self->owner);
}

/* A gateway that says nothing else must not fill the log. */
static void
report_garbage (RbGatewayKeeper *self,
                const GError    *error)
{
  rb_log_event (G_LOG_DOMAIN, self->has_garbage ? G_LOG_LEVEL_DEBUG : G_LOG_LEVEL_WARNING, "connector_frame_invalid", "err",
                "Received non-JSON message from Connector", "detail", error->message, NULL);
  self->has_garbage = TRUE;
}

static void
on_link_frame (RbGatewayLink *link,
               GBytes        *text,
               gpointer       user_data)
{
  RbGatewayKeeper *self = user_data;
  g_autoptr(GObject) alive = g_object_ref (self->owner);
  g_autoptr(GError) error = NULL;
  g_autoptr(RbGatewayFrame) frame = NULL;

  if (link != self->link)
    return;

  frame = rb_gateway_frame_parse (text, &error);
  if (frame != NULL && frame->is_pruned)
    rb_log_warning ("gateway_frame_pruned", "message_id", frame->message_id, "err",
                    "It was nested too deeply; what was too deep is null now", NULL);
  if (error != NULL)
    report_garbage (self, error);
  else if (frame != NULL && frame->event == RB_GATEWAY_REGISTER_ACK)
    take_register_ack (self, frame);
  else if (frame != NULL)
    self->funcs.frame (frame, self->owner);
}

static void
on_register_late (gpointer user_data)
{
  RbGatewayKeeper *self = user_data;
  g_autoptr(GObject) alive = g_object_ref (self->owner);

  self->timer = 0;
  close_link (self, REGISTER_TIMEOUT_CODE, "Register timeout");
  retry_later (self, "REGISTER_ACK timeout");
}

static void
on_link_opened (RbGatewayLink *link,
                gpointer       user_data)
{
  RbGatewayKeeper *self = user_data;
  g_autoptr(GBytes) frame = rb_gateway_frame_register (self->settings->token, self->settings->client_version, self->settings->session_id,
                                                       self->funcs.get_cursor (self->owner));

  self->state = STATE_REGISTERING;
  self->timer = rb_clock_add (self->clock, self->settings->register_timeout_ms, on_register_late, self);
  rb_gateway_link_send (link, frame);
}

static void
log_end (RbGatewayKeeper        *self,
         const RbGatewayLinkEnd *end,
         gboolean                is_intentional)
{
  g_autofree char *code = g_strdup_printf ("%u", end->code);
  gboolean is_replaced = rb_gateway_is_replaced (end->code, end->reason);

  rb_log_info ("connector_ws_closed", "code", code, "reason", end->reason, "intentional", is_intentional ? "true" : "false",
               "was_registering", self->state == STATE_REGISTERING ? "true" : "false",
               "replaced_by_new_runtime", is_replaced ? "true" : "false", "has_close_details", end->code != 0 ? "true" : "false",
               "err", end->text, NULL);
}

static void
finish_stop (RbGatewayKeeper *self)
{
  self->state = STATE_IDLE;
  self->funcs.stopped (self->owner);
}

static void
on_link_ended (RbGatewayLink          *link,
               const RbGatewayLinkEnd *end,
               gpointer                user_data)
{
  RbGatewayKeeper *self = user_data;
  g_autoptr(GObject) alive = g_object_ref (self->owner);
  g_autofree char *text = NULL;
  gboolean was_registering = self->state == STATE_REGISTERING;

  if (link == self->closing)
    {
      log_end (self, end, TRUE);
      g_clear_object (&self->closing);
      if (self->state == STATE_STOPPING)
        finish_stop (self);
      return;
    }

  log_end (self, end, FALSE);
  g_clear_object (&self->link);
  if (rb_gateway_is_replaced (end->code, end->reason))
    {
      be_superseded (self);
      return;
    }
  text = was_registering ? g_strdup_printf ("Connection closed during registration: %s", end->text) : g_strdup (end->text);
  retry_later (self, text);
}

static const RbGatewayLinkFuncs link_funcs = { on_link_opened, on_link_frame, on_link_ended };

static void on_watch (gpointer user_data);

static void
schedule_watch (RbGatewayKeeper *self)
{
  gint64 delay_ms = self->settings->keepalive_ms > 0 ? self->settings->keepalive_ms : DEFAULT_WATCH_MS;

  set_due (self, delay_ms);
  self->watch_timer = rb_clock_add (self->clock, delay_ms, on_watch, self);
}

static gboolean
is_silent (RbGatewayKeeper *self)
{
  return self->state != STATE_CONNECTING && self->settings->keepalive_ms > 0 &&
         rb_gateway_link_get_silence_us (self->link) >= SILENT_PINGS * self->settings->keepalive_ms * 1000;
}

/* After a sleep the gateway has long given us up, and its silence would be noticed too late. */
static void
on_watch (gpointer user_data)
{
  RbGatewayKeeper *self = user_data;
  g_autoptr(GObject) alive = g_object_ref (self->owner);

  self->watch_timer = 0;
  if (has_slept (self))
    {
      break_link (&self->link);
      rb_gateway_retry_reset (&self->retry);
      wait_and_retry (self, 0, "The system was asleep; connecting again");
    }
  else if (is_silent (self))
    {
      break_link (&self->link);
      retry_later (self, "The gateway does not answer any more");
    }
  else
    schedule_watch (self);
}

static void
attempt (RbGatewayKeeper *self)
{
  self->state = STATE_CONNECTING;
  self->has_garbage = FALSE;
  schedule_watch (self);
  self->link = rb_gateway_link_new (self->settings, self->clock, &link_funcs, self);
  rb_gateway_link_open (self->link, self->session);
}

/**
 * rb_gateway_keeper_new:
 * @settings: borrowed
 * @clock: for all waits and limits
 * @funcs: what the owner does; any of them may stop the keeper
 * @owner: borrowed
 * @error: return location for a #GError
 *
 * Fails with %RB_ERROR_INVALID "invalid_setting" if the file with the authorities cannot be used.
 *
 * Returns: (transfer full) (nullable): a keeper that does nothing yet
 */
RbGatewayKeeper *
rb_gateway_keeper_new (const RbGatewaySettings    *settings,
                       RbClock                    *clock,
                       const RbGatewayKeeperFuncs *funcs,
                       GObject                    *owner,
                       GError                    **error)
{
  SoupSession *session = rb_gateway_session_new (settings, error);
  RbGatewayKeeper *self;

  if (session == NULL)
    return NULL;

  self = g_new0 (RbGatewayKeeper, 1);
  self->settings = settings;
  self->clock = g_object_ref (clock);
  self->session = session;
  self->funcs = *funcs;
  self->owner = owner;
  rb_gateway_retry_init (&self->retry, settings->backoff_initial_ms, settings->backoff_max_ms, settings->already_connected_delay_ms,
                         settings->already_connected_limit);
  return self;
}

void
rb_gateway_keeper_free (RbGatewayKeeper *self)
{
  g_return_if_fail (self != NULL);

  rb_clock_clear (self->clock, &self->timer);
  rb_clock_clear (self->clock, &self->watch_timer);
  break_link (&self->link);
  break_link (&self->closing);
  g_object_unref (self->session);
  g_object_unref (self->clock);
  g_free (self);
}

void
rb_gateway_keeper_start (RbGatewayKeeper *self)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (self->state == STATE_IDLE);

  attempt (self);
}

void
rb_gateway_keeper_stop (RbGatewayKeeper *self)
{
  g_return_if_fail (self != NULL);

  self->state = STATE_STOPPING;
  leave_link (self);
  break_link (&self->closing);
  if (self->link != NULL)
    close_link (self, GOODBYE_CODE, "Client disconnect");
  else
    finish_stop (self);
}

RbGatewayLink *
rb_gateway_keeper_get_link (RbGatewayKeeper *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->state == STATE_UP ? self->link : NULL;
}
