/* rb-doctor-clock.c: what is to be thought of clocks that are apart
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-doctor-clock.h"

#include "rb-view.h"

#include <glib/gi18n.h>
#include <time.h>

#define JUMP_MS 5000
#define SKEW_WARN_MS 30000
#define SKEW_FAIL_MS 300000

gint64
rb_doctor_clock_get_offset (void)
{
  struct timespec boot = { 0 };

  clock_gettime (CLOCK_BOOTTIME, &boot);
  return g_get_real_time () / 1000 - ((gint64) boot.tv_sec * 1000 + boot.tv_nsec / 1000000);
}

RbDoctorState
rb_doctor_clock_judge_jump (gint64 start_offset_ms,
                            gint64 now_offset_ms)
{
  return ABS (now_offset_ms - start_offset_ms) < JUMP_MS ? RB_DOCTOR_OK : RB_DOCTOR_WARN;
}

RbDoctorState
rb_doctor_clock_judge_skew (gint64 network_offset_ms,
                            gint64 now_offset_ms)
{
  gint64 apart_ms = ABS (now_offset_ms - network_offset_ms);

  return apart_ms < SKEW_WARN_MS ? RB_DOCTOR_OK : apart_ms < SKEW_FAIL_MS ? RB_DOCTOR_WARN : RB_DOCTOR_FAIL;
}

/* A broker may say anything: what no clock of a machine can be is not said. */
static gboolean
read_offset (const RbJson *status,
             const char   *name,
             gint64       *offset_ms)
{
  g_autofree char *text = rb_view_dup_text (status, name);

  return text != NULL && g_ascii_string_to_signed (text, 10, -G_MAXINT64 / 4, G_MAXINT64 / 4, offset_ms, NULL);
}

static char *
format_seconds (gint64 ms)
{
  return g_strdup_printf (ms < 0 ? "-%lld.%lld" : "%lld.%lld", (long long) (ABS (ms) / 1000), (long long) (ABS (ms) % 1000 / 100));
}

static void
look_at_jump (RbDoctor     *self,
              const RbJson *status,
              gint64        now_ms)
{
  gint64 start_ms;
  g_autofree char *by = NULL;

  if (!read_offset (status, "wall_boot_offset_ms", &start_ms))
    {
      rb_doctor_add (self, "clock-jump", RB_DOCTOR_SKIPPED, NULL, "%s", _ ("this broker does not tell when it started"));
      return;
    }
  by = format_seconds (now_ms - start_ms);
  if (rb_doctor_clock_judge_jump (start_ms, now_ms) == RB_DOCTOR_OK)
    rb_doctor_add (self, "clock-jump", RB_DOCTOR_OK, NULL, "%s", _ ("nobody has set the clock since the broker started"));
  else
    rb_doctor_add (self, "clock-jump", RB_DOCTOR_WARN, _ ("times in stories from before are those of the old clock; deadlines moved with it"),
                   /* TRANSLATORS: how many seconds, such as 3600.0 or -12.5 */
                   _ ("the clock was moved by %s s since the broker started"), by);
}

static void
look_at_skew (RbDoctor     *self,
              const RbJson *status,
              gint64        now_ms)
{
  gint64 network_ms;
  g_autofree char *by = NULL;
  RbDoctorState state;

  if (!read_offset (status, "network_boot_offset_ms", &network_ms))
    {
      rb_doctor_add (self, "clock-network", RB_DOCTOR_SKIPPED, NULL, "%s",
                     _ ("the network has told no time: it is this machine's own, or away since the start"));
      return;
    }
  state = rb_doctor_clock_judge_skew (network_ms, now_ms);
  by = format_seconds (now_ms - network_ms);
  /* TRANSLATORS: how many seconds, such as 0.2 or -400.0 */
  rb_doctor_add (self, "clock-network", state, state != RB_DOCTOR_OK ? _ ("set the clock, or have a time server keep it") : NULL,
                 _ ("the clock is %s s ahead of the network's"), by);
}

void
rb_doctor_look_at_clocks (RbDoctor     *self,
                          const RbJson *status)
{
  gint64 now_ms = rb_doctor_clock_get_offset ();

  look_at_jump (self, status, now_ms);
  look_at_skew (self, status, now_ms);
}
