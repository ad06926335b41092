/* rb-verb.h: the verbs of brokerctl and how their arguments are read
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ctl.h"

G_BEGIN_DECLS

/* @args: what is left after the options; NULL-terminated, without the verb. */
typedef RbExitCode (*RbVerbFunc) (RbCtl             *ctl,
                                  const char *const *args);

typedef struct {
  const char         *name;
  const char         *summary;       /* one line, translated when shown */
  const char         *usage;         /* after "brokerctl NAME [OPTION...]" */
  const char         *details;       /* (nullable) paragraphs of the verb's help */
  const GOptionEntry *options;       /* (nullable) its own */
  int                 min_args;
  int                 max_args;      /* -1: any */
  gboolean            starts;        /* starts the daemon when none runs */
  RbVerbFunc          run;
} RbVerb;

/* In the order of the help; ends with a NULL name. */
const RbVerb *rb_verbs_get    (void);
const RbVerb *rb_verbs_lookup (const char *name);
/* The text of `help` and `help VERB`. */
char         *rb_verbs_help   (const RbVerb *verb);

/* All of brokerctl but the process around it: reads @argv, runs the verb, returns the exit code. Errors are printed. */
RbExitCode    rb_verbs_run    (RbCtl             *ctl,
                               const char *const *argv);

/* One in each file of verbs. */
RbExitCode rb_verb_assignments (RbCtl *ctl, const char *const *args);
RbExitCode rb_verb_attach      (RbCtl *ctl, const char *const *args);
RbExitCode rb_verb_config      (RbCtl *ctl, const char *const *args);
RbExitCode rb_verb_dead_letters (RbCtl *ctl, const char *const *args);
RbExitCode rb_verb_demo        (RbCtl *ctl, const char *const *args);
RbExitCode rb_verb_dispatch    (RbCtl *ctl, const char *const *args);
RbExitCode rb_verb_env         (RbCtl *ctl, const char *const *args);
RbExitCode rb_verb_explain     (RbCtl *ctl, const char *const *args);
RbExitCode rb_verb_export      (RbCtl *ctl, const char *const *args);
RbExitCode rb_verb_inbox       (RbCtl *ctl, const char *const *args);
RbExitCode rb_verb_list        (RbCtl *ctl, const char *const *args);
RbExitCode rb_verb_modules     (RbCtl *ctl, const char *const *args);
RbExitCode rb_verb_outbox      (RbCtl *ctl, const char *const *args);
RbExitCode rb_verb_restart     (RbCtl *ctl, const char *const *args);
RbExitCode rb_verb_retry       (RbCtl *ctl, const char *const *args);
RbExitCode rb_verb_search      (RbCtl *ctl, const char *const *args);
RbExitCode rb_verb_send        (RbCtl *ctl, const char *const *args);
RbExitCode rb_verb_status      (RbCtl *ctl, const char *const *args);
extern const GOptionEntry rb_verb_attach_options[];
extern const GOptionEntry rb_verb_explain_options[];
extern const GOptionEntry rb_verb_export_options[];
extern const GOptionEntry rb_verb_retry_options[];
extern const GOptionEntry rb_verb_search_options[];
extern const GOptionEntry rb_verb_send_options[];
extern const GOptionEntry rb_verb_status_options[];
extern const GOptionEntry rb_verb_demo_options[];

G_END_DECLS
