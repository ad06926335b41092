/* rb-check-subject.h: an instance of the module that is checked, and the answers to its calls
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-check-run.h"

G_BEGIN_DECLS

/* One call into the module. Lives as long as the case. */
typedef struct _RbCheckAnswer RbCheckAnswer;
/* Takes the outcome out of @result, in the module's callback. */
typedef gboolean (*RbCheckFinishFunc) (RbCheckAnswer *self, GObject *source, GAsyncResult *result);

struct _RbCheckAnswer {
  RbCheckRun        *run;
  const char        *call;         /* for people: "send" */
  RbCheckFinishFunc  finish;
  guint              n_answers;
  gboolean           ok;           /* these are of the first answer */
  GError            *error;
  GThread           *thread;
  gint64             inside_us;    /* how long the call itself took, without its answer */
  char              *message_id;   /* of a send */
  int                status;
  GVariant          *value;        /* of an upstream's call */
  GPid               pid;          /* of a spawn */
};

RbCheckAnswer *rb_check_answer_new      (RbCheckRun        *run,
                                         const char        *call,
                                         RbCheckFinishFunc  finish);
/* The callback for it; its user data is the answer. */
void           rb_check_answer_callback (GObject           *source,
                                         GAsyncResult      *result,
                                         gpointer           user_data);
/* Waits until the module answered. */
void           rb_check_answer_wait     (RbCheckAnswer     *self);
/* Waits, and insists on success. */
void           rb_check_answer_succeed  (RbCheckAnswer     *self);
/* Of one that was answered: exactly once, an error if and only if it failed, in our domain, of a known code. */
void           rb_check_answer_contract (RbCheckAnswer     *self);
/* Waits for a call at a time when the module does not run: it fails, and says so. @when: "before the start" */
void           rb_check_answer_unavailable (RbCheckAnswer  *self,
                                            const char     *when);

typedef struct {
  RbCheckRun      *run;
  RbModule        *module;
  RbModuleContext *context;
  guint64          finalized;      /* not 0: the module is gone */
} RbCheckSubject;

/* What the module is told to use; the case fails when a setting is not known or not well formed. @extra: (nullable) */
GHashTable     *rb_check_settings      (RbCheckRun     *run,
                                        GHashTable     *extra);
/* Adds KEY=VALUE; FALSE: it has no '='. */
gboolean        rb_check_settings_add  (RbCheckRun     *run,
                                        GHashTable     *values,
                                        const char     *assignment);

/* An instance with its context. Two of one name have one state directory; all have one data directory. */
RbCheckSubject *rb_check_subject_new   (RbCheckRun     *run,
                                        const char     *name,
                                        GHashTable     *settings);
/* Insists that it takes its settings. */
void            rb_check_subject_configure (RbCheckSubject *self);
RbCheckAnswer  *rb_check_subject_start_async (RbCheckSubject *self,
                                              GCancellable   *cancellable);
RbCheckAnswer  *rb_check_subject_stop_async  (RbCheckSubject *self);
void            rb_check_subject_start (RbCheckSubject *self);
void            rb_check_subject_stop  (RbCheckSubject *self);
/* Lets go of it; FALSE: somebody still holds it after a while. */
gboolean        rb_check_subject_drop  (RbCheckSubject *self);

G_END_DECLS
