/* fault-cases.h: everything that an upstream may do instead of answering, one by one
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-masons-fixture.h"

G_BEGIN_DECLS

typedef enum {
  FAULT_HANG,                   /* no answer; the daemon waits FAULT_TIMEOUT_MS */
  FAULT_SLOW,                   /* the plain answer, in time */
  FAULT_INTERNAL,               /* 500 */
  FAULT_TOO_MANY,               /* 429, with Retry-After: 1 */
  FAULT_GARBAGE,                /* 200 and no JSON */
  FAULT_HALF_BODY,              /* the work is done, the answer breaks off */
  FAULT_HUGE,                   /* 200 and 10 MB */
  FAULT_RESET,                  /* the connection is reset */
  N_FAULTS,
} FaultCase;

#define FAULT_TIMEOUT_MS 1500

const char *fault_case_to_string (FaultCase   fault);
/* The settings of a daemon that is to meet them. */
void        fault_case_set_up    (RbMasons   *masons);
/* From now on every such request, when its body contains @text (nullable). */
void        fault_case_begin     (RbMasons   *masons,
                                  FaultCase   fault,
                                  const char *request,
                                  const char *text);
void        fault_case_end       (RbMasons   *masons);
/* How many such requests were answered with that status. */
guint       fault_case_count     (RbMasons   *masons,
                                  const char *request,
                                  const char *text,
                                  guint       status);

G_END_DECLS
