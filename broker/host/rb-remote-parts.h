/* rb-remote-parts.h: envelopes, errors and descriptions as parts of frames
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-remote-frame.h"

G_BEGIN_DECLS

/* The envelope's strings and slices as they are; they live as long as @envelope. */
void          rb_remote_put_envelope   (RbRemoteFrame       *frame,
                                        RbEnvelope          *envelope);
/* @check: whether content and metadata are to be scanned, because who sent them may be out of its mind. Fails with RB_ERROR_INVALID. */
RbEnvelope   *rb_remote_dup_envelope   (const RbRemoteFrame *frame,
                                        gboolean             check,
                                        GError             **error);

/* @value: (nullable): sunk. Data that lives as long as the variant that is returned. */
GVariant     *rb_remote_put_variant    (RbRemoteFrame       *frame,
                                        GVariant            *value);
/* Fails with RB_ERROR_INVALID for what is no @type. */
GVariant     *rb_remote_dup_variant    (const RbRemoteFrame *frame,
                                        const char          *type,
                                        GError             **error);

/* How a call ended, error and all, also where that breaks the contract. (floating) */
GVariant     *rb_remote_outcome_new    (gboolean             ok,
                                        const GError        *error);
/* FALSE: @frame has no outcome. @outcome: (out) (nullable): of the call. */
gboolean      rb_remote_outcome_read   (const RbRemoteFrame *frame,
                                        gboolean            *ok,
                                        GError             **outcome);

/* What a module is given. (floating) */
GVariant     *rb_remote_context_new    (const RbModuleEnvironment *environment,
                                        GHashTable                *settings);
/* FALSE: it has none. @environment: (out): to be cleared; without a clock. */
gboolean      rb_remote_context_read   (const RbRemoteFrame       *frame,
                                        RbModuleEnvironment       *environment,
                                        GHashTable               **settings);

G_END_DECLS
