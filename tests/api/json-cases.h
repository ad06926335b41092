/* json-cases.h: texts that are JSON and texts that are not, each with the name of what it is about
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const char *name;
  const char *text;
  gsize length;
} JsonCase;

extern const JsonCase json_accepted[];
extern const gsize json_n_accepted;
extern const JsonCase json_refused[];
extern const gsize json_n_refused;

G_END_DECLS
