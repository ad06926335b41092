/* rb-check-answer.c: what the module answered to one call
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-check-subject.h"

static void
answer_free (gpointer data)
{
  RbCheckAnswer *self = data;

  g_clear_error (&self->error);
  g_free (self->message_id);
  g_clear_pointer (&self->value, g_variant_unref);
  g_free (self);
}

RbCheckAnswer *
rb_check_answer_new (RbCheckRun        *run,
                     const char        *call,
                     RbCheckFinishFunc  finish)
{
  RbCheckAnswer *self = g_new0 (RbCheckAnswer, 1);

  self->run = run;
  self->call = call;
  self->finish = finish;
  rb_check_run_keep (run, self, answer_free);
  return self;
}

void
rb_check_answer_callback (GObject      *source,
                          GAsyncResult *result,
                          gpointer      user_data)
{
  RbCheckAnswer *self = user_data;

  if (self->n_answers == 0)
    {
      self->thread = g_thread_self ();
      self->ok = self->finish (self, source, result);
    }
  self->n_answers++;
}

void
rb_check_answer_wait (RbCheckAnswer *self)
{
  rb_check_until (self->run, self->n_answers > 0, "'%s' was not answered", self->call);
}

void
rb_check_answer_succeed (RbCheckAnswer *self)
{
  rb_check_answer_wait (self);
  rb_check_that (self->run, self->ok, "'%s' failed: %s", self->call, self->error != NULL ? self->error->message : "without an error");
}

/* The codes for which a caller has something to do; RB_ERROR_INTERNAL is one, too: a bug that was noticed. */
void
rb_check_answer_contract (RbCheckAnswer *self)
{
  const GError *error = self->error;

  rb_check_that (self->run, self->n_answers == 1, "'%s' was answered %u times", self->call, self->n_answers);
  rb_check_that (self->run, !self->ok || error == NULL, "'%s' succeeded and set an error: %s", self->call, error->message);
  rb_check_that (self->run, self->ok || error != NULL, "'%s' failed without an error", self->call);
  if (self->ok || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  rb_check_that (self->run, error->domain == RB_ERROR, "'%s' failed with an error of the domain '%s' (%s), not RB_ERROR", self->call,
                 g_quark_to_string (error->domain), error->message);
  rb_check_that (self->run, error->code >= 0 && error->code < RB_ERROR_N_CODES, "'%s' failed with the code %d, which RbError does not have",
                 self->call, error->code);
  rb_check_that (self->run, error->message != NULL && g_utf8_validate (error->message, -1, NULL),
                 "'%s' failed with an error whose text is not UTF-8", self->call);
}

void
rb_check_answer_unavailable (RbCheckAnswer *self,
                             const char    *when)
{
  rb_check_answer_wait (self);
  rb_check_turn (self->run, 20);
  rb_check_answer_contract (self);
  rb_check_that (self->run, !self->ok, "'%s' %s succeeded", self->call, when);
  rb_check_that (self->run, g_error_matches (self->error, RB_ERROR, RB_ERROR_UNAVAILABLE) ||
                                g_error_matches (self->error, RB_ERROR, RB_ERROR_NOT_SUPPORTED),
                 "'%s' %s failed with another code than RB_ERROR_UNAVAILABLE: %s", self->call, when, self->error->message);
}
