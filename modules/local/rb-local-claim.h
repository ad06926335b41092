/* rb-local-claim.h: taking a handle of the network, as its newest broker
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-local-settings.h"
#include "rb-sql.h"

G_BEGIN_DECLS

/* Our place in the network; all zero before the first claim. */
typedef struct {
  char   network[33];   /* identity of the database, so that another one in its place is noticed */
  gint64 mailbox;       /* key of our mailbox */
  gint64 generation;    /* which of the brokers that ever had the handle we are, from 1 */
} RbLocalClaim;

gboolean rb_local_claim_take (RbLocalClaim           *self,
                              RbSql                  *sql,
                              const RbLocalSettings  *settings,
                              gint64                  now_ms,
                              GError                **error);

G_END_DECLS
