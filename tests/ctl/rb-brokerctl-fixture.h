/* rb-brokerctl-fixture.h: brokerctl as a process, beside a broker that answers as it is told
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-fake-broker.h"
#include "rb-test.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
  char         *data_dir;
  RbFakeBroker *broker;     /* (nullable) */
  const char   *columns;    /* (nullable) COLUMNS */
  const char   *out_file;   /* (nullable) where its output goes; @out is NULL then */
  int           out_fd;     /* likewise; 0: nowhere */
  char         *out;
  char         *err;
  int           status;
} RbBrokerctlFixture;

/* For g_test_add(): without a broker, and with one. */
void          rb_brokerctl_set_up        (RbBrokerctlFixture *fixture, gconstpointer data);
void          rb_brokerctl_set_up_broker (RbBrokerctlFixture *fixture, gconstpointer data);
void          rb_brokerctl_tear_down     (RbBrokerctlFixture *fixture, gconstpointer data);

/* Any program where brokerctl would find the fixture's broker. */
GSubprocess  *rb_brokerctl_spawn         (RbBrokerctlFixture *fixture, const char *const *argv);
/* Starts it with a command line, as a shell would; feeds it @input and waits until it has ended. */
GSubprocess  *rb_brokerctl_start         (RbBrokerctlFixture *fixture, const char *arguments);
void          rb_brokerctl_finish        (RbBrokerctlFixture *fixture, GSubprocess *process, const char *input);
/* Both, without input. Returns its exit status. */
int           rb_brokerctl_run           (RbBrokerctlFixture *fixture, const char *arguments);

/* The same, with file systems of its own: @mount is a script for sh that mounts what the test needs, where nobody else sees it. FALSE: that cannot
 * be done on this machine, and the test is skipped. */
gboolean      rb_brokerctl_run_mounted   (RbBrokerctlFixture *fixture, const char *mount, const char *arguments);

G_END_DECLS
