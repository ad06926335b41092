/* rb-credentials.h: who we are on profile masons, and where its servers are
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define RB_CREDENTIALS_API_HOST "preview-api.masons.ai"   /* when no source gives one */

/* All members are set. Source: protocol.md 3.2. */
typedef struct {
  char *connector_url;
  char *token;             /* the runtime token: never shown, never logged */
  char *api_host;          /* a host, or an origin such as http://127.0.0.1:8080 */
  char *origin;            /* of the first two, for people: FILE and account */
  char *api_host_origin;
} RbCredentials;

void           rb_credentials_free           (RbCredentials *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbCredentials, rb_credentials_free)

/* Where to look, and what weighs more than any file. */
typedef struct {
  const char *account_id;
  const char *credentials_file;   /* NULL: OpenClaw's file */
  const char *openclaw_file;
  const char *api_host;           /* NULL: the file's, else the usual one */
  const char *api_host_origin;    /* of that; NULL with it */
  const char *named_by;           /* for people, what says so or has the text; NULL: the peer's variable */
} RbCredentialsQuery;

/* Reads one of the two files. Fails with RB_ERROR_INVALID "bad_credentials" and the texts of protocol.md 3.2 and 3.3. */
RbCredentials *rb_credentials_read           (const RbCredentialsQuery *query, GError **error);

/* The same of texts. Pure. @text: the file's, or with @named_by and no @credentials_file one that lies elsewhere; (nullable) of OpenClaw's,
 * where a missing or malformed file counts as an empty object */
RbCredentials *rb_credentials_parse          (const RbCredentialsQuery *query, GBytes *text, GError **error);
RbCredentials *rb_credentials_parse_openclaw (const RbCredentialsQuery *query, GBytes *text, GError **error);
/* What is to be kept of @text, which passed rb_credentials_parse(): a text of the same form with nobody's account but ours. */
GBytes        *rb_credentials_take_account   (const RbCredentialsQuery *query, GBytes *text, GError **error);

G_END_DECLS
