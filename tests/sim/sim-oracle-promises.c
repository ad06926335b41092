/* sim-oracle-promises.c: what must be on the disk when the authority hears of it, and what may not wait for ever
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sim-oracle-private.h"

#include "rb-json.h"

#include <string.h>

#define COLUMN_KIND 1        /* of the outbox */
#define COLUMN_PAYLOAD 3
#define COLUMN_DEADLINE 11   /* of assignments */
#define LATE_MS 1000

typedef struct {
  SimOracle  *oracle;
  RbTable     table;
  guint       column;        /* it has @text there */
  const char *text;
  const char *kind;          /* NULL: any */
  gboolean    is_found;
  gboolean    is_synced;     /* a power loss would leave it */
} Search;

static void
look_at (GVariant *row,
         gpointer  user_data)
{
  Search *self = user_data;
  g_autofree char *key = NULL;

  if (self->is_found || strcmp (sim_row_text (row, self->column), self->text) != 0 ||
      (self->kind != NULL && strcmp (sim_row_text (row, COLUMN_KIND), self->kind) != 0))
    return;
  key = sim_store_key (row, 1);
  self->is_found = TRUE;
  self->is_synced = sim_store_peek_synced (self->oracle->store, self->table, key) != NULL;
}


/* What an adapter asks for is asked of the authority first, all else is told of what is so. It may be told again after a power loss, so
 * that it is written is enough. */
static gboolean
is_of_the_past (RbEvent *event)
{
  static const char *const own[] = { "target_lost_before_acceptance", "reply_emitted", NULL };
  g_autoptr(RbJson) json = rb_json_parse_object (rb_event_get_payload (event), 0, NULL);
  g_autofree char *state = rb_json_peek_string (json, "state");

  switch (rb_event_get_kind (event))
    {
    case RB_EVENT_PROCESSING_STATE:
      return g_strv_contains (own, state);
    case RB_EVENT_ENDPOINT_STATE:
    case RB_EVENT_UNDISPATCHED_CHANGED:
    case RB_EVENT_INBOUND_ROUTED:
      return TRUE;
    case RB_EVENT_PRESENCE_CHANGED:
      return FALSE;
    }
  return FALSE;
}

/* Its last state is the last that is told of an endpoint, until a person has old ones told that were refused. A process may repeat
 * what the one before had told already. */
static void
check_not_closed (SimOracle *self,
                  RbEvent   *event)
{
  SimHolder *holder = g_hash_table_lookup (self->holders, rb_event_get_subject (event));
  g_autoptr(RbJson) json = rb_json_parse_object (rb_event_get_payload (event), 0, NULL);
  g_autofree char *state = rb_json_peek_string (json, "state");
  gboolean is_closed = strcmp (state, "closed") == 0;

  sim_trace (self, "broker", "tells %s: %s", rb_event_get_subject (event), state);
  if (holder == NULL)
    return;
  sim_check (self, 4, is_closed || !holder->is_told_closed || self->has_retried,
             "'%s' is told to be %s after it was told to be closed", holder->id, state);
  holder->is_told_closed |= is_closed;
}

void
sim_oracle_check_told (SimOracle *self,
                       RbEvent   *event)
{
  GBytes *bytes = rb_event_get_payload (event);
  g_autofree char *payload = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  const char *kind = rb_event_kind_to_string (rb_event_get_kind (event));
  Search search = { .oracle = self, .table = RB_TABLE_OUTBOX, .column = COLUMN_PAYLOAD, .text = payload, .kind = kind };

  if (rb_event_get_kind (event) == RB_EVENT_ENDPOINT_STATE)
    check_not_closed (self, event);
  if (!is_of_the_past (event))
    return;
  sim_store_foreach (self->store, RB_TABLE_OUTBOX, look_at, &search);
  sim_check (self, 2, search.is_found, "%s of '%s' is told before it is on the disk", kind, rb_event_get_subject (event));
}

void
sim_oracle_retried (SimOracle *self)
{
  self->has_retried = TRUE;
}

void
sim_oracle_forget_told (SimOracle *self)
{
  GHashTableIter iter;
  gpointer holder;

  g_hash_table_iter_init (&iter, self->holders);
  while (g_hash_table_iter_next (&iter, NULL, &holder))
    ((SimHolder *) holder)->is_told_closed = FALSE;
}

void
sim_oracle_check_applied (SimOracle  *self,
                          const char *key,
                          const char *status)
{
  Search search = { .oracle = self, .table = RB_TABLE_CONTROL_KEYS, .column = 1, .text = key };

  if (strcmp (status, "failed") == 0)
    return;
  sim_store_foreach (self->store, RB_TABLE_CONTROL_KEYS, look_at, &search);
  sim_check (self, 2, search.is_synced, "order '%s' is answered '%s' before that is synced", key, status);
}

static void
check_deadline (GVariant *row,
                gpointer  user_data)
{
  SimOracle *self = user_data;
  g_autoptr(GVariant) child = g_variant_get_child_value (row, COLUMN_DEADLINE);
  gboolean has_deadline;
  gint64 deadline;

  g_variant_get (child, "mx", &has_deadline, &deadline);
  if (has_deadline)
    sim_check (self, 6, deadline + LATE_MS > rb_clock_get_wall_ms (RB_CLOCK (self->clock)),
               "'%s' was to be accepted long ago, and waits on", sim_row_text (row, 1));
}

void
sim_oracle_check_deadlines (SimOracle *self)
{
  sim_store_foreach (self->store, RB_TABLE_ASSIGNMENTS, check_deadline, self);
}
