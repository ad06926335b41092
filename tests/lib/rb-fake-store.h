/* rb-fake-store.h: a store in memory that commits, waits, fails and forgets when a test says so
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-store.h"

G_BEGIN_DECLS

#define RB_TYPE_FAKE_STORE (rb_fake_store_get_type ())
G_DECLARE_FINAL_TYPE (RbFakeStore, rb_fake_store, RB, FAKE_STORE, GObject)

/* Commits by itself on the next turn of the main context, unless held. */
RbFakeStore *rb_fake_store_new          (void);
/* Held: commits wait, in order, until the store is let go or commits one. */
void         rb_fake_store_set_hold     (RbFakeStore *self, gboolean hold);
gboolean     rb_fake_store_commit_one   (RbFakeStore *self);
guint        rb_fake_store_get_n_waiting (RbFakeStore *self);
/* The process dies: what is not committed never was, and whatever its remains still commit never will be; each is answered with an
 * error, so that memory is given back. After the revival @self is the disk of the next process. */
void         rb_fake_store_crash        (RbFakeStore *self);
void         rb_fake_store_revive       (RbFakeStore *self);
/* Called once, at the @n-th commit from now on that changes something. @is_kept: it has reached the disk, and nobody heard of it; otherwise it
 * has not, and all that was to follow from the one before it did. From then on it is as after rb_fake_store_crash(), which is still to be
 * called. May be asked for between a crash and the revival: then the next process dies so. */
typedef void (*RbFakeStoreCrashed) (gpointer user_data);
void         rb_fake_store_crash_at     (RbFakeStore *self, guint n, gboolean is_kept, RbFakeStoreCrashed crashed, gpointer user_data);
void         rb_fake_store_live_on      (RbFakeStore *self);    /* after all: takes the above back */
/* The power fails instead: what was committed lazily after the last durable commit is gone too. Between the crash and the revival. */
void         rb_fake_store_lose_power   (RbFakeStore *self);
/* Commits are answered with an error from now on, as by a damaged database. */
void         rb_fake_store_break        (RbFakeStore *self);
void         rb_fake_store_set_health   (RbFakeStore *self, RbStoreHealth health, const char *reason);
/* Numbers of commits that were durable (not lazy) and of all, without those that changed nothing. */
guint        rb_fake_store_get_n_durable (RbFakeStore *self);
guint        rb_fake_store_get_n_commits (RbFakeStore *self);
/* Rows of a table; the row with exactly this key, or NULL. */
guint        rb_fake_store_count        (RbFakeStore *self, RbTable table);
/* All rows, in key order. (transfer container) */
GPtrArray   *rb_fake_store_dup_rows     (RbFakeStore *self, RbTable table);
GVariant    *rb_fake_store_peek         (RbFakeStore *self, RbTable table, GVariant *key);

/* Who sees what each commit changes, row by row, as it does; @free is called with the store's end. One at a time. */
typedef struct {
  void (*begin)  (gpointer user_data);
  void (*change) (gpointer user_data, RbTable table, GVariant *key, GVariant *old_row, GVariant *new_row);   /* NULL: there is no row */
  void (*end)    (gpointer user_data);
  void (*free)   (gpointer user_data);
} RbFakeStoreWatcher;

void         rb_fake_store_watch        (RbFakeStore *self, const RbFakeStoreWatcher *watcher, gpointer user_data);

/* A row of the outbox that was committed, once, whatever became of it. */
typedef struct {
  GVariant *row;        /* owned */
  gboolean  is_lost;    /* with the power, again */
} RbFakeTold;

/* All of them, in order. */
const GArray *rb_fake_store_get_told (RbFakeStore *self);

G_END_DECLS
