/* rb-secrets-fixture.h: a bus of its own with a keyring on it that behaves as it is told
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _RbSecretsFixture RbSecretsFixture;

/* NULL, with the test skipped, where there is no dbus-daemon or no libsecret. DBUS_SESSION_BUS_ADDRESS says where the bus is until the end.
 * Without @serves nobody is on the bus. */
RbSecretsFixture *rb_secrets_fixture_new         (gboolean serves);
void              rb_secrets_fixture_free        (RbSecretsFixture *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbSecretsFixture, rb_secrets_fixture_free)

/* Waits until somebody else serves. */
void              rb_secrets_fixture_wait_served (RbSecretsFixture *self);
/* See mock-secrets.c. */
void              rb_secrets_fixture_set_mode    (RbSecretsFixture *self, const char *mode);
guint             rb_secrets_fixture_count_items (RbSecretsFixture *self);

G_END_DECLS
