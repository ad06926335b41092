/* rb-control-handlers.h: what is done for each type of control event
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-control.h"

G_BEGIN_DECLS

typedef struct {
  const char *type;
  const char *success;                                     /* status of the acknowledgement */
  GStrv     (*dup_lines) (GVariant *event);                /* names of what it concerns; events with one in common keep their order */
  void      (*handle)    (RbCore *core, RbControlRun *run, GVariant *event);
  void      (*acknowledged) (RbCore *core, const char *key);   /* (nullable) the success was posted */
} RbControlHandler;

/* NULL: none. Source: protocol.md 15.7. */
const RbControlHandler *rb_control_handler_lookup (const char *type);

G_END_DECLS
