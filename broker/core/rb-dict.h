/* rb-dict.h: members of an a{sv}, left out when there is nothing to say
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

void  rb_dict_put_text  (GVariantDict *dict, const char *name, const char *value);      /* NULL: left out */
void  rb_dict_put_time  (GVariantDict *dict, const char *name, gint64 epoch_ms);        /* as iso-ms; 0: left out */
void  rb_dict_put_count (GVariantDict *dict, const char *name, guint64 value);          /* as x */

/* (floating) {"endpoint_id": @endpoint_id}, which is all that some upstream calls need */
GVariant *rb_dict_endpoint (const char *endpoint_id);

G_END_DECLS
