/* rb-fake-adapter.h: adapters as the core sees them: processes and channels that record what they were asked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-channel.h"
#include "rb-processes.h"

G_BEGIN_DECLS

#define RB_TYPE_FAKE_PROCESSES (rb_fake_processes_get_type ())
G_DECLARE_FINAL_TYPE (RbFakeProcesses, rb_fake_processes, RB, FAKE_PROCESSES, GObject)

/* Every pid lives, with start time pid * 10, until it is ended. */
RbFakeProcesses *rb_fake_processes_new     (void);
void             rb_fake_processes_end     (RbFakeProcesses *self, gint64 pid);
/* The pid was given to another process. */
void             rb_fake_processes_recycle (RbFakeProcesses *self, gint64 pid);
guint            rb_fake_processes_get_n_watched (RbFakeProcesses *self);

#define RB_TYPE_FAKE_CHANNEL (rb_fake_channel_get_type ())
G_DECLARE_FINAL_TYPE (RbFakeChannel, rb_fake_channel, RB, FAKE_CHANNEL, GObject)

typedef struct {
  char     *push_id;
  char     *endpoint_id;
  char     *source_message_id;
  char     *content;          /* decoded */
  GBytes   *metadata;
  char     *assignment_id;
  char     *reply_correlation_id;
} RbFakePush;

struct _RbFakeChannel {
  GObject    parent_instance;
  gint64     pid;
  gboolean   has_receipts;
  gboolean   is_legacy;
  gboolean   is_open;
  GPtrArray *pushes;          /* of RbFakePush */
  GPtrArray *presences;       /* of char * */
  guint      close_code;
  char      *close_reason;
};

RbFakeChannel   *rb_fake_channel_new       (gint64 pid, gboolean has_receipts);
RbFakePush      *rb_fake_channel_get       (RbFakeChannel *self, guint i);

G_END_DECLS
