/* rb-local-job.h: what the main loop asks of the thread that owns the database
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "rb-local-bell.h"
#include "rb-local-database.h"
#include "rb-local-mailbox.h"

G_BEGIN_DECLS

typedef enum {
  RB_LOCAL_JOB_OPEN,     /* alone */
  RB_LOCAL_JOB_SEND,     /* with others in one transaction */
  RB_LOCAL_JOB_ACCEPT,   /* with others in one transaction */
  RB_LOCAL_JOB_READ,
  RB_LOCAL_JOB_CLOSE,    /* alone, the last one */
} RbLocalJobKind;

/* Belongs to the thread between the push and the answer, to the main loop before and after. */
typedef struct {
  RbLocalJobKind  kind;
  gint64          now_ms;        /* the wall clock when it was asked */
  GError         *error;         /* the answer, when it failed */

  /* open: the answer */
  RbLocalBell    *bell;

  /* send */
  char           *to;            /* handle */
  RbEnvelope     *envelope;      /* with id and sender, as its recipient will see it */
  GCancellable   *cancellable;   /* (nullable) */
  RbSendStatus    status;        /* the answer */

  /* accept */
  GArray         *seqs;          /* gint64 */

  /* read */
  RbLocalPlan     plan;
  GArray         *rows;          /* the answer: RbLocalRow, ascending */
  GArray         *gone;          /* the answer: gint64, those of plan.again that are not there */
  gboolean        more;          /* the answer: as for rb_local_mailbox_end() */
  gsize           blocked_size;
} RbLocalJob;

RbLocalJob *rb_local_job_new  (RbLocalJobKind  kind,
                               gint64          now_ms);
void        rb_local_job_free (RbLocalJob     *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbLocalJob, rb_local_job_free)

G_END_DECLS
