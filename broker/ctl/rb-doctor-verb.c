/* rb-doctor-verb.c: brokerctl doctor: looks at everything that a broker needs, and changes nothing
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-doctor-clock.h"
#include "rb-error.h"
#include "rb-program.h"
#include "rb-prove.h"
#include "rb-verb.h"
#include "rb-view.h"

#include <glib/gi18n.h>

#define EXAMINE_MS 120000

static struct {
  gboolean prove;
  int      messages;
  int      kills;
} wanted = { .messages = 200, .kills = 5 };

static const GOptionEntry options[] = {
  { "prove", 0, 0, G_OPTION_ARG_NONE, &wanted.prove, N_ ("Prove it: send messages, kill the broker meanwhile, count"), NULL },
  { "messages", 0, 0, G_OPTION_ARG_INT, &wanted.messages, N_ ("With --prove: how many messages, 1 to 5000 (200)"), N_ ("NUMBER") },
  { "kills", 0, 0, G_OPTION_ARG_INT, &wanted.kills, N_ ("With --prove: how often the broker is killed meanwhile, 0 to 100 (5)"), N_ ("NUMBER") },
  { NULL },
};

/* Settings, modules, disk, files, database: the daemon's program knows where they are. */
static void
look_at_files (RbDoctor *doctor,
               RbCtl    *ctl)
{
  static const char *const arguments[] = { "--examine", NULL };
  const RbProgramRun run = { .arguments = arguments, .timeout_ms = ctl->timeout_ms > 0 ? ctl->timeout_ms : EXAMINE_MS };
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  g_autoptr(GError) error = NULL;
  int status = rb_program_run (ctl, &run, &output, &errors, &error);

  if (g_strcmp0 (rb_error_get_reason (error), "no_program") == 0)
    rb_doctor_add (doctor, "settings", RB_DOCTOR_SKIPPED, NULL, "%s", _ ("'runtime-brokerd' was not found"));
  else if (status < 0)
    rb_doctor_add (doctor, "settings", RB_DOCTOR_FAIL, NULL, "%s", error->message);
  else if (status != 0 || !rb_doctor_add_array (doctor, output))
    rb_doctor_add (doctor, "settings", RB_DOCTOR_FAIL, NULL, _ ("'runtime-brokerd' could not look: %s"), errors);
}

static void
look_at_upstream (RbDoctor     *doctor,
                  const RbJson *status)
{
  g_autofree char *presence = rb_view_dup_text (status, "presence");
  g_autofree char *reason = rb_view_dup_text (status, "presence_reason");
  g_autofree char *since = rb_view_dup_text (status, "presence_since");
  g_autofree char *link_error = rb_view_dup_text (status, "link_error");
  const char *why = link_error != NULL ? link_error : reason;

  if (g_strcmp0 (presence, "online") == 0)
    /* TRANSLATORS: since when */
    rb_doctor_add (doctor, "upstream", RB_DOCTOR_OK, NULL, _ ("online since %s"), since != NULL ? since : "?");
  else
    /* TRANSLATORS: such as 'offline'; a reason; since when */
    rb_doctor_add (doctor, "upstream", RB_DOCTOR_FAIL, _ ("nothing has to be sent again: the broker keeps trying; 'brokerctl status' tells more"),
                   _ ("%s: %s, since %s"), presence != NULL ? presence : "?", why != NULL ? why : "?", since != NULL ? since : "?");
}

static void
look_at_broker (RbDoctor     *doctor,
                const RbJson *status)
{
  g_autofree char *version = rb_view_dup_text (status, "product_version");
  g_autofree char *ready = rb_view_dup_text (status, "ready");
  g_autofree char *why = rb_view_dup_text (status, "not_ready_reason");

  if (g_strcmp0 (ready, "true") != 0)
    rb_doctor_add (doctor, "broker", RB_DOCTOR_FAIL, _ ("'brokerctl status' and the log tell more"), _ ("a broker runs, and takes nothing new: %s"),
                   why != NULL ? why : "?");
  else if (version != NULL && g_strcmp0 (version, RB_VERSION) != 0)
    rb_doctor_add (doctor, "broker", RB_DOCTOR_WARN, _ ("'brokerctl restart' puts the installed one in its place"), _ ("version %s runs"), version);
  else
    rb_doctor_add (doctor, "broker", RB_DOCTOR_OK, NULL, _ ("version %s runs"), version != NULL ? version : "?");
}

static void
look_at_running (RbDoctor *doctor,
                 RbCtl    *ctl)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) status = rb_ctl_view (ctl, "status", &error);

  if (status != NULL && rb_json_get_root_type (status) == RB_JSON_OBJECT)
    {
      look_at_broker (doctor, status);
      look_at_upstream (doctor, status);
      rb_doctor_look_at_clocks (doctor, status);
      return;
    }
  if (error == NULL || g_strcmp0 (rb_error_get_reason (error), "broker_not_running") == 0)
    rb_doctor_add (doctor, "broker", RB_DOCTOR_OK, NULL, "%s", _ ("none runs; the first who needs it starts it"));
  else
    rb_doctor_add (doctor, "broker", RB_DOCTOR_FAIL, _ ("look at its log, or stop it and start it again"), "%s", error->message);
  rb_doctor_add (doctor, "upstream", RB_DOCTOR_SKIPPED, NULL, "%s", _ ("only a broker that runs knows"));
  rb_doctor_add (doctor, "clock-network", RB_DOCTOR_SKIPPED, NULL, "%s", _ ("only a broker that runs knows"));
}

static RbExitCode
run_doctor (RbCtl             *ctl,
            const char *const *args)
{
  g_autoptr(RbDoctor) doctor = NULL;

  if (wanted.messages < 1 || wanted.messages > RB_PROVE_MESSAGES_MAX || wanted.kills < 0 || wanted.kills > RB_PROVE_KILLS_MAX)
    {
      rb_ctl_warn (_ ("--messages takes 1 to %d, --kills 0 to %d"), RB_PROVE_MESSAGES_MAX, RB_PROVE_KILLS_MAX);
      return RB_EXIT_USAGE;
    }
  if (wanted.prove)
    return rb_prove_run (ctl, (guint) wanted.messages, (guint) wanted.kills);

  doctor = rb_doctor_new ();
  rb_doctor_look_at_session (doctor, ctl);
  look_at_files (doctor, ctl);
  look_at_running (doctor, ctl);
  rb_doctor_print (doctor, ctl);
  return rb_doctor_count (doctor, RB_DOCTOR_FAIL) > 0 ? RB_EXIT_FAILED : RB_EXIT_OK;
}

const RbVerb rb_doctor_verb = {
  .name = "doctor",
  .summary = N_ ("Look at everything that a broker needs"),
  .usage = N_ ("[--prove [--messages NUMBER] [--kills NUMBER]]"),
  .details = N_ ("Program, session, settings, modules, disk, permissions, files left behind, database, clock, the broker that runs and its network: each is "
                 "good, worth a look, bad, or skipped with the reason, and says what to do. Starts no broker and changes nothing. The exit status is 1 when "
                 "something is bad. How far the clock is from the network's, and whether somebody has set it, only a broker that runs knows.\n\n"
                 "With --prove it takes nobody's word: a broker of its own, in a directory of its own, is sent messages and killed while they are on "
                 "their way, started again, and killed once more at the end; then each message that was acknowledged has to be there, once and in "
                 "order. Your broker and your messages are not touched. The exit status is 1 when one was lost, repeated or misplaced."),
  .options = options,
  .run = run_doctor,
};
