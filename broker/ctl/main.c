/* main.c: brokerctl
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-installed.h"
#include "rb-verb.h"

/* Our own log is for those who ask for it (G_MESSAGES_DEBUG); what a person must know is printed. */
static GLogWriterOutput
write_log (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n_fields,
           gpointer         user_data)
{
  if (level > G_LOG_LEVEL_WARNING && g_getenv ("G_MESSAGES_DEBUG") == NULL)
    return G_LOG_WRITER_HANDLED;
  return g_log_writer_standard_streams (level, fields, n_fields, NULL);
}

int
main (int    argc,
      char **argv)
{
  RbCtl ctl;
  RbExitCode code;

  rb_installed_init_text ();
  g_log_set_writer_func (write_log, NULL, NULL);

  rb_ctl_init (&ctl);
  code = rb_ctl_end (&ctl, rb_verbs_run (&ctl, (const char *const *) argv));
  rb_ctl_clear (&ctl);
  return code;
}
