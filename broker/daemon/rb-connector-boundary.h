/* rb-connector-boundary.h: which URLs cannot be a Connector's
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Pure. Source: protocol.md 3.3. All texts are valid UTF-8. */

/* The host name of an API host or origin, lower case, without port; the text itself where it is no URL. */
char     *rb_connector_boundary_dup_host (const char *api_host);
/* Refuses, for the API hosts that we know, a @connector_url that is no URL or names an identity authority. @source: who says so, for
 * people. Fails with RB_ERROR_INVALID "bad_credentials". */
gboolean  rb_connector_boundary_check    (const char *source, const char *account_id, const char *api_host, const char *connector_url,
                                          GError **error);

G_END_DECLS
