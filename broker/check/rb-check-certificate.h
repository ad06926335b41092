/* rb-check-certificate.h: the result of a run, for machines
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-check-runner.h"

G_BEGIN_DECLS

typedef enum { RB_CHECK_N_PASSED, RB_CHECK_N_FAILED, RB_CHECK_N_SKIPPED, RB_CHECK_N_EXPECTED, RB_CHECK_N_UNEXPECTED, RB_CHECK_N_COUNTS } RbCheckCount;

/* "passed", "failed", "skipped", "expected-failure", "unexpected-pass" */
const char *rb_check_outcome_to_string (const RbCheckOutcome *self);
RbCheckCount rb_check_outcome_to_count (const RbCheckOutcome *self);
/* JSON text; README.md has its members. @outcomes: of RbCheckOutcome. */
char       *rb_check_certificate_make  (const RbCheckOptions *options,
                                        const RbModuleInfo   *info,
                                        GPtrArray            *outcomes,
                                        gboolean              is_whole,
                                        GError              **error);

G_END_DECLS
