/* rb-bus-click.c: what was clicked on a notification is done
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-click.h"

#include "rb-dispatch.h"
#include "rb-hold.h"
#include "rb-log.h"
#include "rb-needs.h"
#include "rb-outbox-operator.h"
#include "rb-spawn-operator.h"

#include <string.h>

typedef struct {
  RbCore         *core;
  char           *need_id;
  GCancellable   *cancellable;
  RbBusClickDone  done;
  gpointer        user_data;
} Click;

/* Somebody else may have been faster: then that is what there is to say. */
static void
click_end (Click        *click,
           const GError *error)
{
  g_autoptr(GVariant) row = error != NULL ? rb_view_need (click->core, click->need_id) : NULL;

  if (error != NULL)
    rb_log_info ("notification_click_failed", "need", click->need_id, "err", error->message, NULL);
  if (!g_cancellable_is_cancelled (click->cancellable))
    click->done (error != NULL ? error->message : NULL, error != NULL && row == NULL, click->user_data);
  g_object_unref (click->core);
  g_object_unref (click->cancellable);
  g_free (click->need_id);
  g_free (click);
}

static void
on_dispatched (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  rb_dispatch_finish (RB_CORE (source), result, &error);
  click_end (user_data, error);
}

static void
dispatch (Click      *click,
          const char *message_id,
          const char *endpoint_id)
{
  RbCaller caller = { .operator_ = TRUE };

  rb_dispatch_async (click->core, &caller, message_id, endpoint_id, on_dispatched, click);
}

static void
on_retried (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  guint n;

  rb_dead_letter_retry_finish (RB_CORE (source), result, &n, &error);
  click_end (user_data, error);
}

static void
retry (Click      *click,
       const char *subject,
       const char *endpoint_id)
{
  rb_dead_letter_retry_async (click->core, g_ascii_strtoll (subject, NULL, 10), on_retried, click);
}

static void
on_let_in (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) place = rb_hold_accept_finish (RB_CORE (source), result, &error);

  click_end (user_data, error);
}

/* This one; a rule for all that its sender sends is more than a click should say. */
static void
let_in (Click      *click,
        const char *message_id,
        const char *endpoint_id)
{
  rb_hold_accept_async (click->core, message_id, FALSE, on_let_in, click);
}

static void
on_turned_away (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  rb_hold_refuse_finish (RB_CORE (source), result, &error);
  click_end (user_data, error);
}

static void
turn_away (Click      *click,
           const char *message_id,
           const char *endpoint_id)
{
  rb_hold_refuse_async (click->core, message_id, FALSE, NULL, on_turned_away, click);
}

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  rb_spawn_answer_finish (RB_CORE (source), result, &error);
  click_end (user_data, error);
}

static void
approve (Click      *click,
         const char *token,
         const char *endpoint_id)
{
  rb_spawn_approve_async (click->core, token, FALSE, on_answered, click);
}

static void
deny (Click      *click,
      const char *token,
      const char *endpoint_id)
{
  rb_spawn_deny_async (click->core, token, FALSE, on_answered, click);
}

static void
on_dismissed (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  guint n;

  rb_need_dismiss_finish (RB_CORE (source), result, &n, &error);
  click_end (user_data, error);
}

static void
dismiss (Click      *click,
         const char *subject,
         const char *endpoint_id)
{
  rb_need_dismiss_async (click->core, click->need_id, on_dismissed, click);
}

static const struct {
  const char *action;
  void      (*carry_out) (Click *click, const char *subject, const char *endpoint_id);
} actions[] = {
  { RB_NEED_DO_DISPATCH, dispatch },
  { RB_NEED_DO_RETRY, retry },
  { RB_NEED_DO_APPROVE, approve },
  { RB_NEED_DO_DENY, deny },
  { RB_NEED_DO_ACCEPT, let_in },
  { RB_NEED_DO_REFUSE, turn_away },
  { RB_NEED_DO_DISMISS, dismiss },
};

void
rb_bus_click_carry_out (RbCore               *core,
                        const RbNoticeAction *action,
                        GCancellable         *cancellable,
                        RbBusClickDone        done,
                        gpointer              user_data)
{
  const char *subject = action->need_id != NULL ? strchr (action->need_id, ':') : NULL;

  for (guint i = 0; subject != NULL && i < G_N_ELEMENTS (actions); i++)
    if (g_str_equal (actions[i].action, action->action))
      {
        Click *click = g_new0 (Click, 1);

        *click = (Click) { g_object_ref (core), g_strdup (action->need_id), g_object_ref (cancellable), done, user_data };
        actions[i].carry_out (click, subject + 1, action->endpoint_id);
        return;
      }
}
