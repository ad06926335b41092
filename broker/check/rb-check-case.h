/* rb-check-case.h: the rules of each kind, one case a rule
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-check-network.h"

G_BEGIN_DECLS

typedef struct {
  const char *name;      /* "connector/window"; NULL ends the table */
  const char *rule;      /* what the module promises, for people */
  const char *needs;     /* (nullable) words that the network must be able to do, separated by blanks */
  void      (*func) (RbCheckRun *run, RbCheckNetwork *network);
} RbCheckCase;

extern const RbCheckCase rb_check_module_cases[];
extern const RbCheckCase rb_check_connector_cases[];
extern const RbCheckCase rb_check_upstream_cases[];
extern const RbCheckCase rb_check_spawn_driver_cases[];
extern const RbCheckCase rb_check_emitter_cases[];

/* Those of all kinds, then those of @kind; borrowed. */
GPtrArray *rb_check_list_cases (RbModuleKind kind);

G_END_DECLS
