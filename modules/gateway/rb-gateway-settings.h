/* rb-gateway-settings.h: what the group [gateway] says, checked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-module.h"

G_BEGIN_DECLS

extern const RbModuleSetting rb_gateway_setting_table[];

typedef struct {
  char   *url;                  /* ws:// or wss:// */
  char   *host;                 /* of @url, with its port, for people to read: no path, no query, no user */
  char   *token;                /* of the account; never logged */
  char   *client_version;
  char   *session_id;           /* NULL: the default stream */
  char   *cursor_file;          /* of that stream */
  char   *ca_file;              /* NULL: the authorities that the system trusts */
  char   *proxy;                /* a URL; NULL: see @use_system_proxy */
  gboolean use_system_proxy;

  gint64  handshake_timeout_ms;
  gint64  register_timeout_ms;
  gint64  send_ack_timeout_ms;
  gint64  backoff_initial_ms;
  gint64  backoff_max_ms;
  gint64  already_connected_delay_ms;
  gint64  already_connected_limit;
  gint64  duplicate_memory;     /* ids of messages that came without a sequence */
  gint64  keepalive_ms;         /* between two pings; 0: none */
} RbGatewaySettings;

RbGatewaySettings *rb_gateway_settings_new  (RbModuleContext    *context,
                                             GError            **error);
void               rb_gateway_settings_free (RbGatewaySettings  *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbGatewaySettings, rb_gateway_settings_free)

G_END_DECLS
