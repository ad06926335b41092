/* rb-client-site.c: where one broker listens and how to prove that one may talk to it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-site.h"

#include "rb-discovery.h"
#include "rb-error.h"
#include "rb-paths.h"
#include "rb-text.h"

#include <glib/gi18n-lib.h>
#include <errno.h>
#include <signal.h>

/* Host name of requests over a socket whose port nobody told us. */
#define FALLBACK_URL "http://127.0.0.1"

G_DEFINE_BOXED_TYPE (RbClientSite, rb_client_site, rb_client_site_copy, rb_client_site_free)

RbClientSite *
rb_client_site_copy (const RbClientSite *self)
{
  RbClientSite *copy;

  g_return_val_if_fail (self != NULL, NULL);

  copy = g_new0 (RbClientSite, 1);
  copy->socket = g_strdup (self->socket);
  copy->url = g_strdup (self->url);
  copy->bearer_token = g_strdup (self->bearer_token);
  copy->pid = self->pid;
  return copy;
}

void
rb_client_site_free (RbClientSite *self)
{
  if (self == NULL)
    return;

  g_free (self->socket);
  g_free (self->url);
  g_free (self->bearer_token);
  g_free (self);
}

gboolean
rb_client_site_equal (const RbClientSite *a,
                      const RbClientSite *b)
{
  return g_strcmp0 (a->socket, b->socket) == 0 && g_strcmp0 (a->url, b->url) == 0
         && g_strcmp0 (a->bearer_token, b->bearer_token) == 0;
}

static gboolean
is_alive (gint64 pid)
{
  return pid > 0 && pid <= G_MAXINT && (kill ((pid_t) pid, 0) == 0 || errno == EPERM);
}

/* What the file says becomes a URL to request; nothing but plain HTTP is. */
static gboolean
is_http (const char *url)
{
  g_autoptr(GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);

  return uri != NULL && g_str_equal (g_uri_get_scheme (uri), "http") && g_uri_get_host (uri) != NULL;
}

static RbClientSite *
site_from_discovery (const RbDiscovery *discovery)
{
  RbClientSite *self = g_new0 (RbClientSite, 1);

  if (discovery->socket != NULL && g_file_test (discovery->socket, G_FILE_TEST_EXISTS))
    self->socket = g_strdup (discovery->socket);
  self->url = g_strdup (discovery->ipc_url);
  self->bearer_token = g_strdup (discovery->bearer_token);
  self->pid = discovery->pid;
  return self;
}

static void
keep_newer (RbDiscovery **best,
            RbDiscovery  *candidate)
{
  /* iso-ms in UTC sorts as text */
  if (*best == NULL || g_strcmp0 ((*best)->started_at, candidate->started_at) < 0)
    {
      g_clear_pointer (best, rb_discovery_free);
      *best = candidate;
    }
  else
    {
      rb_discovery_free (candidate);
    }
}

/* Which identity runs is not known without a token, and need not be: whoever may read these files is the same user. */
static RbDiscovery *
find_newest (const RbClientOptions *options,
             const char            *socket)
{
  g_autofree char *data_dir = rb_paths_dup_data_dir (options->data_dir);
  g_autofree char *account = rb_text_sanitise (options->account_id);
  g_autofree char *account_dir = g_build_filename (data_dir, "runtime-broker", account, NULL);
  g_autoptr(GDir) dir = g_dir_open (account_dir, 0, NULL);
  RbDiscovery *best = NULL;
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (account_dir, name, "discovery.json", NULL);
      RbDiscovery *found = rb_discovery_read (path, NULL);

      if (found == NULL)
        continue;
      if (!is_http (found->ipc_url) || !is_alive (found->pid) || (socket != NULL && g_strcmp0 (socket, found->socket) != 0))
        rb_discovery_free (found);
      else
        keep_newer (&best, found);
    }
  return best;
}

static RbDiscovery *
find_by_token (const RbClientOptions *options,
               GError               **error)
{
  g_autoptr(RbPaths) paths = rb_paths_new (options->account_id, options->runtime_token, options->data_dir, error);

  return paths != NULL ? rb_discovery_read (paths->discovery_file, error) : NULL;
}

static RbClientSite *
find_by_socket (const RbClientOptions *options)
{
  g_autoptr(RbDiscovery) discovery = find_newest (options, options->socket);
  RbClientSite *self;

  if (discovery != NULL)
    return site_from_discovery (discovery);

  self = g_new0 (RbClientSite, 1);
  self->socket = g_strdup (options->socket);
  self->url = g_strdup (FALLBACK_URL);
  return self;
}

RbClientSite *
rb_client_site_find (const RbClientOptions *options,
                     GError               **error)
{
  g_autoptr(RbDiscovery) discovery = NULL;
  g_autoptr(GError) local_error = NULL;

  g_return_val_if_fail (options != NULL, NULL);

  if (options->socket != NULL)
    return find_by_socket (options);

  if (options->runtime_token != NULL)
    discovery = find_by_token (options, &local_error);
  else
    discovery = find_newest (options, NULL);
  if (discovery != NULL && is_http (discovery->ipc_url))
    return site_from_discovery (discovery);

  if (local_error != NULL && !g_error_matches (local_error, RB_ERROR, RB_ERROR_NOT_FOUND))
    g_propagate_error (error, g_steal_pointer (&local_error));
  else
    rb_set_error (error, RB_ERROR_NOT_FOUND, "broker_not_running", _ ("no broker is running for account '%s'"),
                  options->account_id);
  return NULL;
}
