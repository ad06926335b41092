/* rb-spawn-list.h: the runtimes that were asked for: who waits for a person, who starts, who runs, and how the last ones ended
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-private.h"

G_BEGIN_DECLS

#define RB_SPAWNS_MAX 64           /* over ones that are remembered; and ones that start or are to register */
#define RB_SPAWNS_ASKED_MAX 32     /* wait for a person */
#define RB_RUNTIMES_MAX 128        /* run */
#define RB_SPAWN_PROMPT_MAX 131072 /* bytes of what may wait for a person */

/* Asked -> (a person allows it ->) the program is started -> it runs -> an endpoint registers with the token. */
typedef enum {
  RB_SPAWN_ASKED,        /* a person has to say */
  RB_SPAWN_STARTING,
  RB_SPAWN_WAITING,      /* the program runs; its endpoint is expected */
  RB_SPAWN_REGISTERED,
  RB_SPAWN_FAILED,
  RB_SPAWN_DENIED,       /* by a rule or a person */
  RB_SPAWN_GIVEN_UP,     /* we stop: nobody is told; the next process goes on waiting */
} RbSpawnState;

/* One row of RB_TABLE_SPAWNS, from when it has to outlive the process. Not in the row: what is behind the blank line. */
typedef struct {
  char         *token;           /* its id */
  char         *kind;
  gboolean      is_remote;       /* the network asks, and is told; else a person has */
  RbSpawnState  state;
  char         *prompt;          /* NULL: nobody waits with it any more */
  gint64        asked_at, since; /* epoch-ms */
  gint64        deadline;        /* of the registration, epoch-ms; 0: none */
  gint64        started_at;      /* 0: it never ran */
  gint64        ended_at;        /* 0: it runs, or never did */
  RbRuntime    *runtime;         /* NULL: it never ran */
  gint64        pid_start;       /* with the pid it is that process, and no other */
  char         *endpoint_id;
  char         *detail;          /* why it failed */
  char         *rule;            /* what decided, in words */

  gboolean      is_acknowledged; /* "received" was posted */
  gboolean      is_answered;     /* a person has, so the network is told apart from its request */
  gboolean      is_owed;         /* "applied" or "failed" is to follow it */
  gboolean      has_exited;
  int           wait_status;
  char         *output;
  gboolean      is_ending;       /* somebody wants it to end */
  gboolean      was_forced;
  GPtrArray    *enders;          /* of GTask: who waits for that; NULL: nobody */
  guint64       end_timer;
  guint64       timer;           /* both are cleared before it goes */
  RbCore       *core;            /* for the timers; borrowed */
} RbSpawn;

const char *rb_spawn_state_to_string (RbSpawnState state);
/* Its program runs. */
gboolean    rb_spawn_is_running      (const RbSpawn *spawn);
/* It starts, or is to register. */
gboolean    rb_spawn_is_live         (const RbSpawn *spawn);
void        rb_spawn_set_state       (RbSpawn *spawn, RbSpawnState state);
void        rb_spawn_record          (const RbSpawn *spawn, RbChanges *changes);
/* "exit status 1" */
char       *rb_spawn_describe_end    (int wait_status);

RbSpawns   *rb_spawns_new            (void);
void        rb_spawns_free           (RbSpawns *self);
guint       rb_spawns_get_n_live     (const RbSpawns *self);
guint       rb_spawns_get_n_asked    (const RbSpawns *self);
guint       rb_spawns_get_n_running  (const RbSpawns *self);
RbSpawn    *rb_spawns_lookup         (RbCore *core, const char *token);
GList      *rb_spawns_get_all        (const RbSpawns *self);     /* of RbSpawn, oldest first; owned by @self */
/* Takes the place of one of that token, and where too many are over, of the oldest. @changes: what that costs. */
RbSpawn    *rb_spawns_add            (RbCore *core, const char *token, const char *kind, gboolean is_remote, RbChanges *changes);
void        rb_spawns_load           (RbCore *core, GVariant *row);

G_END_DECLS
