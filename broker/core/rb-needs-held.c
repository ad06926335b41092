/* rb-needs-held.c: senders who wait to be let in, conversations that turn without end
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-needs-private.h"

#include "rb-held.h"
#include "rb-json.h"

#define PREVIEW_CODE_POINTS 80

/* A person says it of the first of a conversation; what is behind it follows. */
static gboolean
is_asked (RbCore          *core,
          const RbHeldRow *row)
{
  return !row->is_leaving && rb_held_is_first (core->held, row);
}

static guint
count_held (RbCore *core)
{
  g_autoptr(GPtrArray) rows = rb_held_dup_rows (core->held);
  guint n = 0;

  for (guint i = 0; i < rows->len; i++)
    n += is_asked (core, g_ptr_array_index (rows, i));
  return n;
}

static void
add_row (RbNeedList      *list,
         const RbMessage *message)
{
  g_autofree char *preview = rb_json_slice_preview (rb_envelope_get_content (message->envelope), PREVIEW_CODE_POINTS);
  RbNeed need = {
    .kind = g_strcmp0 (message->reason, RB_REASON_HELD_LOOP) == 0 ? RB_NEED_LOOP : RB_NEED_HELD,
    .subject = message->id,
    .since = message->since,
    .who = rb_envelope_get_from (message->envelope),
    .what = preview,
    .endpoint_id = message->endpoint_id,
  };

  if (!rb_need_begin (list, &need))
    return;
  rb_need_choice (list, RB_NEED_DO_ACCEPT, NULL, NULL);
  rb_need_choice (list, RB_NEED_DO_REFUSE, NULL, NULL);
  rb_need_end (list);
}

static void
add_held (RbCore     *core,
          RbNeedList *list)
{
  g_autoptr(GPtrArray) rows = rb_held_dup_rows (core->held);

  for (guint i = 0; i < rows->len; i++)
    {
      const RbHeldRow *row = g_ptr_array_index (rows, i);

      if (is_asked (core, row))
        add_row (list, row->message);
    }
}

const RbNeedSource rb_needs_of_held = { count_held, add_held };
