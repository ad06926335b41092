/* sim-directory-private.h: what the directory knows
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sim-directory.h"

G_BEGIN_DECLS

struct _SimDirectory {
  GObject             parent_instance;

  SimOracle          *oracle;
  const SimPlan      *plan;
  SimNetwork         *network;
  SimRandom          *random;
  GPtrArray          *calls;       /* of GTask */
  GHashTable         *given;       /* message id to whom it was given */
  GHashTable         *over;        /* ids of messages that ended */
  GHashTable         *accepted;    /* ids of messages that an adapter accepted */
  GHashTable         *rows;        /* ids of those that the broker said to have in its inbox, or that were given by us */
  GHashTable         *sessions;    /* endpoint id to its session */
  GPtrArray          *orders;      /* of GVariant: control events that were not acknowledged */
  guint               n_endpoints;
  guint               n_assignments;
  guint               n_orders;
  gboolean            is_dead;
};

/* NULL: there is none. */
const char *sim_directory_argument  (GVariant *arguments, const char *name);
void        sim_directory_put       (GVariantDict *dict, const char *name, const char *text);
GVariant   *sim_directory_target_of (SimDirectory *self, const char *endpoint_id);

G_END_DECLS
