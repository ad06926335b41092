/* rb-needs-dismiss.c: a person has seen what waits for them, and wants no more of it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-needs-private.h"

#include "rb-error.h"
#include "rb-log.h"
#include "rb-outbox-private.h"
#include "rb-seen.h"

#include <string.h>

/* Of each kind that can be: what is recorded. Returns how many things went. */
typedef guint (*Dismiss) (RbCore *core, const char *subject, RbChanges *changes);

static void
erase (RbCore    *core,
       gint64     position,
       RbChanges *changes)
{
  g_autoptr(RbLetter) letter = rb_dead_letters_steal (core->outbox->dead, position);

  rb_log_message ("dead_letter_dismissed", "kind", rb_event_kind_to_string (rb_event_get_kind (letter->event)), "subject",
                  rb_event_get_subject (letter->event), NULL);
  rb_letter_erase (letter, changes);
}

static guint
dismiss_dead_letter (RbCore     *core,
                     const char *subject,
                     RbChanges  *changes)
{
  erase (core, g_ascii_strtoll (subject, NULL, 10), changes);
  return 1;
}

static guint
dismiss_dead_letters (RbCore    *core,
                      RbChanges *changes)
{
  guint n = 0;

  for (const GList *l; (l = rb_dead_letters_get_all (core->outbox->dead)) != NULL; n++)
    erase (core, ((const RbLetter *) l->data)->position, changes);
  return n;
}

static guint
dismiss_forgotten (RbCore     *core,
                   const char *subject,
                   RbChanges  *changes)
{
  rb_dead_letters_clear_forgotten (core->outbox->dead, changes);
  return 1;
}

static guint
dismiss_runtime (RbCore     *core,
                 const char *subject,
                 RbChanges  *changes)
{
  rb_seen_set (core->seen, RB_NEED_RUNTIME, subject, rb_core_now (core), changes);
  return 1;
}

static const struct {
  const char *kind;
  Dismiss     dismiss;
} kinds[] = {
  { RB_NEED_DEAD_LETTER, dismiss_dead_letter },
  { RB_NEED_FORGOTTEN, dismiss_forgotten },
  { RB_NEED_RUNTIME, dismiss_runtime },
};

/* NULL: what is of its kind goes with its cause. */
static Dismiss
find_kind (const char *id)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_has_prefix (id, kinds[i].kind) && id[strlen (kinds[i].kind)] == ':')
      return kinds[i].dismiss;
  return NULL;
}

/* 0 with an error: nothing was dismissed. */
static guint
dismiss (RbCore      *core,
         const char  *id,
         RbChanges   *changes,
         GError     **error)
{
  g_autoptr(GVariant) row = NULL;
  Dismiss of_kind;

  if (g_str_equal (id, RB_NEED_ALL_DEAD_LETTERS))
    return dismiss_dead_letters (core, changes);
  row = rb_view_need (core, id);
  if (row == NULL)
    {
      rb_set_error (error, RB_ERROR_NOT_FOUND, "not_waiting", "'%s' does not wait for anybody", id);
      return 0;
    }
  of_kind = find_kind (id);
  if (of_kind == NULL)
    {
      rb_set_error (error, RB_ERROR_NOT_SUPPORTED, "not_dismissed", "'%s' goes with its cause: answer it, or mend that", id);
      return 0;
    }
  return of_kind (core, strchr (id, ':') + 1, changes);
}

void
rb_need_dismiss_async (RbCore              *core,
                       const char          *id,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  g_autoptr(RbChanges) changes = rb_changes_new ();
  GError *error = NULL;
  guint n = 0;

  g_task_set_source_tag (task, rb_need_dismiss_async);
  if (rb_core_check_ready (core, &error))
    n = dismiss (core, id, changes, &error);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  g_task_set_task_data (task, GUINT_TO_POINTER (n), NULL);
  rb_core_changed (core, RB_NEEDS_TOPIC);
  rb_core_commit_task (core, g_steal_pointer (&changes), g_steal_pointer (&task));
}

gboolean
rb_need_dismiss_finish (RbCore        *core,
                        GAsyncResult  *result,
                        guint         *n,
                        GError       **error)
{
  *n = GPOINTER_TO_UINT (g_task_get_task_data (G_TASK (result)));
  return g_task_propagate_boolean (G_TASK (result), error);
}
