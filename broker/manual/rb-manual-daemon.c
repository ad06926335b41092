/* rb-manual-daemon.c: what runtime-brokerd(8) has from the daemon's own tables
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-manual.h"

#include "rb-options.h"
#include "rb-roff.h"

static const char *
take_option_note (gpointer    user_data,
                  const char *option)
{
  return rb_template_take_note (user_data, "--%s", option);
}

void
rb_manual_daemon_options (RbTemplate *page,
                          GString    *out)
{
  rb_roff_options (out, rb_options_get_entries (), take_option_note, page);
}

void
rb_manual_daemon_exit_status (RbTemplate *page,
                              GString    *out)
{
  for (const RbOptionsText *row = rb_options_get_exit_codes (); row->left != NULL; row++)
    rb_roff_row (out, row->left, row->right, rb_template_take_note (page, "exit %s", row->left));
}

void
rb_manual_daemon_examples (RbTemplate *page,
                           GString    *out)
{
  for (const RbOptionsText *row = rb_options_get_examples (); row->left != NULL; row++)
    rb_roff_row (out, row->left, row->right, NULL);
}
