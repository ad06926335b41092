/* rb-fake-systemd.h: a systemd user manager on a bus of the test's own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum {
  RB_FAKE_SYSTEMD_GOOD,
  RB_FAKE_SYSTEMD_REFUSING,     /* to start anything */
  RB_FAKE_SYSTEMD_FAILING,      /* the job fails: the program cannot be executed */
  RB_FAKE_SYSTEMD_SILENT,       /* it answers nothing at all */
  RB_FAKE_SYSTEMD_VANISHING,    /* it is gone as soon as something is to be started */
} RbFakeSystemdMode;

/* What it says and in which order is what systemd 252 says: the answer with the job, JobRemoved, then PropertiesChanged of the unit. It starts
 * nothing. */
typedef struct {
  GTestDBus         *bus;
  GDBusConnection   *connection;   /* NULL: it is away */
  RbFakeSystemdMode  mode;
  guint              main_pid;     /* of units that are started */
  GPtrArray         *calls;        /* of char *: "StopUnit app-...service" */
  GPtrArray         *units;        /* of Unit */
} RbFakeSystemd;

RbFakeSystemd *rb_fake_systemd_new        (void);            /* with the bus, which is the session's from here on */
void           rb_fake_systemd_free       (RbFakeSystemd *self);
void           rb_fake_systemd_appear     (RbFakeSystemd *self);
void           rb_fake_systemd_vanish     (RbFakeSystemd *self);
guint          rb_fake_systemd_get_n      (RbFakeSystemd *self);
const char    *rb_fake_systemd_get_name   (RbFakeSystemd *self, guint i);
/* What it was started with; its prompt. */
GVariant      *rb_fake_systemd_get_property (RbFakeSystemd *self, guint i, const char *name);
const char    *rb_fake_systemd_get_input  (RbFakeSystemd *self, guint i);
/* @code, @status: ExecMainCode and ExecMainStatus. */
void           rb_fake_systemd_end        (RbFakeSystemd *self, guint i, int code, int status);
/* Such a call came. */
gboolean       rb_fake_systemd_was_called (RbFakeSystemd *self, const char *method);

G_END_DECLS
