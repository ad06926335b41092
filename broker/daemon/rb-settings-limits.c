/* rb-settings-limits.c: groups [limits], [policy] and [history]: the numbers of the core, by name
 *
 * The defaults are the core's own (rb_core_settings_init()), so that there is one place where each stands.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-settings-table.h"

#define DAY_MS G_GINT64_CONSTANT (86400000)
#define YEAR_MS (366 * DAY_MS)
#define GIB G_GINT64_CONSTANT (1073741824)

typedef enum { FIELD_INT64, FIELD_UINT, FIELD_SIZE } FieldType;

typedef struct {
  const char *group;
  const char *key;
  FieldType   type;
  gsize       offset;
  gint64      min;
  gint64      max;
  const char *summary;
} Limit;

#define MS(key_, member_, min_, max_, summary_) \
  { "limits", key_, FIELD_INT64, G_STRUCT_OFFSET (RbCoreSettings, member_), min_, max_, summary_ }
#define COUNT(key_, member_, max_, summary_) \
  { "limits", key_, FIELD_UINT, G_STRUCT_OFFSET (RbCoreSettings, member_), 1, max_, summary_ }
#define BYTES(key_, member_, summary_) \
  { "limits", key_, FIELD_SIZE, G_STRUCT_OFFSET (RbCoreSettings, member_), 1024, 64 * GIB, summary_ }

#define POLICY(key_, member_, summary_) \
  { "policy", key_, FIELD_UINT, G_STRUCT_OFFSET (RbCoreSettings, member_), 0, 1000000, summary_ }
#define HISTORY(key_, type_, member_, min_, max_, summary_) \
  { "history", key_, type_, G_STRUCT_OFFSET (RbCoreSettings, archive) + G_STRUCT_OFFSET (RbArchiveLimits, member_), min_, max_, summary_ }

static const Limit limits[] = {
  MS ("push-ack-timeout-ms", push_ack_timeout, 1, DAY_MS, "time an adapter has to acknowledge a push"),
  MS ("endpoint-grace-ms", endpoint_grace, 1, YEAR_MS, "time an endpoint waits for its adapter to come back"),
  MS ("acceptance-timeout-ms", acceptance_timeout, -1, YEAR_MS, "time an endpoint has to accept an assignment; 0: no limit"),
  MS ("reply-record-ttl-ms", reply_record_ttl, 1, YEAR_MS, "how long a reply id is remembered"),
  MS ("reply-correlation-ttl-ms", reply_correlation_ttl, 1, YEAR_MS, "how long a received correlation is remembered"),
  MS ("presence-grace-ms", presence_grace, 1, YEAR_MS, "time without the network before it counts as offline"),
  MS ("spawn-timeout-ms", spawn_timeout, 1, DAY_MS, "time a spawned runtime has to register"),
  MS ("seen-retention-ms", seen_retention, 1, 10 * YEAR_MS, "how long an ended message is known when the network repeats it"),
  COUNT ("message-cap", message_cap, 10000000, "messages that live: in the inbox, in queues and in assignments"),
  BYTES ("message-bytes-cap", message_bytes_cap, "bytes of the messages that live"),
  COUNT ("inbox-cap", inbox_cap, 1000000, "rows of the undispatched inbox"),
  COUNT ("held-cap", held_cap, 100000, "messages that wait for a person to let them in"),
  COUNT ("correlation-ring-cap", correlation_ring_cap, 1000000, "sent correlations remembered for each endpoint"),
  COUNT ("reply-correlation-cap", reply_correlation_cap, 1000000, "received correlations remembered for each endpoint"),
  COUNT ("reply-record-cap", reply_record_cap, 10000000, "replies that are remembered, so that none is sent twice"),
  COUNT ("endpoint-cap", endpoint_cap, 1000000, "endpoints"),
  COUNT ("queue-cap", queue_cap, 1000000, "messages that wait for one endpoint"),
  BYTES ("queue-bytes-cap", queue_bytes_cap, "bytes that wait for one endpoint"),
  COUNT ("outbox-cap", outbox_cap, 10000000, "events that the upstream is still to hear"),
  COUNT ("window-messages", window_messages, 1000000, "messages the connector may have in flight"),
  BYTES ("window-bytes", window_bytes, "bytes the connector may have in flight"),
  COUNT ("push-window-messages", push_window_messages, 1000000, "messages pushed to a channel and not acknowledged"),
  BYTES ("push-window-bytes", push_window_bytes, "bytes pushed to a channel and not acknowledged"),
  MS ("mailroom-interval-ms", mailroom_interval, 1000, DAY_MS, "how often it is looked for what may be claimed in advance"),
  MS ("mailroom-retry-ms", mailroom_retry, 1000, DAY_MS, "until an upstream that did not answer is asked again what it can do"),
  COUNT ("mailroom-list-limit", mailroom_list_limit, 1000, "messages looked at for an endpoint each time"),
  MS ("staged-max-timeout-ms", staged_max_timeout, 0, YEAR_MS, "longest wait for staged messages that an adapter may ask for"),
  MS ("staged-max-hold-ms", staged_max_hold, 0, 55000, "longest wait for staged messages that it is given"),
  COUNT ("staged-cap", staged_cap, 1000000, "messages claimed in advance"),
  BYTES ("staged-bytes-cap", staged_bytes_cap, "bytes claimed in advance"),
  COUNT ("staged-waiters-cap", staged_waiters_cap, 1000000, "requests that wait for staged messages"),
  POLICY ("unknown-per-hour", unknown_per_hour,
          "messages that one stranger may send in an hour; further ones are held; 0: any number"),
  POLICY ("loop-hops", loop_hops,
          "times that a correlation may turn, or an endpoint and an address may open conversations in turn, with no person in it and no pause of "
          "ten minutes; then it is held; 0: any number"),
  POLICY ("loop-rate", loop_rate, "times that an endpoint and an address may take turns in a minute, whatever it is about; 0: any number"),
  HISTORY ("max-age-ms", FIELD_INT64, max_age_ms, 0, 10 * YEAR_MS, "how long what ended can be explained, searched and exported; 0: age does not matter"),
  HISTORY ("max-bytes", FIELD_SIZE, max_bytes, 0, 64 * GIB, "bytes of it; the oldest goes first"),
  HISTORY ("max-entries", FIELD_UINT, max_entries, 1, 1000000, "messages and endpoints of it; the oldest goes first"),
  HISTORY ("text-max", FIELD_SIZE, text_max, 0, 16 * 1024 * 1024, "bytes kept of what one message said; 0: how it ended, not what it said"),
};

static gint64
get_field (const RbCoreSettings *settings,
           const Limit          *limit)
{
  gconstpointer field = G_STRUCT_MEMBER_P (settings, limit->offset);

  switch (limit->type)
    {
    case FIELD_INT64:
      return *(const gint64 *) field;
    case FIELD_UINT:
      return *(const guint *) field;
    case FIELD_SIZE:
      return (gint64) *(const gsize *) field;
    }
  return 0;
}

static void
set_field (RbCoreSettings *settings,
           const Limit    *limit,
           gint64          value)
{
  gpointer field = G_STRUCT_MEMBER_P (settings, limit->offset);

  switch (limit->type)
    {
    case FIELD_INT64:
      *(gint64 *) field = value;
      break;
    case FIELD_UINT:
      *(guint *) field = (guint) value;
      break;
    case FIELD_SIZE:
      *(gsize *) field = (gsize) value;
      break;
    }
}

static void
fill_row (RbSettingRow         *row,
          const Limit          *limit,
          const RbCoreSettings *defaults)
{
  g_autofree char *value = g_strdup_printf ("%" G_GINT64_FORMAT, get_field (defaults, limit));

  row->group = limit->group;
  row->key = limit->key;
  row->type = RB_SETTING_INTEGER;
  row->default_value = g_intern_string (value);
  row->min = limit->min;
  row->max = limit->max;
  row->summary = limit->summary;
}

/**
 * rb_settings_limits_get:
 * @n_rows: (out): how many there are
 *
 * Returns: (transfer none): the rows of both groups; made at the first call, on the main thread
 */
const RbSettingRow *
rb_settings_limits_get (guint *n_rows)
{
  static RbSettingRow rows[G_N_ELEMENTS (limits)];
  RbCoreSettings defaults;

  *n_rows = G_N_ELEMENTS (rows);
  if (rows[0].key != NULL)
    return rows;

  rb_core_settings_init (&defaults);
  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    fill_row (&rows[i], &limits[i], &defaults);
  return rows;
}

/**
 * rb_settings_limits_set:
 * @settings: what to change
 * @row: one of ours; another is our bug
 * @value: a value that passed its row
 */
void
rb_settings_limits_set (RbCoreSettings     *settings,
                        const RbSettingRow *row,
                        gint64              value)
{
  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    if (g_str_equal (limits[i].group, row->group) && g_str_equal (limits[i].key, row->key))
      {
        set_field (settings, &limits[i], value);
        return;
      }
  g_return_if_reached ();
}
