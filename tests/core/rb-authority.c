/* rb-authority.c: an authority that takes events, refuses them, and was told so much
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-authority.h"

#include "rb-error.h"

void
rb_authority_fail (RbCoreFixture *fixture,
                   int            code,
                   gint64         status)
{
  g_clear_error (&fixture->authority->failure);
  if (code < 0)
    return;

  fixture->authority->failure = rb_error_new (code, NULL, "no such thing");
  rb_error_add_detail (fixture->authority->failure, "status", g_variant_new_int64 (status));
}

guint
rb_authority_count (RbCoreFixture *fixture,
                    const char    *text)
{
  return rb_fake_emitter_count (fixture->authority, text);
}

guint
rb_authority_count_rows (RbCoreFixture *fixture)
{
  return rb_fake_store_count (fixture->store, RB_TABLE_OUTBOX);
}

void
rb_authority_news (RbCoreFixture *fixture,
                   gint64         seq)
{
  g_autofree char *id = g_strdup_printf ("m%" G_GINT64_FORMAT, seq);

  rb_fake_connector_deliver (fixture->connector, seq, id, "bob", "hello", NULL);
  rb_test_settle ();
}
