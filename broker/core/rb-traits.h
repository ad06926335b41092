/* rb-traits.h: what an adapter said about its endpoint when it registered
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-target.h"
#include "rb-workspace.h"

G_BEGIN_DECLS

/* Source: protocol.md 7.1. Strings are NULL when absent. */
typedef struct {
  char        *kind;
  char        *client_kind;
  char        *client_version;
  char        *started_at;
  RbWorkspace *workspace;
  char        *tracking_ref;
  char        *session_name;
  char        *task_hint;
  char        *runtime_session_id;     /* trimmed and valid */
  GStrv        capabilities;           /* effective, protocol.md 7.3; NULL when empty */
  char        *execution_surface;
  char        *background_exchange_mode;
  char        *label;
  char        *session_naming;         /* what the upstream said of the name: text of an a{sv} */
  gint64       heartbeat_ms;           /* 0: none */
  gboolean     legacy;                 /* protocol.md 20.1 */
} RbTraits;

void        rb_traits_free               (RbTraits *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbTraits, rb_traits_free)

char       *rb_traits_to_json            (const RbTraits *self);
RbTraits   *rb_traits_from_json          (const char *text, GError **error);

/* Whether the upstream would be told the same of both. The task hint is not part of it: it changes by itself. */
gboolean    rb_traits_equal              (const RbTraits *a, const RbTraits *b);

gboolean    rb_traits_has_capability     (const RbTraits *self, const char *capability);
/* Its runtime work target (protocol.md 11.2); NULL without background_exchange_v1, a known mode, or the session id that it needs. */
RbTarget   *rb_traits_dup_target         (const RbTraits *self, const char *endpoint_id);
/* Takes assignments and no direct pushes except continuations (7.3). */
gboolean    rb_traits_is_background      (const RbTraits *self);
/* May take a continuation in its visible session (9.3 G2). */
gboolean    rb_traits_takes_foreground   (const RbTraits *self);

/* The adapter's list without remote_spawn_v1 and duplicates, plus remote_spawn_v1 when a driver can; NULL when empty (7.3). */
GStrv       rb_traits_effective_capabilities (const char *const *claimed, gboolean can_spawn);

G_END_DECLS
