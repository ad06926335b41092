/* main.c: runtime-broker-module: one connector in a process of its own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-module-limit.h"
#include "rb-module-server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define SOCKET_FD 3

/* Which signal ends a whole session or service is for the broker to answer, which stops us in order. */
static void
ignore_signals (void)
{
  static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2 };

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    signal (numbers[i], SIG_IGN);
}

static gboolean
is_socket (int fd)
{
  socklen_t size = sizeof (int);
  int type;

  return getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

int
main (int    argc,
      char **argv)
{
  if (argc != 3 || !is_socket (SOCKET_FD))
    {
      fputs ("runtime-broker-module: started by runtime-brokerd for a connector with 'isolate=yes' in its group; not by hand\n", stderr);
      return 1;
    }
  ignore_signals ();
  rb_module_limit_memory (g_ascii_strtoll (argv[2], NULL, 10));
  return rb_module_server_run (SOCKET_FD);
}
