/* rb-spawn.h: a runtime is started here, because the network asks or a person does
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-spawn-list.h"

G_BEGIN_DECLS

/* Source: protocol.md 15.8. A spawn is known by its token, which is the key of the request: the started program gets it, and hands it in when
 * it registers.
 *
 * The policy may say that a person has to be asked. Then the request waits, on the disk, until somebody answers; there is no time after which
 * it is forgotten. Meanwhile the upstream is told nothing: "received" says that the program runs (15.8 step 7), and the request may be sent
 * again, which changes nothing. With the answer it is told "received" and then "applied", or "failed". */

guint      rb_spawns_get_n_granted (RbCore *core);         /* of the rate limit */
void       rb_spawn_watch        (RbCore *core);    /* programs that end */
/* Nobody waits for a registration any more; nobody is told. */
void       rb_spawn_stop         (RbCore *core);
/* What runs is known again; what was to register has the time it had left. */
void       rb_spawn_resume       (RbCore *core);

/* The driver that can start the kind now; NULL with the detail of 15.8 as the error's text. */
RbSpawnDriver *rb_spawn_find_driver (RbCore *core, const char *kind, GError **error);

/* Finishes when the program runs, or with @is_asked (out) when a person is asked and that is on the disk; the text of an error is the detail of
 * the acknowledgement. */
void       rb_spawn_async        (RbCore *core, const char *kind, const char *prompt, const char *token, GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean   rb_spawn_finish       (RbCore *core, GAsyncResult *result, gboolean *is_asked, GError **error);

/* That it was received is acknowledged: how it ended may follow. */
void       rb_spawn_acknowledged (RbCore *core, const char *token);
/* An endpoint registered, durably, with a token: 7.2 step 13. */
void       rb_spawn_registered   (RbCore *core, const char *token, const char *endpoint_id);

typedef void (*RbSpawnTokenFunc) (const char *token, gpointer user_data);
void       rb_spawn_foreach_token (RbCore *core, RbSpawnTokenFunc func, gpointer user_data);

/* For those who start and end them. */

/* What is STARTING goes to the disk with @changes (taken), and then a driver starts it: no program runs that no row knows. Finishes when it runs and
 * that is on the disk, or with the error's text as the detail of what is FAILED, likewise. @task: its data is the token; returns TRUE. Taken. */
void       rb_spawn_start        (RbCore *core, RbSpawn *spawn, const char *directory, RbChanges *changes, GTask *task);
/* Room for one more? */
gboolean   rb_spawn_check_room   (RbCore *core, GError **error);
/* Now @spawn is recorded; then, if the network is to hear of it, it does. */
void       rb_spawn_commit       (RbCore *core, RbSpawn *spawn);

G_END_DECLS
