/* rb-troubles.c: what the process around the core has found of itself that a person has to mend
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-troubles.h"

#include "rb-log.h"

struct _RbTroubles {
  GQueue list;      /* of RbTrouble, oldest first */
};

static void
trouble_free (gpointer data)
{
  RbTrouble *trouble = data;

  g_free (trouble->kind);
  g_free (trouble->subject);
  g_free (trouble->what);
  g_free (trouble->command);
  g_free (trouble);
}

RbTroubles *
rb_troubles_new (void)
{
  RbTroubles *self = g_new0 (RbTroubles, 1);

  g_queue_init (&self->list);
  return self;
}

void
rb_troubles_free (RbTroubles *self)
{
  g_queue_clear_full (&self->list, trouble_free);
  g_free (self);
}

static GList *
find (RbTroubles *self,
      const char *kind,
      const char *subject)
{
  for (GList *l = self->list.head; l != NULL; l = l->next)
    {
      const RbTrouble *trouble = l->data;

      if (g_str_equal (trouble->kind, kind) && g_str_equal (trouble->subject, subject))
        return l;
    }
  return NULL;
}

static gboolean
replace (char      **text,
         const char *by)
{
  if (g_strcmp0 (*text, by) == 0)
    return FALSE;
  g_free (*text);
  *text = g_strdup (by);
  return TRUE;
}

gboolean
rb_troubles_begin (RbTroubles *self,
                   const char *kind,
                   const char *subject,
                   const char *what,
                   const char *command,
                   gint64      now)
{
  GList *known = find (self, kind, subject);
  RbTrouble *trouble;

  if (known != NULL)
    {
      trouble = known->data;
      return replace (&trouble->what, what) | replace (&trouble->command, command);
    }
  if (self->list.length >= RB_TROUBLES_MAX)
    {
      rb_log_warning ("trouble_not_listed", "kind", kind, "subject", subject, "reason", what, NULL);
      return FALSE;
    }

  trouble = g_new (RbTrouble, 1);
  *trouble = (RbTrouble) { g_strdup (kind), g_strdup (subject), g_strdup (what), g_strdup (command), now };
  g_queue_push_tail (&self->list, trouble);
  return TRUE;
}

gboolean
rb_troubles_end (RbTroubles *self,
                 const char *kind,
                 const char *subject)
{
  GList *known = find (self, kind, subject);

  if (known == NULL)
    return FALSE;
  trouble_free (known->data);
  g_queue_delete_link (&self->list, known);
  return TRUE;
}

guint
rb_troubles_get_n (const RbTroubles *self)
{
  return self->list.length;
}

const GList *
rb_troubles_get_all (const RbTroubles *self)
{
  return self->list.head;
}
