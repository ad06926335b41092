/* rb-template.h: what a person wrote of a man page: text, places where tables go, notes for their rows
 *
 * A line that begins with "@" is for us: "@note KEY" begins what is said beside the row KEY of some table, up to the next such line; any
 * other names a table that goes there. All else is roff and stays as it is.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _RbTemplate RbTemplate;

typedef void (*RbTemplateTableFunc) (RbTemplate *self,
                                     GString    *out);

typedef struct {
  const char          *name;
  RbTemplateTableFunc  append;
} RbTemplateTable;

RbTemplate *rb_template_load      (const char             *path,
                                   GError                **error);
void        rb_template_free      (RbTemplate             *self);
/* (nullable) The note for a row, which is used then. */
const char *rb_template_take_note (RbTemplate             *self,
                                   const char             *format,
                                   ...) G_GNUC_PRINTF (2, 3);
/* The page. Fails for a table that is unknown, and for a note whose row does not exist: what it said would get lost. */
char       *rb_template_expand    (RbTemplate             *self,
                                   const RbTemplateTable  *tables,
                                   GError                **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbTemplate, rb_template_free)

G_END_DECLS
