/* shout.c: a runtime that answers each message in capitals
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <rb-client.h>

static gboolean
on_message (RbClient *client, RbClientEndpoint *endpoint, RbClientMessage *message)
{
  g_autofree char *answer = g_utf8_strup (rb_client_message_get_content (message), -1);
  rb_client_answer_async (client, endpoint, message, answer, "text", NULL, NULL, NULL);
  return TRUE;
}

static void
on_connected (GObject *client, GAsyncResult *result, gpointer endpoint)
{
  g_autoptr(GError) error = NULL;
  if (rb_client_connect_finish (RB_CLIENT (client), result, &error))
    rb_client_register_async (RB_CLIENT (client), endpoint, NULL, NULL, NULL);
  else
    exit ((g_printerr ("%s\n", error->message), 1));
}

int
main (void)
{
  RbClient *client = rb_client_new ();
  g_signal_connect (client, "message", G_CALLBACK (on_message), NULL);
  rb_client_connect_async (client, NULL, on_connected, rb_client_endpoint_new ("custom", "shout"));
  g_main_loop_run (g_main_loop_new (NULL, FALSE));
}
