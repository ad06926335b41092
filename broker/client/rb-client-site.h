/* rb-client-site.h: where one broker listens and how to prove that one may talk to it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-client-options.h"

G_BEGIN_DECLS

#define RB_TYPE_CLIENT_SITE (rb_client_site_get_type ())

typedef struct {
  char   *socket;         /* (nullable) Unix socket; preferred, since the kernel names the caller there */
  char   *url;            /* http://127.0.0.1:<port>; names the host on the Unix socket too */
  char   *bearer_token;   /* (nullable) only a socket given by hand comes without */
  gint64  pid;            /* 0: unknown */
} RbClientSite;

GType         rb_client_site_get_type  (void);
RbClientSite *rb_client_site_copy      (const RbClientSite *self);
void          rb_client_site_free      (RbClientSite       *self);
gboolean      rb_client_site_equal     (const RbClientSite *a,
                                        const RbClientSite *b);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbClientSite, rb_client_site_free)

/* Reads files, talks to nobody: the broker found may be dead. With a runtime token the one discovery file of
 * protocol.md 3.5; without, the newest valid one of the account whose process lives. Fails with RB_ERROR_NOT_FOUND,
 * "broker_not_running". */
RbClientSite *rb_client_site_find      (const RbClientOptions *options,
                                        GError               **error);

G_END_DECLS
