/* rb-world-outbox.c: what the authority must have heard, and when
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-world.h"

#include "rb-json.h"
#include "rb-letter.h"

#include <string.h>

/* The store remembers every row of the outbox that was ever committed, and which of them a power failure took back: those may have been
 * heard, and need not be. */

typedef struct {
  const GArray *told;      /* of RbFakeTold */
  GPtrArray    *heard;     /* of RbEvent */
} Record;

/* The authority is asked about other states before anything is committed. */
static gboolean
is_told (const RbEvent *event)
{
  g_autoptr(RbJson) payload = NULL;
  g_autofree char *state = NULL;

  if (rb_event_get_kind (event) == RB_EVENT_PRESENCE_CHANGED)
    return FALSE;
  if (rb_event_get_kind (event) != RB_EVENT_PROCESSING_STATE)
    return TRUE;

  payload = rb_json_parse_object (rb_event_get_payload (event), 0, NULL);
  state = rb_json_peek_string (payload, "state");
  return g_str_equal (state, "reply_emitted") || g_str_equal (state, "target_lost_before_acceptance");
}

static gboolean
is_same (const RbFakeTold *told,
         const RbEvent    *event)
{
  GBytes *bytes = rb_event_get_payload (event);
  const char *subject, *payload;

  g_variant_get_child (told->row, 2, "&s", &subject);
  g_variant_get_child (told->row, 3, "&s", &payload);
  return g_str_equal (subject, rb_event_get_subject (event)) && strlen (payload) == g_bytes_get_size (bytes) &&
         memcmp (payload, g_bytes_get_data (bytes, NULL), strlen (payload)) == 0;
}

static void
on_heard (RbEvent  *event,
          gpointer  user_data)
{
  RbWorld *self = user_data;
  const GArray *told = rb_fake_store_get_told (self->fixture.store);

  if (!is_told (event))
    return;
  for (guint i = 0; i < told->len; i++)
    if (is_same (&g_array_index (told, RbFakeTold, i), event))
      return;
  g_error ("'%s' was told before it was committed", rb_event_get_subject (event));
}

void
rb_world_watch_outbox (RbWorld *self)
{
  RbFakeEmitter *authority = self->fixture.authority;

  if (authority == NULL)
    return;
  authority->heard = on_heard;
  authority->heard_data = self;
}

/* The next one of the lane after @from; told->len: there is none. */
static guint
find_next (const GArray *told,
           const char   *lane,
           guint         from)
{
  for (guint i = from; i < told->len; i++)
    {
      g_autoptr(RbLetter) letter = rb_letter_from_row (g_array_index (told, RbFakeTold, i).row, NULL);
      g_autofree char *its = rb_letter_dup_lane (letter->event);

      if (g_str_equal (its, lane))
        return i;
    }
  return told->len;
}

/* @reached: where the lane was; what was heard before may be heard again, and only the next may be new. The next may be what was lost, or
 * what came instead, which may look the same. */
static guint
hear (const Record  *record,
      const char    *lane,
      guint          reached,
      const RbEvent *event)
{
  gboolean is_known = FALSE;
  gboolean is_beyond = FALSE;
  guint end = reached;

  for (guint i = find_next (record->told, lane, 0); i < record->told->len && !is_beyond; i = find_next (record->told, lane, i + 1))
    {
      const RbFakeTold *told = &g_array_index (record->told, RbFakeTold, i);

      if (is_same (told, event))
        {
          is_known = TRUE;
          end = MAX (end, i + 1);
        }
      is_beyond = i >= reached && !told->is_lost;
    }
  if (!is_known)
    g_error ("'%s' was told out of order", lane);
  return end;
}

static void
check_lane (const Record *record,
            const char   *lane)
{
  guint reached = 0;

  for (guint i = 0; i < record->heard->len; i++)
    {
      const RbEvent *event = g_ptr_array_index (record->heard, i);
      g_autofree char *its = rb_letter_dup_lane (event);

      if (g_str_equal (its, lane) && is_told (event))
        reached = hear (record, lane, reached, event);
    }
  for (guint i = find_next (record->told, lane, reached); i < record->told->len; i = find_next (record->told, lane, i + 1))
    if (!g_array_index (record->told, RbFakeTold, i).is_lost)
      g_error ("'%s' was not told to its end", lane);
}

static void
check_rows (RbWorld *self)
{
  g_autoptr(GPtrArray) rows = rb_fake_store_dup_rows (self->fixture.store, RB_TABLE_OUTBOX);

  for (guint i = 0; i < rows->len; i++)
    {
      const char *state;

      g_variant_get_child (g_ptr_array_index (rows, i), 5, "&s", &state);
      g_assert_cmpstr (state, ==, "dead");
    }
}

void
rb_world_check_outbox (RbWorld *self)
{
  Record record = { rb_fake_store_get_told (self->fixture.store), NULL };
  g_autoptr(GHashTable) lanes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer lane;

  if (self->fixture.authority == NULL)
    {
      g_assert_cmpuint (record.told->len, ==, 0);
      return;
    }

  record.heard = self->fixture.authority->events;
  for (guint i = 0; i < record.told->len; i++)
    {
      g_autoptr(RbLetter) letter = rb_letter_from_row (g_array_index (record.told, RbFakeTold, i).row, NULL);

      g_hash_table_add (lanes, rb_letter_dup_lane (letter->event));
    }
  g_hash_table_iter_init (&iter, lanes);
  while (g_hash_table_iter_next (&iter, &lane, NULL))
    check_lane (&record, lane);
  check_rows (self);
}
