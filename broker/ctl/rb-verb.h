/* rb-verb.h: one verb of brokerctl, the table of all, and how their arguments are read
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-ctl.h"

G_BEGIN_DECLS

/* @args: what is left after the options; NULL-terminated, without the verb. */
typedef RbExitCode (*RbVerbFunc) (RbCtl             *ctl,
                                  const char *const *args);

/* Stands in the verb's own file; help, brokerctl(1) and completion are made of it. */
typedef struct {
  const char         *name;
  const char         *summary;       /* one line, translated when shown */
  const char         *usage;         /* after "brokerctl NAME [OPTION...]"; translated when shown */
  const char         *details;       /* (nullable) paragraphs of the verb's help */
  const GOptionEntry *options;       /* (nullable) its own */
  int                 min_args;
  int                 max_args;      /* -1: any */
  gboolean            starts;        /* starts the daemon when none runs */
  gboolean            own_timeout;   /* --timeout is not how long an answer may take */
  gboolean            hidden;        /* for scripts of ours; in no list */
  const char         *completes;     /* (nullable) of what kind its arguments are, one word each: "message endpoint"; see rb-complete.h */
  RbVerbFunc          run;
} RbVerb;

typedef struct {
  RbExitCode  code;
  const char *meaning;               /* translated when shown */
} RbExitCodeInfo;

/* In the order of the help; ends with NULL. */
const RbVerb *const  *rb_verbs_get                (void);
const RbVerb         *rb_verbs_lookup             (const char *name);
/* The options of every verb. */
const GOptionEntry   *rb_verbs_get_common_options (void);
/* By number; ends with a NULL meaning. */
const RbExitCodeInfo *rb_verbs_get_exit_codes     (void);
/* Its usage, translated. */
const char           *rb_verbs_get_usage          (const RbVerb *verb);
/* The text of `help` and `help VERB`. */
char                 *rb_verbs_help               (const RbVerb *verb);

/* All of brokerctl but the process around it: reads @argv, runs the verb, returns the exit code. Errors are printed. */
RbExitCode            rb_verbs_run                (RbCtl             *ctl,
                                                   const char *const *argv);

extern const RbVerb rb_accept_verb;
extern const RbVerb rb_approve_verb;
extern const RbVerb rb_assignments_verb;
extern const RbVerb rb_attach_verb;
extern const RbVerb rb_claim_verb;
extern const RbVerb rb_complete_verb;
extern const RbVerb rb_config_verb;
extern const RbVerb rb_dead_letters_verb;
extern const RbVerb rb_demo_verb;
extern const RbVerb rb_deny_verb;
extern const RbVerb rb_dismiss_verb;
extern const RbVerb rb_dispatch_verb;
extern const RbVerb rb_doctor_verb;
extern const RbVerb rb_env_verb;
extern const RbVerb rb_explain_verb;
extern const RbVerb rb_export_verb;
extern const RbVerb rb_held_verb;
extern const RbVerb rb_help_verb;
extern const RbVerb rb_inbox_verb;
extern const RbVerb rb_list_verb;
extern const RbVerb rb_login_verb;
extern const RbVerb rb_logout_verb;
extern const RbVerb rb_logs_verb;
extern const RbVerb rb_modules_verb;
extern const RbVerb rb_monitor_verb;
extern const RbVerb rb_needs_verb;
extern const RbVerb rb_open_verb;
extern const RbVerb rb_outbox_verb;
extern const RbVerb rb_policy_verb;
extern const RbVerb rb_refuse_verb;
extern const RbVerb rb_restart_verb;
extern const RbVerb rb_retry_verb;
extern const RbVerb rb_runtimes_verb;
extern const RbVerb rb_search_verb;
extern const RbVerb rb_send_verb;
extern const RbVerb rb_settle_verb;
extern const RbVerb rb_show_verb;
extern const RbVerb rb_spawn_verb;
extern const RbVerb rb_spawns_verb;
extern const RbVerb rb_status_verb;
extern const RbVerb rb_stop_verb;
extern const RbVerb rb_use_verb;
extern const RbVerb rb_version_verb;

G_END_DECLS
