/* rb-http-settings.h: what the group [http] says, checked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-module.h"

G_BEGIN_DECLS

/* Upstream and emitter share the group, so both understand all of it. */
extern const RbModuleSetting rb_http_setting_table[];

typedef struct {
  char     *base;                  /* <scheme>://<host>[:port][path]/v1 */
  char     *token;                 /* the runtime token; never logged */
  char     *ca_file;               /* NULL: the system's certificates */
  char     *proxy;                 /* "auto", "none" or a URI */
  guint     connections;           /* requests in flight at once; the event stream has one more */
  gint64    request_timeout_ms;
  gint64    list_timeout_ms;       /* of claim candidates and conversation history */
  gint64    whoami_backoff_ms;
  gint64    whoami_backoff_max_ms;
  gint64    event_silence_ms;      /* 0: no limit */
  gint64    event_backoff_ms;
  gint64    event_backoff_max_ms;
  guint     ack_attempts;
  gint64    ack_backoff_ms;
  gboolean  closed_lookup;
} RbHttpSettings;

RbHttpSettings *rb_http_settings_new  (RbModuleContext  *context,
                                       GError          **error);
void            rb_http_settings_free (RbHttpSettings   *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbHttpSettings, rb_http_settings_free)

/* Source: protocol.md 14.1. Fails with RB_ERROR_INVALID "invalid_setting". */
char           *rb_http_base_from_host (const char *api_host, GError **error);

G_END_DECLS
