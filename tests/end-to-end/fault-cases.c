/* fault-cases.c: everything that an upstream may do instead of answering, one by one
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "fault-cases.h"

static const struct {
  const char *name;
  RbSimFault  fault;
} cases[] = {
  [FAULT_HANG]      = { "hang",        { .kind = RB_SIM_FAULT_HANG } },
  [FAULT_SLOW]      = { "slow",        { .kind = RB_SIM_FAULT_DELAY, .delay_ms = FAULT_TIMEOUT_MS / 4 } },
  [FAULT_INTERNAL]  = { "500",         { .kind = RB_SIM_FAULT_STATUS, .status = 500,
                                         .body = "{\"error\":\"broken\",\"message\":\"out of order\"}" } },
  [FAULT_TOO_MANY]  = { "429",         { .kind = RB_SIM_FAULT_STATUS, .status = 429, .header = "Retry-After: 1",
                                         .body = "{\"error\":\"too_many\",\"message\":\"slow down\"}" } },
  [FAULT_GARBAGE]   = { "garbage",     { .kind = RB_SIM_FAULT_GARBAGE } },
  [FAULT_HALF_BODY] = { "half-a-body", { .kind = RB_SIM_FAULT_HALF_BODY } },
  [FAULT_HUGE]      = { "huge",        { .kind = RB_SIM_FAULT_HUGE } },
  [FAULT_RESET]     = { "reset",       { .kind = RB_SIM_FAULT_RESET } },
};
G_STATIC_ASSERT (G_N_ELEMENTS (cases) == N_FAULTS);

const char *
fault_case_to_string (FaultCase fault)
{
  return cases[fault].name;
}

void
fault_case_set_up (RbMasons *masons)
{
  g_autofree char *timeout = g_strdup_printf ("http.request-timeout-ms=%d", FAULT_TIMEOUT_MS);
  g_autofree char *list_timeout = g_strdup_printf ("http.list-timeout-ms=%d", FAULT_TIMEOUT_MS);

  rb_masons_set (masons, timeout);
  rb_masons_set (masons, list_timeout);
}

void
fault_case_begin (RbMasons   *masons,
                  FaultCase   fault,
                  const char *request,
                  const char *text)
{
  RbSimFault played = cases[fault].fault;

  played.request = request;
  played.text = text;
  rb_sim_add_fault (masons->sim, &played);
}

void
fault_case_end (RbMasons *masons)
{
  rb_sim_faults_clear (rb_sim_get_faults (masons->sim));
}

guint
fault_case_count (RbMasons   *masons,
                  const char *request,
                  const char *text,
                  guint       status)
{
  g_autoptr(GPtrArray) entries = rb_sim_record_list (rb_sim_get_record (masons->sim), RB_SIM_REQUEST, request, text);
  guint n = 0;

  for (guint i = 0; i < entries->len; i++)
    n += ((RbSimEntry *) g_ptr_array_index (entries, i))->status == status;
  return n;
}
