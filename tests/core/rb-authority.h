/* rb-authority.h: an authority that takes events, refuses them, and was told so much
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-core-fixture.h"

G_BEGIN_DECLS

#define RB_ADDED "\"action\":\"add\""

/* It fails with this from now on, with the status; @code below zero: it takes everything. */
void   rb_authority_fail       (RbCoreFixture *fixture, int code, gint64 status);
/* How often it was told something with this in it. */
guint  rb_authority_count      (RbCoreFixture *fixture, const char *text);
/* Rows of the outbox on the disk. */
guint  rb_authority_count_rows (RbCoreFixture *fixture);
/* The message "m<seq>", which names nobody: the authority is to hear that it is in the inbox. */
void   rb_authority_news       (RbCoreFixture *fixture, gint64 seq);

G_END_DECLS
