/* rb-event.c: one thing that happened, as an emitter carries it outwards
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-event.h"

struct _RbEvent {
  gatomicrefcount  ref_count;
  RbEventKind      kind;
  char            *subject;
  GBytes          *payload;   /* a JSON object */
};

G_DEFINE_BOXED_TYPE (RbEvent, rb_event, rb_event_ref, rb_event_unref)

/**
 * rb_event_new:
 * @kind: what happened
 * @subject: what it happened to; events of one subject go out in order
 * @payload: the JSON object of protocol.md section 16
 *
 * Returns: (transfer full): a new event
 */
RbEvent *
rb_event_new (RbEventKind  kind,
              const char  *subject,
              GBytes      *payload)
{
  RbEvent *self;

  g_return_val_if_fail (subject != NULL, NULL);
  g_return_val_if_fail (payload != NULL, NULL);

  self = g_new (RbEvent, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->kind = kind;
  self->subject = g_strdup (subject);
  self->payload = g_bytes_ref (payload);
  return self;
}

RbEvent *
rb_event_ref (RbEvent *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
rb_event_unref (RbEvent *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_free (self->subject);
  g_bytes_unref (self->payload);
  g_free (self);
}

RbEventKind
rb_event_get_kind (const RbEvent *self)
{
  g_return_val_if_fail (self != NULL, RB_EVENT_UNDISPATCHED_CHANGED);
  return self->kind;
}

const char *
rb_event_get_subject (const RbEvent *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->subject;
}

GBytes *
rb_event_get_payload (const RbEvent *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->payload;
}

const char *
rb_event_kind_to_string (RbEventKind kind)
{
  switch (kind)
    {
    case RB_EVENT_UNDISPATCHED_CHANGED:
      return "undispatched_changed";
    case RB_EVENT_PRESENCE_CHANGED:
      return "network_presence_changed";
    case RB_EVENT_INBOUND_ROUTED:
      return "runtime_inbound_routed";
    case RB_EVENT_PROCESSING_STATE:
      return "runtime_processing_state";
    case RB_EVENT_ENDPOINT_STATE:
      return "endpoint_state";
    }
  g_return_val_if_reached (NULL);
}
