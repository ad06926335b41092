/* sim-store.h: a disk that writes when told to, and keeps what a crash would leave
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-store.h"

G_BEGIN_DECLS

#define SIM_TYPE_STORE (sim_store_get_type ())
G_DECLARE_FINAL_TYPE (SimStore, sim_store, SIM, STORE, GObject)

/* What the disk does, for who watches it. Rows are NULL where there is none; of @key the leading columns are those of the key. */
typedef struct {
  void (*row)    (RbTable table, GVariant *key, GVariant *before, GVariant *after, gpointer user_data);
  void (*commit) (gpointer user_data);      /* the rows since the last call became true together */
} SimStoreWatch;

SimStore  *sim_store_new           (const SimStoreWatch *watch, gpointer user_data);

/* Commits go through two queues: what waits to be written, and what is written and was not told to whoever waits for it. */
guint      sim_store_get_n_waiting (SimStore *self);
guint      sim_store_get_n_written (SimStore *self);
/* Writes the first @n as one transaction, with a sync unless all of it is lazy. Nothing while the disk fails. */
void       sim_store_write         (SimStore *self, guint n);
void       sim_store_tell          (SimStore *self, guint n);
void       sim_store_set_health    (SimStore *self, RbStoreHealth health);

/* The process dies: nothing is written any more, and whoever waits is told so. */
void       sim_store_die           (SimStore *self);
/* So does the machine: of the transactions since the last sync all but the first @n_kept are gone. Returns how many there were. */
guint      sim_store_lose_power    (SimStore *self, guint n_kept);
guint      sim_store_get_n_unsynced (SimStore *self);     /* transactions */
void       sim_store_revive        (SimStore *self);

/* The row that a power loss would leave; NULL: there would be none. @key: as text; sim_store_key() */
GVariant  *sim_store_peek_synced   (SimStore *self, RbTable table, const char *key);
GVariant  *sim_store_peek          (SimStore *self, RbTable table, const char *key);     /* NULL: there is none */
guint      sim_store_count         (SimStore *self, RbTable table);
void       sim_store_foreach       (SimStore *self, RbTable table, RbStoreRowFunc row, gpointer user_data);
guint64    sim_store_get_n_transactions (SimStore *self);

/* Of the leading columns of a row or a tuple of them. */
char      *sim_store_key           (GVariant *row, guint n_columns);

G_END_DECLS
