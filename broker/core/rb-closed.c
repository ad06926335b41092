/* rb-closed.c: which endpoints are known upstream as closed
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-closed.h"

#include "rb-dict.h"
#include "rb-error.h"
#include "rb-log.h"

#define FRESH_MS 5000

typedef struct {
  char     *endpoint_id;
  gboolean  is_closed;
  gint64    known_at;       /* epoch-ms */
  GList     link;           /* in the order of use */
} Entry;

struct _RbClosed {
  GHashTable *entries;      /* endpoint id (in the entry) to Entry, owned */
  GQueue      used;         /* of Entry, least recently used first */
  GHashTable *waiting;      /* endpoint id to GArray of Waiter: the upstream was asked */
};

typedef struct {
  RbClosedAnswer  answer;
  gpointer        user_data;
} Waiter;

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->endpoint_id);
  g_free (entry);
}

static GHashTable *
new_waiting (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_array_unref);
}

RbClosed *
rb_closed_new (void)
{
  RbClosed *self = g_new0 (RbClosed, 1);

  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, entry_free);
  self->waiting = new_waiting ();
  g_queue_init (&self->used);
  return self;
}

void
rb_closed_free (RbClosed *self)
{
  g_hash_table_unref (self->entries);
  g_hash_table_unref (self->waiting);
  g_free (self);
}

static void
forget (RbClosed *self,
        Entry    *entry)
{
  g_queue_unlink (&self->used, &entry->link);
  g_hash_table_remove (self->entries, entry->endpoint_id);
}

static const Entry *
lookup (RbClosed   *self,
        const char *endpoint_id,
        gint64      now)
{
  Entry *entry = g_hash_table_lookup (self->entries, endpoint_id);

  if (entry == NULL)
    return NULL;
  /* a wall clock that was set back makes nothing fresh */
  if (now < entry->known_at || now - entry->known_at >= FRESH_MS)
    {
      forget (self, entry);
      return NULL;
    }

  g_queue_unlink (&self->used, &entry->link);
  g_queue_push_tail_link (&self->used, &entry->link);
  return entry;
}

static void
remember (RbClosed   *self,
          const char *endpoint_id,
          gboolean    is_closed,
          gint64      now,
          RbBounds   *bounds)
{
  Entry *entry = g_hash_table_lookup (self->entries, endpoint_id);

  if (entry != NULL)
    forget (self, entry);
  if (self->used.length >= RB_CLOSED_MAX)
    {
      rb_bounds_reached (bounds, RB_CORE_BOUND_CLOSED_LOOKUPS);
      forget (self, g_queue_peek_head (&self->used));
    }

  entry = g_new0 (Entry, 1);
  entry->endpoint_id = g_strdup (endpoint_id);
  entry->is_closed = is_closed;
  entry->known_at = now;
  entry->link.data = entry;
  g_queue_push_tail_link (&self->used, &entry->link);
  g_hash_table_insert (self->entries, entry->endpoint_id, entry);
  rb_bounds_note (bounds, RB_CORE_BOUND_CLOSED_LOOKUPS, self->used.length);
}

/* FALSE: that is no answer. "There is none" is one. */
static gboolean
read_answer (GVariant     *answer,
             const GError *error,
             gboolean     *is_closed)
{
  GVariant *details = error != NULL ? rb_error_get_details (error) : NULL;
  const char *retired_at = NULL;
  gboolean exists = FALSE;
  gint64 status = 0;

  *is_closed = FALSE;
  if (answer == NULL)
    return details != NULL && g_variant_lookup (details, "status", "x", &status) && status == 404;

  *is_closed = g_variant_lookup (answer, "exists", "b", &exists) && exists &&
               g_variant_lookup (answer, "retired_at", "&s", &retired_at) && *retired_at != '\0';
  return TRUE;
}

typedef struct {
  RbCore *core;
  char   *endpoint_id;
} Question;

static void
answer_all (RbCore   *core,
            GArray   *waiters,
            gboolean  is_closed)
{
  for (guint i = 0; i < waiters->len; i++)
    {
      const Waiter *waiter = &g_array_index (waiters, Waiter, i);

      waiter->answer (core, is_closed, waiter->user_data);
    }
}

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Question *question = user_data;
  g_autoptr(RbCore) core = question->core;
  g_autofree char *endpoint_id = question->endpoint_id;
  g_autofree char *key = NULL;
  g_autoptr(GArray) waiters = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) answer = rb_upstream_call_finish (RB_UPSTREAM (source), result, &error);
  gboolean is_closed;

  g_free (question);
  if (read_answer (answer, error, &is_closed))
    remember (core->closed, endpoint_id, is_closed, rb_core_now (core), core->bounds);
  else
    rb_log_warning ("closed_lookup_failed", "endpoint_id", endpoint_id, "err", error->message, NULL);

  if (g_hash_table_steal_extended (core->closed->waiting, endpoint_id, (gpointer *) &key, (gpointer *) &waiters))
    answer_all (core, waiters, is_closed);
}

static GArray *
start (RbCore     *core,
       const char *endpoint_id)
{
  GArray *waiters = g_array_new (FALSE, FALSE, sizeof (Waiter));
  Question *question = g_new (Question, 1);

  question->core = g_object_ref (core);
  question->endpoint_id = g_strdup (endpoint_id);
  g_hash_table_insert (core->closed->waiting, g_strdup (endpoint_id), waiters);
  rb_upstream_call_async (core->upstream, RB_UPSTREAM_LOOKUP_CLOSED, rb_dict_endpoint (endpoint_id), NULL, on_answered, question);
  return waiters;
}

void
rb_closed_ask (RbCore         *core,
               const char     *endpoint_id,
               RbClosedAnswer  answer,
               gpointer        user_data)
{
  GArray *waiters = g_hash_table_lookup (core->closed->waiting, endpoint_id);
  const Entry *entry = waiters == NULL ? lookup (core->closed, endpoint_id, rb_core_now (core)) : NULL;
  Waiter waiter = { answer, user_data };

  if (entry != NULL)
    {
      answer (core, entry->is_closed, user_data);
      return;
    }
  if (waiters == NULL)
    waiters = start (core, endpoint_id);
  g_array_append_val (waiters, waiter);
}

void
rb_closed_stop (RbCore *core)
{
  g_autoptr(GHashTable) waiting = core->closed->waiting;
  GHashTableIter iter;
  gpointer waiters;

  core->closed->waiting = new_waiting ();
  g_hash_table_iter_init (&iter, waiting);
  while (g_hash_table_iter_next (&iter, NULL, &waiters))
    answer_all (core, waiters, FALSE);
}

guint
rb_closed_get_n (const RbClosed *self)
{
  return self->used.length;
}
