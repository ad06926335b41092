/* rb-disk-watch.c: whether the disk gets full, looked at when something was written
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-disk-watch.h"

#include <sys/statvfs.h>

#define LOOK_MS 60000

struct _RbDiskWatch {
  RbClock           *clock;      /* borrowed */
  char              *directory;
  gint64             low_bytes;
  RbDiskMeasureFunc  measure;
  RbDiskToldFunc     told;
  gpointer           user_data;
  gboolean           is_low;
  gboolean           is_touched;   /* since it was looked at */
  guint64            timer;        /* until it may be looked at again; 0: any time */
};

static void look (RbDiskWatch *self);

static gint64
measure_system (const char *directory,
                gpointer    user_data)
{
  struct statvfs found;

  if (statvfs (directory, &found) != 0)
    return -1;
  return (gint64) MIN ((guint64) found.f_bavail * found.f_frsize, (guint64) G_MAXINT64);
}

gboolean
rb_disk_watch_is_low (gint64   free_bytes,
                      gint64   low_bytes,
                      gboolean was_low)
{
  if (free_bytes < 0)
    return was_low;
  return free_bytes < (was_low ? low_bytes + low_bytes / 4 : low_bytes);
}

static void
on_due (gpointer user_data)
{
  RbDiskWatch *self = user_data;

  self->timer = 0;
  if (self->is_low || self->is_touched)
    look (self);
}

static void
look (RbDiskWatch *self)
{
  gint64 free_bytes = self->measure (self->directory, self->user_data);
  gboolean is_low = rb_disk_watch_is_low (free_bytes, self->low_bytes, self->is_low);
  gboolean is_news = is_low != self->is_low || (is_low && free_bytes >= 0);

  self->is_low = is_low;
  self->is_touched = FALSE;
  self->timer = rb_clock_add (self->clock, LOOK_MS, on_due, self);
  if (is_news)
    self->told (is_low, free_bytes, self->user_data);
}

RbDiskWatch *
rb_disk_watch_new (RbClock           *clock,
                   const char        *directory,
                   gint64             low_bytes,
                   RbDiskMeasureFunc  measure,
                   RbDiskToldFunc     told,
                   gpointer           user_data)
{
  RbDiskWatch *self = g_new0 (RbDiskWatch, 1);

  self->clock = clock;
  self->directory = g_strdup (directory);
  self->low_bytes = low_bytes;
  self->measure = measure != NULL ? measure : measure_system;
  self->told = told;
  self->user_data = user_data;
  if (low_bytes > 0)
    look (self);
  return self;
}

void
rb_disk_watch_free (RbDiskWatch *self)
{
  rb_clock_clear (self->clock, &self->timer);
  g_free (self->directory);
  g_free (self);
}

void
rb_disk_watch_touch (RbDiskWatch *self)
{
  self->is_touched = TRUE;
  if (self->timer == 0 && self->low_bytes > 0)
    look (self);
}
