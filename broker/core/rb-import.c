/* rb-import.c: messages that another broker of this account accepted and left in files of its own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-import.h"

#include "rb-core-private.h"
#include "rb-inbound.h"

RbImportedMessage *
rb_imported_message_new (char       *id,
                         RbEnvelope *envelope,
                         gint64      arrived_at)
{
  RbImportedMessage *self = g_new0 (RbImportedMessage, 1);

  self->id = id;
  self->envelope = rb_envelope_ref (envelope);
  self->arrived_at = arrived_at;
  return self;
}

void
rb_imported_message_free (RbImportedMessage *self)
{
  g_free (self->id);
  rb_envelope_unref (self->envelope);
  g_free (self);
}

static gboolean
is_known (RbCore     *core,
          const char *id)
{
  return rb_ledger_lookup (core->ledger, id) != NULL || rb_ledger_has_seen (core->ledger, id);
}

/* Under its own id, or under what the network may deliver it as again. */
static gboolean
import_one (RbCore                  *core,
            const RbImportedMessage *imported,
            const char              *endpoint_id)
{
  const char *source_id = rb_envelope_get_id (imported->envelope);
  g_autoptr(RbMessage) message = NULL;
  RbTraceVerdict verdict;
  guint8 random[24];

  if (is_known (core, imported->id) || (source_id != NULL && is_known (core, source_id)))
    return FALSE;

  core->random (random, sizeof random, core->random_data);
  message = rb_message_new (imported->envelope, source_id != NULL ? source_id : imported->id, imported->arrived_at, random, &verdict);
  rb_inbound_adopt (core, message, RB_REASON_CLOSED_SESSION, endpoint_id);
  return TRUE;
}

void
rb_import_async (RbCore              *core,
                 GPtrArray           *messages,
                 const char          *endpoint_id,
                 GAsyncReadyCallback  callback,
                 gpointer             user_data)
{
  GTask *task = g_task_new (core, NULL, callback, user_data);
  guint n_new = 0;

  g_task_set_source_tag (task, rb_import_async);
  for (guint i = 0; i < messages->len; i++)
    n_new += import_one (core, g_ptr_array_index (messages, i), endpoint_id);

  g_task_set_task_data (task, GUINT_TO_POINTER (n_new), NULL);
  /* Behind the commits of all of them, and of those that were on their way. */
  rb_core_commit_task (core, rb_changes_new (), task);
}

gboolean
rb_import_finish (RbCore        *core,
                  GAsyncResult  *result,
                  guint         *n_new,
                  GError       **error)
{
  *n_new = GPOINTER_TO_UINT (g_task_get_task_data (G_TASK (result)));
  return g_task_propagate_boolean (G_TASK (result), error);
}
