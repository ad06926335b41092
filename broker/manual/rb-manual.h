/* rb-manual.h: the tables that man pages are made of
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-module.h"
#include "rb-template.h"

G_BEGIN_DECLS

/* brokerctl: each verb with its options; the options of all; what it exits with. */
void rb_manual_verbs          (RbTemplate  *page,
                               GString     *out);
void rb_manual_options        (RbTemplate  *page,
                               GString     *out);
void rb_manual_exit_status    (RbTemplate  *page,
                               GString     *out);

/* Settings of the broker; those of the modules that were added, by group. */
void rb_manual_settings       (RbTemplate  *page,
                               GString     *out);
gboolean rb_manual_add_module (const char  *path,
                               GError     **error);

/* runtime-brokerd */
void rb_manual_daemon_options (RbTemplate  *page,
                               GString     *out);
void rb_manual_daemon_exit_status (RbTemplate *page,
                                   GString    *out);
void rb_manual_daemon_examples (RbTemplate *page,
                                GString    *out);

/* runtime-broker-mcp */
void rb_manual_mcp_options    (RbTemplate  *page,
                               GString     *out);
void rb_manual_mcp_tools      (RbTemplate  *page,
                               GString     *out);
void rb_manual_mcp_exit_status (RbTemplate *page,
                                GString    *out);
void rb_manual_mcp_examples   (RbTemplate  *page,
                               GString     *out);

/* rb-module-check */
void rb_manual_check_options  (RbTemplate  *page,
                               GString     *out);
void rb_manual_check_exit_status (RbTemplate *page,
                                  GString    *out);
void rb_manual_check_examples (RbTemplate  *page,
                               GString     *out);
void rb_manual_check_cases    (RbTemplate  *page,
                               GString     *out);

G_END_DECLS
