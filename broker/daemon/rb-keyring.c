/* rb-keyring.c: the person's keyring, by libsecret
 *
 * Each of the functions opens a session, does one thing and closes it, on a main context of its own and under one deadline: they run before
 * the broker serves anybody, and nothing else may happen meanwhile. libsecret's own blocking calls wait for ever.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-keyring.h"

#include "rb-bus.h"
#include "rb-error.h"

#include <libsecret/secret.h>
#include <string.h>

#define MAX_LEFT_TURNS 100
#define CANCEL_MS 500   /* for the answer to a cancellation; then it is left to itself */

static const SecretSchema schema = {
  "io.github.runtimebroker.Credentials",
  SECRET_SCHEMA_NONE,
  { { "account", SECRET_SCHEMA_ATTRIBUTE_STRING }, { NULL, 0 } },
};

/* One visit to the keyring. The callbacks of calls that were left to themselves hold it, too. */
typedef struct {
  grefcount                ref_count;
  const RbKeyringPatience *patience;
  GMainContext            *context;
  GCancellable            *cancellable;
  gint64                   deadline_us;
  SecretService           *service;      /* (nullable) */
  GHashTable              *attributes;
  GAsyncResult            *result;       /* (nullable) of the call that is waited for */
} Visit;

static Visit *
visit_ref (Visit *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

static void
visit_unref (Visit *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;
  g_clear_object (&self->service);
  g_clear_object (&self->result);
  g_clear_pointer (&self->attributes, g_hash_table_unref);
  g_object_unref (self->cancellable);
  g_main_context_unref (self->context);
  g_free (self);
}

static Visit *
visit_new (const char              *account_id,
           const RbKeyringPatience *patience)
{
  Visit *self = g_new0 (Visit, 1);

  g_ref_count_init (&self->ref_count);
  self->patience = patience;
  self->context = g_main_context_new ();
  self->cancellable = g_cancellable_new ();
  self->deadline_us = g_get_monotonic_time () + patience->timeout_ms * 1000;
  self->attributes = secret_attributes_build (&schema, "account", account_id, NULL);
  g_main_context_push_thread_default (self->context);
  return self;
}

static void
visit_end (Visit *self)
{
  g_clear_object (&self->service);
  /* Proxies free what belongs to them in their context. */
  for (guint i = 0; i < MAX_LEFT_TURNS && g_main_context_iteration (self->context, FALSE); i++)
    continue;
  g_main_context_pop_thread_default (self->context);
  visit_unref (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Visit, visit_end)

static void
on_done (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Visit *self = user_data;

  g_set_object (&self->result, result);
  visit_unref (self);
}

static gboolean
on_time (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static gboolean
turn_until (Visit  *self,
            gint64  deadline_us)
{
  g_autoptr(GSource) timer = g_timeout_source_new (0);

  g_source_set_ready_time (timer, deadline_us);
  g_source_set_callback (timer, on_time, NULL, NULL);
  g_source_attach (timer, self->context);
  while (self->result == NULL && g_get_monotonic_time () < deadline_us)
    g_main_context_iteration (self->context, TRUE);
  g_source_destroy (timer);
  return self->result != NULL;
}

/* The answer to the call that has just been made with on_done(); NULL when none came. The caller owns it. */
static GAsyncResult *
wait_for (Visit   *self,
          GError **error)
{
  if (turn_until (self, self->deadline_us))
    return g_steal_pointer (&self->result);

  g_cancellable_cancel (self->cancellable);
  turn_until (self, g_get_monotonic_time () + CANCEL_MS * 1000);
  g_clear_object (&self->result);
  rb_set_error (error, RB_ERROR_TIMED_OUT, "keyring_timeout", self->patience->may_prompt
                ? "the keyring did not answer in time, or its question was not answered" : "the keyring did not answer in time");
  return NULL;
}

static gboolean
is_locked_error (const GError *error)
{
  /* What libsecret makes of a prompt that was closed, and of a service that leaves locked what it was asked to unlock. */
  return g_error_matches (error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED) || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
set_locked (Visit   *self,
            GError **error)
{
  rb_set_error (error, RB_ERROR_UNAVAILABLE, "keyring_locked", self->patience->may_prompt
                ? "the keyring is locked, and was not unlocked when it was asked to be" : "the keyring is locked");
}

/* Takes @local_error. Texts of the service are its own business, and might quote what it was given. */
static gboolean
translate (Visit   *self,
           GError  *local_error,
           GError **error)
{
  g_autoptr(GError) owned = local_error;

  if (is_locked_error (owned))
    set_locked (self, error);
  else if (g_error_matches (owned, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
           g_error_matches (owned, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER))
    rb_set_error (error, RB_ERROR_UNAVAILABLE, "keyring_unavailable", "no keyring serves this session (org.freedesktop.secrets)");
  else if (g_error_matches (owned, SECRET_ERROR, SECRET_ERROR_NO_SUCH_OBJECT) ||
           g_error_matches (owned, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD))
    rb_set_error (error, RB_ERROR_UNAVAILABLE, "keyring_unavailable", "the keyring has no place for it yet, and none was made when it asked");
  else
    rb_set_error (error, RB_ERROR_UNAVAILABLE, "keyring_unavailable", "the keyring failed (%s %d)", g_quark_to_string (owned->domain),
                  owned->code);
  return FALSE;
}

static gboolean
open_session (Visit   *self,
              GError **error)
{
  g_autofree char *address = rb_bus_dup_session_address ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GObject) connection = NULL;
  GError *local_error = NULL;

  if (address == NULL)
    {
      rb_set_error (error, RB_ERROR_UNAVAILABLE, "keyring_unavailable", "there is no session bus, and so no keyring");
      return FALSE;
    }
  secret_service_open (SECRET_TYPE_SERVICE, NULL, SECRET_SERVICE_OPEN_SESSION, self->cancellable, on_done, visit_ref (self));
  result = wait_for (self, error);
  if (result == NULL)
    return FALSE;
  self->service = secret_service_open_finish (result, &local_error);
  if (self->service == NULL)
    return translate (self, local_error, error);

  /* The end of the bus is not ours. */
  g_object_get (self->service, "g-connection", &connection, NULL);
  g_object_set (connection, "exit-on-close", FALSE, NULL);
  return TRUE;
}

static gboolean
search (Visit             *self,
        SecretSearchFlags  flags,
        SecretItem       **item,
        GError           **error)
{
  g_autoptr(GAsyncResult) result = NULL;
  GError *local_error = NULL;
  GList *items;

  if (self->patience->may_prompt)
    flags |= SECRET_SEARCH_UNLOCK;
  secret_service_search (self->service, &schema, self->attributes, flags, self->cancellable, on_done, visit_ref (self));
  result = wait_for (self, error);
  if (result == NULL)
    return FALSE;
  items = secret_service_search_finish (self->service, result, &local_error);
  if (local_error != NULL)
    return translate (self, local_error, error);
  *item = items != NULL ? g_object_ref (items->data) : NULL;
  g_list_free_full (items, g_object_unref);
  return TRUE;
}

/* The account's item, unlocked. */
static SecretItem *
find_item (Visit              *self,
           SecretSearchFlags   flags,
           GError            **error)
{
  g_autoptr(SecretItem) item = NULL;

  if (!open_session (self, error) || !search (self, flags, &item, error))
    return NULL;
  if (item == NULL)
    rb_set_error (error, RB_ERROR_NOT_FOUND, "no_login", "the keyring holds no login of this account");
  else if (secret_item_get_locked (item))
    set_locked (self, error);
  else
    return g_steal_pointer (&item);
  return NULL;
}

char *
rb_keyring_read (const char               *account_id,
                 const RbKeyringPatience  *patience,
                 GError                  **error)
{
  g_autoptr(Visit) visit = visit_new (account_id, patience);
  g_autoptr(SecretItem) item = find_item (visit, SECRET_SEARCH_LOAD_SECRETS, error);
  SecretValue *value = item != NULL ? secret_item_get_secret (item) : NULL;
  gsize length = 0;
  const char *text = value != NULL ? secret_value_get (value, &length) : NULL;
  char *copy = text != NULL ? g_strndup (text, length) : NULL;

  if (item != NULL && text == NULL)
    rb_set_error (error, RB_ERROR_UNAVAILABLE, "keyring_unavailable", "what the keyring holds for this account cannot be read");
  g_clear_pointer (&value, secret_value_unref);
  return copy;
}

gboolean
rb_keyring_write (const char               *account_id,
                  const char               *text,
                  const RbKeyringPatience  *patience,
                  GError                  **error)
{
  g_autoptr(Visit) visit = visit_new (account_id, patience);
  g_autofree char *label = g_strdup_printf ("runtime-broker: account %s", account_id);
  g_autoptr(GAsyncResult) result = NULL;
  GError *local_error = NULL;
  SecretValue *value;

  if (!open_session (visit, error))
    return FALSE;
  value = secret_value_new (text, -1, "application/json");
  secret_service_store (visit->service, &schema, visit->attributes, SECRET_COLLECTION_DEFAULT, label, value, visit->cancellable, on_done,
                        visit_ref (visit));
  secret_value_unref (value);
  result = wait_for (visit, error);
  if (result == NULL)
    return FALSE;
  return secret_service_store_finish (visit->service, result, &local_error) || translate (visit, local_error, error);
}

gboolean
rb_keyring_remove (const char               *account_id,
                   const RbKeyringPatience  *patience,
                   GError                  **error)
{
  g_autoptr(Visit) visit = visit_new (account_id, patience);
  g_autoptr(SecretItem) item = find_item (visit, SECRET_SEARCH_NONE, error);
  g_autoptr(GAsyncResult) result = NULL;
  GError *local_error = NULL;

  if (item == NULL)
    return FALSE;
  secret_item_delete (item, visit->cancellable, on_done, visit_ref (visit));
  result = wait_for (visit, error);
  if (result == NULL)
    return FALSE;
  return secret_item_delete_finish (item, result, &local_error) || translate (visit, local_error, error);
}

void
rb_keyring_free_text (char *text)
{
  if (text != NULL)
    explicit_bzero (text, strlen (text));
  g_free (text);
}
