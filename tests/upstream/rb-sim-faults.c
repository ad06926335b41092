/* rb-sim-faults.c: what goes wrong with which request, and how often
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sim-faults.h"

#include <string.h>

struct _RbSimFaults {
  GPtrArray *faults;    /* of RbSimFault with strings of its own, oldest first */
};

static RbSimFault *
fault_copy (const RbSimFault *fault)
{
  RbSimFault *copy = g_memdup2 (fault, sizeof *fault);

  copy->request = g_strdup (fault->request);
  copy->text = g_strdup (fault->text);
  copy->body = g_strdup (fault->body);
  copy->header = g_strdup (fault->header);
  return copy;
}

void
rb_sim_fault_free (RbSimFault *fault)
{
  g_free ((char *) fault->request);
  g_free ((char *) fault->text);
  g_free ((char *) fault->body);
  g_free ((char *) fault->header);
  g_free (fault);
}

RbSimFaults *
rb_sim_faults_new (void)
{
  RbSimFaults *self = g_new0 (RbSimFaults, 1);

  self->faults = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_sim_fault_free);
  return self;
}

void
rb_sim_faults_free (RbSimFaults *self)
{
  g_ptr_array_unref (self->faults);
  g_free (self);
}

void
rb_sim_faults_add (RbSimFaults      *self,
                   const RbSimFault *fault)
{
  g_return_if_fail (fault->request != NULL);

  g_ptr_array_add (self->faults, fault_copy (fault));
}

void
rb_sim_faults_clear (RbSimFaults *self)
{
  g_ptr_array_set_size (self->faults, 0);
}

/* TRUE when @fault is to be played now. */
static gboolean
count_down (RbSimFaults *self,
            RbSimFault  *fault,
            gboolean    *is_spent)
{
  if (fault->skip > 0)
    {
      fault->skip--;
      return FALSE;
    }
  *is_spent = fault->times == 1;
  if (fault->times > 1)
    fault->times--;
  return TRUE;
}

RbSimFault *
rb_sim_faults_take (RbSimFaults *self,
                    const char  *request,
                    const char  *text)
{
  for (guint i = 0; i < self->faults->len; i++)
    {
      RbSimFault *fault = g_ptr_array_index (self->faults, i);
      gboolean is_spent = FALSE;
      RbSimFault *taken;

      if (!g_pattern_match_simple (fault->request, request) || (fault->text != NULL && strstr (text, fault->text) == NULL))
        continue;
      if (!count_down (self, fault, &is_spent))
        continue;
      taken = fault_copy (fault);
      if (is_spent)
        g_ptr_array_remove_index (self->faults, i);
      return taken;
    }
  return NULL;
}
