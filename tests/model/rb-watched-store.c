/* rb-watched-store.c: a store in memory of which each commit is checked against the table of transitions
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-watched-store.h"

#include "rb-transitions.h"

static void
on_problem (const char *text,
            gpointer    user_data)
{
  g_assertion_message (G_LOG_DOMAIN, __FILE__, __LINE__, G_STRFUNC, text);
}

static void
begin (gpointer user_data)
{
  rb_transitions_watch_begin (user_data);
}

static void
change (gpointer  user_data,
        RbTable   table,
        GVariant *key,
        GVariant *old_row,
        GVariant *new_row)
{
  rb_transitions_watch_change (user_data, table, key, old_row, new_row);
}

static void
end (gpointer user_data)
{
  rb_transitions_watch_end (user_data);
}

static void
save_and_free (gpointer user_data)
{
  const char *path = g_getenv ("RB_TRANSITIONS");

  if (path != NULL)
    g_assert_true (rb_transitions_watch_save (user_data, path));
  rb_transitions_watch_free (user_data);
}

RbFakeStore *
rb_watched_store_new (void)
{
  static const RbFakeStoreWatcher watcher = { begin, change, end, save_and_free };
  RbFakeStore *store = rb_fake_store_new ();

  rb_fake_store_watch (store, &watcher, rb_transitions_watch_new (on_problem, NULL));
  return store;
}
