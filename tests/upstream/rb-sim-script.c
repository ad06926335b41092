/* rb-sim-script.c: what is to go wrong on the gateway, and how often
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sim-script.h"

#include <string.h>

typedef struct {
  char  *reason;
  guint  times;
} Refusal;

struct _RbSimScript {
  GPtrArray *refusals;  /* of Refusal */
  GPtrArray *endings;   /* of RbSimEnding */
  GPtrArray *answers;   /* of RbSimSendAnswer with strings of its own */
};

static void
refusal_free (gpointer data)
{
  Refusal *refusal = data;

  g_free (refusal->reason);
  g_free (refusal);
}

void
rb_sim_ending_free (RbSimEnding *ending)
{
  g_free (ending->reason);
  g_free (ending);
}

static RbSimEnding *
ending_copy (const RbSimEnding *ending)
{
  RbSimEnding *copy = g_memdup2 (ending, sizeof *ending);

  copy->reason = g_strdup (ending->reason);
  return copy;
}

void
rb_sim_send_answer_free (RbSimSendAnswer *answer)
{
  g_free ((char *) answer->text);
  g_free ((char *) answer->code);
  g_free ((char *) answer->message);
  g_free (answer);
}

static RbSimSendAnswer *
answer_copy (const RbSimSendAnswer *answer)
{
  RbSimSendAnswer *copy = g_memdup2 (answer, sizeof *answer);

  copy->text = g_strdup (answer->text);
  copy->code = g_strdup (answer->code);
  copy->message = g_strdup (answer->message);
  return copy;
}

/* One of @times is used; the last takes the element with it. */
static void
use_up (GPtrArray *list,
        guint      index,
        guint     *times)
{
  if (*times > 0 && --*times == 0)
    g_ptr_array_remove_index (list, index);
}

RbSimScript *
rb_sim_script_new (void)
{
  RbSimScript *self = g_new0 (RbSimScript, 1);

  self->refusals = g_ptr_array_new_with_free_func (refusal_free);
  self->endings = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_sim_ending_free);
  self->answers = g_ptr_array_new_with_free_func ((GDestroyNotify) rb_sim_send_answer_free);
  return self;
}

void
rb_sim_script_free (RbSimScript *self)
{
  g_ptr_array_unref (self->refusals);
  g_ptr_array_unref (self->endings);
  g_ptr_array_unref (self->answers);
  g_free (self);
}

void
rb_sim_script_clear (RbSimScript *self)
{
  g_ptr_array_set_size (self->refusals, 0);
  g_ptr_array_set_size (self->endings, 0);
  g_ptr_array_set_size (self->answers, 0);
}

void
rb_sim_script_add_refusal (RbSimScript *self,
                           const char  *reason,
                           guint        times)
{
  Refusal *refusal = g_new0 (Refusal, 1);

  refusal->reason = g_strdup (reason);
  refusal->times = times;
  g_ptr_array_add (self->refusals, refusal);
}

void
rb_sim_script_add_ending (RbSimScript       *self,
                          const RbSimEnding *ending)
{
  g_ptr_array_add (self->endings, ending_copy (ending));
}

void
rb_sim_script_add_answer (RbSimScript           *self,
                          const RbSimSendAnswer *answer)
{
  g_ptr_array_add (self->answers, answer_copy (answer));
}

char *
rb_sim_script_take_refusal (RbSimScript *self)
{
  Refusal *refusal = self->refusals->len > 0 ? g_ptr_array_index (self->refusals, 0) : NULL;
  char *reason;

  if (refusal == NULL)
    return NULL;
  reason = g_strdup (refusal->reason);
  use_up (self->refusals, 0, &refusal->times);
  return reason;
}

RbSimEnding *
rb_sim_script_take_ending (RbSimScript *self,
                           RbSimPoint   point)
{
  for (guint i = 0; i < self->endings->len; i++)
    {
      RbSimEnding *ending = g_ptr_array_index (self->endings, i);
      RbSimEnding *copy;

      if (ending->point != point)
        continue;
      copy = ending_copy (ending);
      use_up (self->endings, i, &ending->times);
      return copy;
    }
  return NULL;
}

RbSimSendAnswer *
rb_sim_script_take_answer (RbSimScript *self,
                           const char  *text)
{
  for (guint i = 0; i < self->answers->len; i++)
    {
      RbSimSendAnswer *answer = g_ptr_array_index (self->answers, i);
      RbSimSendAnswer *copy;

      if (answer->text != NULL && strstr (text, answer->text) == NULL)
        continue;
      copy = answer_copy (answer);
      use_up (self->answers, i, &answer->times);
      return copy;
    }
  return NULL;
}
