/* rb-gateway-trouble.h: why there is no link, in words that people understand
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Pure. What an attempt to connect knows when it fails. */
typedef struct {
  const char           *host;          /* with the port, as the settings give it */
  const char           *proxy;         /* host of the proxy from the settings; NULL: none, or the system's */
  const char           *expired_on;    /* when the certificate ended or begins; NULL: unknown */
  GTlsCertificateFlags  certificate;   /* what is wrong with it; 0: nothing */
  guint                 http_status;   /* the answer to the upgrade; 0: none */
  gboolean              is_timeout;    /* our own limit for the whole */
} RbGatewayTrouble;

char *rb_gateway_trouble_describe        (const RbGatewayTrouble *self,
                                          const GError           *error);
/* "The gateway closed the connection: 4001, 'reason'"; @code 0: it broke off. @reason may be the peer's. */
char *rb_gateway_trouble_describe_close  (guint                   code,
                                          const char             *reason);

G_END_DECLS
