/* rb-sim-certificate.h: the certificate that nobody trusts
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Self-signed, for localhost and 127.0.0.1. */
GTlsCertificate *rb_sim_certificate_new (GError **error);

G_END_DECLS
