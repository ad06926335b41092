/* rb-handover.h: what a broker leaves to the process that goes on in its place
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The listening sockets, so that whoever connects meanwhile waits instead of being refused; the lock, so that nobody starts another broker; the
 * token, so that the discovery file stays true. */
typedef struct {
  int   tcp_fd;          /* each 0: none */
  int   socket_fd;
  int   lock_fd;
  char *bearer_token;
  char *socket_path;     /* (nullable) */
  char *socket_keeper;   /* (nullable) "manager": the socket's file is the service manager's, who listens again when we are gone */
  char *state_dir;       /* whose broker this is: another one's has no use for it */
  char *discovery_file;
  char *page_sessions;   /* (nullable) who may use the web page still */
} RbHandover;

/* Closes what was not taken. */
void        rb_handover_free    (RbHandover *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RbHandover, rb_handover_free)

/* Memory for one, as a descriptor to be closed by whoever asked (0 on failure): to be had before what runs is given up. */
gboolean    rb_handover_reserve (int *fd, GError **error);
/* Fills it, once. The place in the next process's environment, "NAME=VALUE", which names @fd, to be inherited with the others. The token is in that
 * memory alone: an environment can be read for as long as its process lives. */
char       *rb_handover_pack    (const RbHandover *self, int fd, GError **error);
/* What this process was left; NULL when it was left nothing, or nothing of use. Takes it out of the environment. */
RbHandover *rb_handover_receive (void);
/* A new broker has no use for any of it: removes the files too. */
void        rb_handover_discard (RbHandover *self);
/* Hands out a descriptor once. */
int         rb_handover_take    (int *fd);

G_END_DECLS
