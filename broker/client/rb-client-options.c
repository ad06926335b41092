/* rb-client-options.c: which broker a client wants and how patient it is
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-options.h"

#include <unistd.h>

G_DEFINE_BOXED_TYPE (RbClientOptions, rb_client_options, rb_client_options_copy, rb_client_options_free)

/* An empty variable counts as unset (IMP-2). */
static char *
dup_env (const char *name)
{
  const char *value = g_getenv (name);

  return value != NULL && *value != '\0' ? g_strdup (value) : NULL;
}

RbClientOptions *
rb_client_options_new (void)
{
  RbClientOptions *self = g_new0 (RbClientOptions, 1);

  self->account_id = dup_env ("MASONS_BROKER_ACCOUNT_ID");
  if (self->account_id == NULL)
    self->account_id = g_strdup ("default");
  self->runtime_token = dup_env ("MASONS_BROKER_RUNTIME_TOKEN");
  self->data_dir = dup_env ("MASONS_BROKER_USER_DATA");
  self->start_timeout_ms = 5000;
  self->call_timeout_ms = 40000;   /* above the longest chain of waits behind one call: claim, report, SEND_ACK */
  self->backoff_initial_ms = 1000;
  self->backoff_max_ms = 30000;
  self->ping_interval_ms = 30000;
  self->pid = getpid ();
  self->client_kind = g_strdup ("custom");
  self->client_version = g_strdup (RB_VERSION);
  return self;
}

RbClientOptions *
rb_client_options_copy (const RbClientOptions *self)
{
  RbClientOptions *copy;

  g_return_val_if_fail (self != NULL, NULL);

  copy = g_memdup2 (self, sizeof *self);
  copy->account_id = g_strdup (self->account_id);
  copy->runtime_token = g_strdup (self->runtime_token);
  copy->data_dir = g_strdup (self->data_dir);
  copy->socket = g_strdup (self->socket);
  copy->program = g_strdup (self->program);
  copy->client_kind = g_strdup (self->client_kind);
  copy->client_version = g_strdup (self->client_version);
  return copy;
}

void
rb_client_options_free (RbClientOptions *self)
{
  if (self == NULL)
    return;

  g_free (self->account_id);
  g_free (self->runtime_token);
  g_free (self->data_dir);
  g_free (self->socket);
  g_free (self->program);
  g_free (self->client_kind);
  g_free (self->client_version);
  g_free (self);
}
