/* rb-log-levels.c: which log lines are wanted, by topic
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-log-levels.h"

#include "rb-error.h"

struct _RbLogLevels {
  GLogLevelFlags  least;
  GHashTable     *topics;   /* char * to GINT_TO_POINTER (GLogLevelFlags) */
};

static const struct {
  const char     *name;
  GLogLevelFlags  level;
} names[] = {
  { "error",   G_LOG_LEVEL_CRITICAL },
  { "warning", G_LOG_LEVEL_WARNING },
  { "message", G_LOG_LEVEL_MESSAGE },
  { "info",    G_LOG_LEVEL_INFO },
  { "debug",   G_LOG_LEVEL_DEBUG },
};

static gboolean
level_from_string (const char      *name,
                   GLogLevelFlags  *level)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (names[i].name, name))
      {
        *level = names[i].level;
        return TRUE;
      }
  return FALSE;
}

static gboolean
add_topic (RbLogLevels  *self,
           const char   *item,
           GError      **error)
{
  g_auto(GStrv) parts = g_strsplit (item, ":", 2);
  GLogLevelFlags level;

  if (g_strv_length (parts) == 2 && *g_strstrip (parts[0]) != '\0' &&
      level_from_string (g_strstrip (parts[1]), &level))
    {
      g_hash_table_replace (self->topics, g_strdup (parts[0]), GINT_TO_POINTER ((int) level));
      return TRUE;
    }

  rb_set_error (error, RB_ERROR_INVALID, "bad_setting",
                "must hold items TOPIC:LEVEL with a level of 'debug', 'info', 'message', 'warning', 'error', not '%s'", item);
  return FALSE;
}

RbLogLevels *
rb_log_levels_new (const char  *level,
                   const char  *topics,
                   GError     **error)
{
  g_autoptr(RbLogLevels) self = g_new0 (RbLogLevels, 1);
  g_auto(GStrv) items = g_strsplit (topics != NULL ? topics : "", ";", -1);

  self->topics = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (!level_from_string (level, &self->least))
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_setting",
                    "must be one of 'debug', 'info', 'message', 'warning', 'error', not '%s'", level);
      return NULL;
    }

  for (guint i = 0; items[i] != NULL; i++)
    if (*g_strstrip (items[i]) != '\0' && !add_topic (self, items[i], error))
      return NULL;
  return g_steal_pointer (&self);
}

void
rb_log_levels_free (RbLogLevels *self)
{
  g_hash_table_unref (self->topics);
  g_free (self);
}

/**
 * rb_log_levels_wants:
 * @self: the levels
 * @topic: (nullable): a log domain
 * @level: the level of a line
 *
 * Errors are wanted always. GLib counts levels downwards: the more urgent, the smaller the number.
 *
 * Returns: %TRUE if a line of @level on @topic is to be logged
 */
gboolean
rb_log_levels_wants (const RbLogLevels *self,
                     const char        *topic,
                     GLogLevelFlags     level)
{
  int least = (int) self->least;
  gpointer own;

  if (topic != NULL && g_hash_table_lookup_extended (self->topics, topic, NULL, &own))
    least = GPOINTER_TO_INT (own);
  return (int) (level & G_LOG_LEVEL_MASK) <= least;
}

const char *
rb_log_level_to_string (GLogLevelFlags level)
{
  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    return "error";
  if (level & G_LOG_LEVEL_WARNING)
    return "warn";
  return level & G_LOG_LEVEL_DEBUG ? "debug" : "info";
}
