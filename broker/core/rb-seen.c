/* rb-seen.c: what a person has taken off the list of what needs them, though it is as it was
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-seen.h"

#include <string.h>

#define PREFIX "needs_seen:"

struct _RbSeen {
  GHashTable *times;      /* "kind:subject" to gint64 *, epoch-ms */
};

RbSeen *
rb_seen_new (void)
{
  RbSeen *self = g_new0 (RbSeen, 1);

  self->times = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
rb_seen_free (RbSeen *self)
{
  g_hash_table_unref (self->times);
  g_free (self);
}

static void
remember (RbSeen *self,
          char   *key,
          gint64  at)
{
  gint64 *time = g_new (gint64, 1);

  *time = at;
  g_hash_table_replace (self->times, key, time);
}

void
rb_seen_set (RbSeen     *self,
             const char *kind,
             const char *subject,
             gint64      at,
             RbChanges  *changes)
{
  g_autofree char *name = g_strconcat (PREFIX, kind, ":", subject, NULL);
  g_autofree char *value = g_strdup_printf ("%" G_GINT64_FORMAT, at);

  rb_changes_put (changes, RB_TABLE_META, g_variant_new ("(ss)", name, value));
  remember (self, g_strconcat (kind, ":", subject, NULL), at);
}

gint64
rb_seen_get (const RbSeen *self,
             const char   *kind,
             const char   *subject)
{
  g_autofree char *key = g_strconcat (kind, ":", subject, NULL);
  const gint64 *at = g_hash_table_lookup (self->times, key);

  return at != NULL ? *at : 0;
}

void
rb_seen_load (RbSeen     *self,
              const char *name,
              const char *value)
{
  gint64 at;

  if (g_str_has_prefix (name, PREFIX) && g_ascii_string_to_signed (value, 10, 0, G_MAXINT64, &at, NULL))
    remember (self, g_strdup (name + strlen (PREFIX)), at);
}
