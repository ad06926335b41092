/* rb-ipc-page-sessions.c: who may use the page: tickets that are good for one login, and the sessions that came of them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-page-sessions.h"

#include "rb-ipc-bounds.h"

#include <string.h>
#include <sys/random.h>

#define RANDOM_BYTES 32
#define KEY_LENGTH 64

typedef struct {
  char   *key;
  gint64  until_us;
} Entry;

struct _RbIpcSessions {
  RbClock  *clock;
  RbBounds *bounds;
  GQueue    tickets;    /* of Entry, the one that ends next first: all last equally long */
  GQueue    sessions;   /* likewise: each use begins its time again */
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->key);
  g_free (entry);
}

static char *
make_secret (void)
{
  guint8 bytes[RANDOM_BYTES];
  char *text;

  if (getrandom (bytes, sizeof bytes, 0) != (gssize) sizeof bytes)
    return NULL;
  text = g_base64_encode (bytes, sizeof bytes);
  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  text[strcspn (text, "=")] = '\0';
  return text;
}

char *
rb_ipc_sessions_dup_key (const char *session)
{
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, session, -1);
}

static void
forget_old (RbIpcSessions *self,
            GQueue        *queue)
{
  gint64 now_us = rb_clock_get_monotonic_us (self->clock);

  while (!g_queue_is_empty (queue) && ((Entry *) g_queue_peek_head (queue))->until_us <= now_us)
    entry_free (g_queue_pop_head (queue));
}

void
rb_ipc_sessions_show (RbIpcSessions *self)
{
  forget_old (self, &self->tickets);
  forget_old (self, &self->sessions);
  rb_bounds_set_used (self->bounds, RB_IPC_BOUND_PAGE_TICKETS, self->tickets.length);
  rb_bounds_set_used (self->bounds, RB_IPC_BOUND_PAGE_SESSIONS, self->sessions.length);
}

/* Which keys are alike, and how far, may be learned from the time this takes; a key says nothing of what it is the hash of. */
static GList *
find (RbIpcSessions *self,
      GQueue        *queue,
      const char    *key)
{
  forget_old (self, queue);
  for (GList *item = queue->head; item != NULL; item = item->next)
    if (strcmp (((Entry *) item->data)->key, key) == 0)
      return item;
  return NULL;
}

/* The oldest makes room. */
static void
add (RbIpcSessions *self,
     GQueue        *queue,
     const char    *key,
     gint64         last_ms,
     guint          max,
     RbIpcBound     bound)
{
  Entry *entry = g_new (Entry, 1);

  forget_old (self, queue);
  if (queue->length >= max)
    {
      entry_free (g_queue_pop_head (queue));
      rb_bounds_reached (self->bounds, bound);
    }
  entry->key = g_strdup (key);
  entry->until_us = rb_clock_get_monotonic_us (self->clock) + last_ms * G_TIME_SPAN_MILLISECOND;
  g_queue_push_tail (queue, entry);
  rb_ipc_sessions_show (self);
}

RbIpcSessions *
rb_ipc_sessions_new (RbClock  *clock,
                     RbBounds *bounds)
{
  RbIpcSessions *self = g_new0 (RbIpcSessions, 1);

  self->clock = g_object_ref (clock);
  self->bounds = bounds;
  g_queue_init (&self->tickets);
  g_queue_init (&self->sessions);
  return self;
}

void
rb_ipc_sessions_free (RbIpcSessions *self)
{
  g_queue_clear_full (&self->tickets, entry_free);
  g_queue_clear_full (&self->sessions, entry_free);
  g_object_unref (self->clock);
  g_free (self);
}

char *
rb_ipc_sessions_issue (RbIpcSessions *self)
{
  g_autofree char *ticket = make_secret ();
  g_autofree char *key = NULL;

  if (ticket == NULL)
    return NULL;
  key = rb_ipc_sessions_dup_key (ticket);
  add (self, &self->tickets, key, RB_IPC_TICKET_MS, RB_IPC_TICKETS_MAX, RB_IPC_BOUND_PAGE_TICKETS);
  return g_steal_pointer (&ticket);
}

static void
drop (GQueue *queue,
      GList  *item)
{
  entry_free (item->data);
  g_queue_delete_link (queue, item);
}

char *
rb_ipc_sessions_exchange (RbIpcSessions *self,
                          const char    *ticket)
{
  g_autofree char *ticket_key = rb_ipc_sessions_dup_key (ticket);
  g_autofree char *session = NULL;
  g_autofree char *key = NULL;
  GList *item = find (self, &self->tickets, ticket_key);

  if (item == NULL || (session = make_secret ()) == NULL)
    return NULL;
  drop (&self->tickets, item);
  key = rb_ipc_sessions_dup_key (session);
  add (self, &self->sessions, key, RB_IPC_SESSION_IDLE_MS, RB_IPC_SESSIONS_MAX, RB_IPC_BOUND_PAGE_SESSIONS);
  return g_steal_pointer (&session);
}

gboolean
rb_ipc_sessions_use (RbIpcSessions *self,
                     const char    *session)
{
  g_autofree char *key = session != NULL ? rb_ipc_sessions_dup_key (session) : NULL;
  GList *item = key != NULL ? find (self, &self->sessions, key) : NULL;

  if (item == NULL)
    return FALSE;
  ((Entry *) item->data)->until_us = rb_clock_get_monotonic_us (self->clock) + RB_IPC_SESSION_IDLE_MS * G_TIME_SPAN_MILLISECOND;
  g_queue_unlink (&self->sessions, item);
  g_queue_push_tail_link (&self->sessions, item);
  return TRUE;
}

void
rb_ipc_sessions_end (RbIpcSessions *self,
                     const char    *session)
{
  g_autofree char *key = rb_ipc_sessions_dup_key (session);
  GList *item = find (self, &self->sessions, key);

  if (item != NULL)
    drop (&self->sessions, item);
  rb_ipc_sessions_show (self);
}

gboolean
rb_ipc_sessions_has_key (RbIpcSessions *self,
                         const char    *key)
{
  return find (self, &self->sessions, key) != NULL;
}

char *
rb_ipc_sessions_pack (RbIpcSessions *self)
{
  GString *text = g_string_new (NULL);

  forget_old (self, &self->sessions);
  for (GList *item = self->sessions.head; item != NULL; item = item->next)
    g_string_append_printf (text, "%s%s", text->len > 0 ? "," : "", ((Entry *) item->data)->key);
  return g_string_free (text, FALSE);
}

static gboolean
is_key (const char *text)
{
  return strlen (text) == KEY_LENGTH && strspn (text, "0123456789abcdef") == KEY_LENGTH;
}

void
rb_ipc_sessions_unpack (RbIpcSessions *self,
                        const char    *text)
{
  g_auto(GStrv) keys = g_strsplit (text, ",", RB_IPC_SESSIONS_MAX + 1);

  for (guint i = 0; keys[i] != NULL; i++)
    if (is_key (keys[i]))
      add (self, &self->sessions, keys[i], RB_IPC_SESSION_IDLE_MS, RB_IPC_SESSIONS_MAX, RB_IPC_BOUND_PAGE_SESSIONS);
}
