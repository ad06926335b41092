/* rb-gateway-rules.c: what an answer to REGISTER means, and when to try again
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-gateway-rules.h"

#define MAX_CLOSE_REASON 123
#define REPLACED "Replaced by new Runtime"

/* The words of the gateway that mean more than "try again". */
static const struct {
  const char       *reason;
  RbGatewayVerdict  verdict;
} refusals[] = {
  { "Unsupported protocol version", RB_GATEWAY_INCOMPATIBLE },
  { "Already connected", RB_GATEWAY_ALREADY_CONNECTED },
};

static RbGatewayVerdict
judge_refusal (const char  *words,
               char       **reason)
{
  *reason = g_strdup (words != NULL ? words : "Unknown registration error");
  for (gsize i = 0; i < G_N_ELEMENTS (refusals); i++)
    if (g_str_equal (*reason, refusals[i].reason))
      return refusals[i].verdict;
  return RB_GATEWAY_REFUSED;
}

/**
 * rb_gateway_judge_ack:
 * @ack: a REGISTER_ACK
 * @session_id: (nullable): the session that we registered for; %NULL: the default stream
 * @reason: (out): why not, unless accepted
 *
 * Source: protocol.md 13.2, steps 3 and 4.
 *
 * Returns: what it means for this connection
 */
RbGatewayVerdict
rb_gateway_judge_ack (const RbGatewayFrame *ack,
                      const char           *session_id,
                      char                **reason)
{
  *reason = NULL;
  if (g_strcmp0 (ack->status, "ok") != 0)
    return judge_refusal (ack->reason, reason);

  if (ack->protocol_version == RB_GATEWAY_NO_NUMBER)
    *reason = g_strdup ("Unsupported protocol version: none");
  else if (ack->protocol_version != RB_GATEWAY_PROTOCOL_VERSION)
    *reason = g_strdup_printf ("Unsupported protocol version: %" G_GINT64_FORMAT, ack->protocol_version);
  if (*reason != NULL)
    return RB_GATEWAY_INCOMPATIBLE;

  if (session_id != NULL && g_strcmp0 (ack->session_id, session_id) != 0)
    *reason = g_strdup ("REGISTER_ACK runtime session scope mismatch");
  else if (session_id == NULL && ack->session_id != NULL)
    *reason = g_strdup ("REGISTER_ACK unexpected runtime session scope");
  return *reason != NULL ? RB_GATEWAY_REFUSED : RB_GATEWAY_ACCEPTED;
}

gboolean
rb_gateway_is_ours (const RbGatewayFrame *frame,
                    const char           *session_id)
{
  return g_strcmp0 (frame->session_id, session_id) == 0;
}

gboolean
rb_gateway_is_replaced (guint       code,
                        const char *reason)
{
  return code == RB_GATEWAY_CLOSE_CODE && g_strcmp0 (reason, REPLACED) == 0;
}

/**
 * rb_gateway_cut_close_reason:
 * @reason: UTF-8 of any length; it may be the peer's
 *
 * Source: RFC 6455, section 5.5: a control frame carries 125 bytes, two of them the code.
 *
 * Returns: (transfer full): what fits
 */
char *
rb_gateway_cut_close_reason (const char *reason)
{
  g_autofree char *valid = g_utf8_make_valid (reason, -1);
  gsize length = strlen (valid);

  if (length > MAX_CLOSE_REASON)
    length = g_utf8_find_prev_char (valid, valid + MAX_CLOSE_REASON + 1) - valid;
  return g_strndup (valid, length);
}

/**
 * rb_gateway_retry_init:
 * @self: (out caller-allocates): when to try again
 * @initial_ms: the first wait
 * @max_ms: the longest
 * @already_delay_ms: the wait after "Already connected"
 * @already_limit: how many of those in a row are believed
 *
 * Source: protocol.md 13.9.
 */
void
rb_gateway_retry_init (RbGatewayRetry *self,
                       gint64          initial_ms,
                       gint64          max_ms,
                       gint64          already_delay_ms,
                       guint           already_limit)
{
  rb_backoff_init (&self->backoff, initial_ms, max_ms);
  self->already_delay_ms = already_delay_ms;
  self->already_limit = already_limit;
  self->n_already = 0;
}

/* The gateway answered, and did not let us in. */
void
rb_gateway_retry_refused (RbGatewayRetry   *self,
                          RbGatewayVerdict  verdict)
{
  if (verdict == RB_GATEWAY_ALREADY_CONNECTED)
    self->n_already++;
}

/* How long to wait now. */
gint64
rb_gateway_retry_next_ms (RbGatewayRetry *self,
                          double          random)
{
  if (self->n_already >= 1 && self->n_already < self->already_limit)
    return self->already_delay_ms;

  self->n_already = 0;
  return rb_backoff_next_jittered (&self->backoff, random);
}

/* We are in. */
void
rb_gateway_retry_reset (RbGatewayRetry *self)
{
  rb_backoff_reset (&self->backoff);
  self->n_already = 0;
}
