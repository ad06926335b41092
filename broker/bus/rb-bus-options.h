/* rb-bus-options.h: the options of a method, a{sv}
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What is not named here is refused, so that nobody asks for less than he thinks. */
typedef struct {
  const char *name;
  const char *type;
  gpointer    place;      /* of that type's C type; texts are borrowed from the values */
} RbBusOption;

/* Where the values live that are read; texts are theirs. */
GPtrArray *rb_bus_options_values_new (void);
/* RB_ERROR_INVALID: another type, or no option of that name. */
gboolean   rb_bus_options_read       (GVariant          *options,
                                      const RbBusOption *known,
                                      guint              n_known,
                                      GPtrArray         *values,
                                      GError           **error);

G_END_DECLS
