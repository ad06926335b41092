/* main.c: the simulated upstream as a program of its own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sim.h"

#include "rb-sim-json.h"

#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>

static const char *token = "sim-token";
static const char *handle = "agent@sim";
static int port;
static gboolean is_legacy;
static gboolean echoes;
static gboolean is_tls;
static const char *credentials_path;

static const GOptionEntry entries[] = {
  { "port", 0, 0, G_OPTION_ARG_INT, &port, "Listen on this port of 127.0.0.1 (default: a free one)", "PORT" },
  { "token", 0, 0, G_OPTION_ARG_STRING, &token, "The runtime token to accept (default: sim-token)", "TOKEN" },
  { "handle", 0, 0, G_OPTION_ARG_STRING, &handle, "The agent's address (default: agent@sim)", "ADDRESS" },
  { "legacy", 0, 0, G_OPTION_ARG_NONE, &is_legacy, "Be an upstream of the 0.2.5 age", NULL },
  { "echo", 0, 0, G_OPTION_ARG_NONE, &echoes, "Answer every message to another address with its own text", NULL },
  { "tls", 0, 0, G_OPTION_ARG_NONE, &is_tls, "Speak https and wss, with a certificate that nobody trusts", NULL },
  { "write-credentials", 0, 0, G_OPTION_ARG_FILENAME, &credentials_path, "Write a credentials file for account \"default\"", "FILE" },
  { NULL },
};

static gboolean
on_signal (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_CONTINUE;
}

static gboolean
write_credentials (RbSim   *sim,
                   GError **error)
{
  JsonObject *account = rb_sim_json_new ("connectorUrl", rb_sim_get_gateway_url (sim), "token", rb_sim_get_token (sim),
                                         "apiHost", rb_sim_get_origin (sim), "handle", rb_sim_get_handle (sim), NULL);
  JsonObject *accounts = json_object_new ();
  g_autoptr(JsonObject) object = json_object_new ();
  g_autofree char *text = NULL;

  json_object_set_object_member (accounts, "default", account);
  json_object_set_object_member (object, "accounts", accounts);
  text = rb_sim_json_to_text (object);
  return g_file_set_contents_full (credentials_path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

/* The port alone on the first line, for programs; then what a person needs. */
static void
say_how_to_connect (RbSim *sim)
{
  g_print ("%u\n", rb_sim_get_port (sim));
  g_print ("gateway  %s\napi      %s\ntoken    %s\naddress  %s\n", rb_sim_get_gateway_url (sim), rb_sim_get_origin (sim),
           rb_sim_get_token (sim), rb_sim_get_handle (sim));
  if (credentials_path != NULL)
    g_print ("\nexport MASONS_BROKER_CREDENTIALS_FILE=%s\nexport MASONS_BROKER_API_HOST=%s\nruntime-brokerd --profile masons\n",
             credentials_path, rb_sim_get_origin (sim));
  fflush (stdout);
}

static void
run (RbSim *sim)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  guint on_term = g_unix_signal_add (SIGTERM, on_signal, loop);
  guint on_int = g_unix_signal_add (SIGINT, on_signal, loop);

  rb_sim_gateway_set_echo (rb_sim_get_gateway (sim), echoes);
  say_how_to_connect (sim);
  g_main_loop_run (loop);
  g_source_remove (on_term);
  g_source_remove (on_int);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GOptionContext) context = g_option_context_new ("- the platform, simulated");
  g_autoptr(RbSim) sim = NULL;
  g_autoptr(GError) error = NULL;
  RbSimOptions options;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return EXIT_FAILURE;
    }
  if (port < 0 || port > G_MAXUINT16)
    {
      g_printerr ("%d is no port\n", port);
      return EXIT_FAILURE;
    }
  options = (RbSimOptions) { .token = token, .handle = handle, .port = port, .is_tls = is_tls, .is_legacy = is_legacy };
  sim = rb_sim_new (&options, &error);
  if (sim == NULL || (credentials_path != NULL && !write_credentials (sim, &error)))
    {
      g_printerr ("%s\n", error->message);
      return EXIT_FAILURE;
    }
  run (sim);
  return EXIT_SUCCESS;
}
