/* rb-needs-sources.c: messages without a runtime, a network that is away, a database that takes nothing
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-needs-private.h"

#include "rb-json.h"

#define PREVIEW_CODE_POINTS 80

static guint
count_inbox (RbCore *core)
{
  return rb_inbox_get_n (core->inbox);
}

static void
add_row (RbNeedList      *list,
         const RbMessage *message)
{
  g_autofree char *preview = rb_json_slice_preview (rb_envelope_get_content (message->envelope), PREVIEW_CODE_POINTS);
  RbNeed need = {
    .kind = RB_NEED_DISPATCH,
    .subject = message->id,
    .since = message->since,
    .who = rb_envelope_get_from (message->envelope),
    .what = preview,
    .endpoint_id = message->endpoint_id,
  };

  if (!rb_need_begin (list, &need))
    return;
  /* Without an id of the network it cannot be assigned (protocol.md 11.5 step 4). */
  if (message->source_id != NULL)
    rb_need_choose_endpoint (list, message->endpoint_id);
  rb_need_end (list);
}

/* All of it: whether an adapter will come and claim one is not for us to know. */
static void
add_inbox (RbCore     *core,
           RbNeedList *list)
{
  g_autoptr(GPtrArray) rows = rb_inbox_dup_rows (core->inbox);

  for (guint i = 0; i < rows->len; i++)
    add_row (list, g_ptr_array_index (rows, i));
}

const RbNeedSource rb_needs_of_inbox = { count_inbox, add_inbox };

/* While the link has said why it is down, and is. */
static guint
count_link (RbCore *core)
{
  return core->presence != RB_PRESENCE_ONLINE && core->link_error != NULL && !core->is_stopping ? 1 : 0;
}

static void
add_link (RbCore     *core,
          RbNeedList *list)
{
  RbNeed need = { .kind = RB_NEED_UPSTREAM, .subject = "link", .since = core->presence_since, .what = core->link_error };

  if (count_link (core) > 0 && rb_need_begin (list, &need))
    rb_need_end (list);
}

const RbNeedSource rb_needs_of_link = { count_link, add_link };

static guint
count_store (RbCore *core)
{
  return rb_store_get_health (core->store, NULL) != RB_STORE_OK ? 1 : 0;
}

static void
add_store (RbCore     *core,
           RbNeedList *list)
{
  RbNeed need = { .kind = RB_NEED_STORE, .subject = "database", .since = core->store_failed_at };

  if (rb_store_get_health (core->store, &need.what) != RB_STORE_OK && rb_need_begin (list, &need))
    rb_need_end (list);
}

const RbNeedSource rb_needs_of_store = { count_store, add_store };
