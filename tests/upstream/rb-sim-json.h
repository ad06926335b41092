/* rb-sim-json.h: the little that is needed of JSON, on json-glib
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* NULL when it is no object. */
JsonObject *rb_sim_json_parse      (const char *text);
JsonNode   *rb_sim_json_parse_node (const char *text);
char       *rb_sim_json_to_text    (JsonObject *object);
JsonObject *rb_sim_json_copy       (JsonObject *object);
/* Pairs of name and string, ended by NULL. */
JsonObject *rb_sim_json_new        (const char *name,
                                    ...) G_GNUC_NULL_TERMINATED;
/* NULL when it is absent or of another type. Borrowed. */
const char *rb_sim_json_string     (JsonObject *object,
                                    const char *name);
JsonObject *rb_sim_json_object     (JsonObject *object,
                                    const char *name);
gboolean    rb_sim_json_is_int     (JsonObject *object,
                                    const char *name);
gint64      rb_sim_json_int        (JsonObject *object,
                                    const char *name,
                                    gint64      fallback);
gboolean    rb_sim_json_flag       (JsonObject *object,
                                    const char *name);
/* @json is JSON text; "" removes the member. */
void        rb_sim_json_set        (JsonObject *object,
                                    const char *name,
                                    const char *json);
gboolean    rb_sim_json_equal      (JsonObject *one,
                                    JsonObject *other);
/* For messages: "none" instead of NULL. */
const char *rb_sim_or_none         (const char *text);
/* UTC milliseconds. */
gint64      rb_sim_now_ms          (void);

G_END_DECLS
