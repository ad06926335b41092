/* rb-spawn.h: the upstream has a runtime started here
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"
#include "rb-explain-parts.h"

G_BEGIN_DECLS

/* Source: protocol.md 15.8. A spawn is known by its token, which is the key of the request: the started program gets it, and hands it in when
 * it registers. */

#define RB_SPAWNS_MAX 64    /* that are remembered; of these any number may be live */

RbSpawns  *rb_spawns_new         (void);
guint      rb_spawns_get_n_live  (const RbSpawns *self);   /* start, or are to register */
guint      rb_spawns_get_n_granted (RbCore *core);         /* of the rate limit */
void       rb_spawns_free        (RbSpawns *self);
void       rb_spawn_watch        (RbCore *core);    /* programs that end */
/* Nobody waits for a registration any more; nobody is told. */
void       rb_spawn_stop         (RbCore *core);

/* The driver that can start the kind now; NULL with the detail of 15.8 as the error's text. */
RbSpawnDriver *rb_spawn_find_driver (RbCore *core, const char *kind, GError **error);

/* Finishes when the program runs; the text of an error is the detail of the acknowledgement. */
void       rb_spawn_async        (RbCore *core, const char *kind, const char *prompt, const char *token, GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean   rb_spawn_finish       (RbCore *core, GAsyncResult *result, GError **error);

/* That it was received is acknowledged: how it ended may follow. */
void       rb_spawn_acknowledged (RbCore *core, const char *token);
/* An endpoint registered, durably, with a token: 7.2 step 13. */
void       rb_spawn_registered   (RbCore *core, const char *token, const char *endpoint_id);

typedef void (*RbSpawnTokenFunc) (const char *token, gpointer user_data);
void       rb_spawn_foreach_token (RbCore *core, RbSpawnTokenFunc func, gpointer user_data);
/* How far it is, how the program ended and what it wrote last. Of the last 64 spawns of this process, at most 8 KiB of output each. */
void       rb_spawn_put_story    (RbStory *story, const char *token);

G_END_DECLS
