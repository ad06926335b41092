/* rb-setup.c: the settings of one start, from every source
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-setup.h"

#include "rb-connector-boundary.h"
#include "rb-host.h"
#include "rb-installed.h"
#include "rb-keyring.h"
#include "rb-login-record.h"
#include "rb-paths.h"
#include "rb-profile.h"
#include "rb-sqlite-store.h"

#include <string.h>

#define MAX_OPENCLAW_BYTES (4 * 1024 * 1024)
#define CREDENTIAL "masons.json"   /* LoadCredential=masons.json:PATH */
#define FROM_SYSTEMD "systemd credential"
#define FROM_LOGIN "login"
#define FROM_KEYRING "keyring"
#define KEYRING_QUICK_MS 1000   /* a keyring that is open answers within a few */

static void
set_option (RbSettings *settings,
            const char *key,
            const char *value)
{
  g_autofree char *origin = g_strdup_printf ("option --%s", key);

  if (value != NULL)
    rb_settings_set (settings, "broker", key, value, RB_ORIGIN_OPTION, origin);
}

static void
add_options (RbSettings           *settings,
             const RbSetupOptions *options,
             GPtrArray            *problems)
{
  set_option (settings, "profile", options->profile);
  if (options->account != NULL)
    rb_settings_set (settings, "broker", "account-id", options->account, RB_ORIGIN_OPTION, "option --account");
  set_option (settings, "data-dir", options->data_dir);
  if (options->log_level != NULL)
    rb_settings_set (settings, "log", "level", options->log_level, RB_ORIGIN_OPTION, "option --log-level");
  for (guint i = 0; options->assignments != NULL && options->assignments[i] != NULL; i++)
    rb_settings_add_option (settings, options->assignments[i], problems);
}

/* Size first: the file is another program's and may be anything. A copy, because a mapped file that somebody shortens would end us
 * with SIGBUS. */
static GBytes *
read_openclaw (const RbSettings *settings)
{
  g_autofree char *path = rb_profile_dup_openclaw (settings);
  g_autoptr(GMappedFile) file = NULL;

  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return NULL;
  file = g_mapped_file_new (path, FALSE, NULL);
  if (file == NULL || g_mapped_file_get_length (file) > MAX_OPENCLAW_BYTES)
    return NULL;
  return g_bytes_new (g_mapped_file_get_contents (file), g_mapped_file_get_length (file));
}

static void
infer_file (RbSettings *settings,
            const char *path,
            const char *origin)
{
  rb_settings_infer (settings, "broker", "credentials-file", path, origin);
  rb_settings_resolve (settings, NULL);
}

/* Where nobody wrote which file it is: the service manager's, else the one that a login made. */
static void
infer_credentials_file (RbSettings          *settings,
                        const RbLoginRecord *login)
{
  const char *directory = g_getenv ("CREDENTIALS_DIRECTORY");
  g_autofree char *path = directory != NULL && *directory != '\0' ? g_build_filename (directory, CREDENTIAL, NULL) : NULL;

  if (rb_settings_get_string (settings, "broker", "credentials-file") != NULL)
    return;
  if (path != NULL && g_file_test (path, G_FILE_TEST_EXISTS))
    infer_file (settings, path, FROM_SYSTEMD);
  else if (login->place == RB_LOGIN_FILE)
    infer_file (settings, login->file, FROM_LOGIN);
}

static gboolean
is_in_keyring (const RbSettings    *settings,
               const RbLoginRecord *login)
{
  return login->place == RB_LOGIN_KEYRING && rb_settings_get_string (settings, "broker", "credentials-file") == NULL;
}

static void
infer_profile (RbSettings          *settings,
               const RbLoginRecord *login)
{
  g_autoptr(GBytes) openclaw = read_openclaw (settings);
  g_autofree char *origin = NULL;

  if (is_in_keyring (settings, login))
    rb_settings_infer (settings, "broker", "profile", "masons", FROM_LOGIN);
  else if (rb_profile_is_masons (settings, openclaw, &origin))
    rb_settings_infer (settings, "broker", "profile", "masons", origin);
}

GStrv
rb_setup_dup_module_dirs (const RbSettings *settings,
                          const char       *module_path,
                          const char       *program)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *dir = NULL;
  g_auto(GStrv) configured = NULL;

  if (module_path != NULL && *module_path != '\0')
    return g_strsplit (module_path, ":", -1);
  configured = rb_settings_dup_list (settings, "broker", "modules-dir");
  if (configured != NULL && configured[0] != NULL)
    return g_steal_pointer (&configured);

  dir = rb_installed_dup_dir (RB_MODULE_DIR, "modules", program);
  g_strv_builder_add (builder, dir);
  return g_strv_builder_end (builder);
}

GStrv
rb_setup_dup_own_module_dirs (const RbSettings *settings)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);

  return rb_setup_dup_module_dirs (settings, g_getenv ("RB_MODULE_PATH"), program);
}

gboolean
rb_setup_is_isolated (const char *name,
                      gpointer    user_data)
{
  return rb_settings_is_isolated (user_data, name);
}

/* Asks modules for their tables; nothing of them is made. */
static RbHost *
make_peek_host (const RbSettings *settings)
{
  g_auto(GStrv) directories = rb_setup_dup_own_module_dirs (settings);
  g_autoptr(RbClock) clock = rb_clock_new_system ();
  RbHostOptions options = {
    .directories = (const char *const *) directories, .environment = { .clock = clock },
    .isolate = rb_setup_is_isolated, .isolate_data = (gpointer) settings,
  };

  return rb_host_new (&options, NULL, NULL);
}

static const char *
setting_of (RbModuleKind kind)
{
  switch (kind)
    {
    case RB_MODULE_CONNECTOR:
      return "connector";
    case RB_MODULE_UPSTREAM:
      return "upstream";
    case RB_MODULE_EMITTER:
      return "emitters";
    case RB_MODULE_SPAWN_DRIVER:
      return "spawn-drivers";
    }
  g_return_val_if_reached (NULL);
}

/* Named after what asked for the module: its own setting, or else the profile. */
static void
add_missing (const RbSettings     *settings,
             const RbModuleChoice *choice,
             const char           *text,
             GPtrArray            *problems)
{
  const char *key = setting_of (choice->kind);

  if (rb_settings_get_string (settings, "broker", key) == NULL)
    key = "profile";
  g_ptr_array_add (problems, g_strdup_printf ("%s: [broker] %s: the %s '%s' cannot be used: %s",
                                              rb_settings_get_origin (settings, "broker", key), key,
                                              rb_module_kind_to_string (choice->kind), choice->name, text));
}

static void
learn_choices (RbSettings *settings,
               RbHost     *host,
               GPtrArray  *choices,
               GPtrArray  *problems)
{
  for (guint i = 0; i < choices->len; i++)
    {
      const RbModuleChoice *choice = choices->pdata[i];
      g_autoptr(GError) error = NULL;
      const RbModuleInfo *info = rb_host_peek (host, choice->kind, choice->name, &error);

      if (info != NULL)
        rb_settings_add_module (settings, info);
      else if (choice->required)
        add_missing (settings, choice, error->message, problems);
    }
}

/* Settings of a module that does not run now are still settings of a module. */
static void
learn_others (RbSettings *settings,
              RbHost     *host)
{
  g_auto(GStrv) groups = rb_settings_dup_unknown_groups (settings);

  for (guint i = 0; groups[i] != NULL; i++)
    for (guint kind = RB_MODULE_CONNECTOR; kind <= RB_MODULE_EMITTER; kind++)
      {
        const RbModuleInfo *info = rb_host_peek (host, (RbModuleKind) kind, groups[i], NULL);

        if (info != NULL)
          rb_settings_add_module (settings, info);
      }
}

/* What the user wrote for a module weighs more than what the credentials say. */
static const char *
get_written (RbSettings *settings,
             const char *group,
             const char *key)
{
  if (!rb_settings_has_key (settings, group, key) || g_str_equal (rb_settings_get_origin (settings, group, key), "default"))
    return NULL;
  return rb_settings_get_string (settings, group, key);
}

static void
offer (RbSettings *settings,
       const char *group,
       const char *key,
       const char *value,
       const char *origin)
{
  /* Another connector or upstream may have been chosen. */
  if (rb_settings_has_key (settings, group, key))
    rb_settings_infer (settings, group, key, value, origin);
}

/* NULL for the peer's variable, whose name is in the peer's texts. */
static const char *
get_namer (const RbSettings *settings)
{
  const char *origin = rb_settings_get_origin (settings, "broker", "credentials-file");

  return g_str_equal (origin, FROM_SYSTEMD) || g_str_equal (origin, FROM_LOGIN) ? origin : NULL;
}

static RbCredentials *
read_keyring (RbCredentialsQuery       *query,
              const RbKeyringPatience  *patience,
              GError                  **error)
{
  char *text = rb_keyring_read (query->account_id, patience, error);
  g_autoptr(GBytes) bytes = NULL;

  if (text == NULL)
    {
      g_prefix_error (error, "account \"%s\" is logged in, but ", query->account_id);
      return NULL;
    }
  query->named_by = FROM_KEYRING;
  bytes = g_bytes_new_with_free_func (text, strlen (text), (GDestroyNotify) rb_keyring_free_text, text);
  return rb_credentials_parse (query, bytes, error);
}

static gboolean
may_mend (const GError *error)
{
  const char *reason = rb_error_get_reason (error);

  return g_strcmp0 (reason, "keyring_locked") == 0 || g_strcmp0 (reason, "keyring_timeout") == 0;
}

/* Who waits for us is told so before the person is asked, and not at all where that is not needed. */
static RbCredentials *
read_keyring_for_waiting (RbCredentialsQuery       *query,
                          const RbKeyringPatience  *patience,
                          const RbSetupOptions     *options,
                          GError                  **error)
{
  const RbKeyringPatience quick = { MIN (KEYRING_QUICK_MS, patience->timeout_ms), FALSE };
  g_autoptr(GError) local_error = NULL;
  RbCredentials *credentials;

  if (options->asks == NULL || !patience->may_prompt)
    return read_keyring (query, patience, error);
  credentials = read_keyring (query, &quick, &local_error);
  if (credentials != NULL)
    return credentials;
  if (may_mend (local_error))
    {
      options->asks (local_error, options->asks_data);
      return read_keyring (query, patience, error);
    }
  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

static RbCredentials *
read_credentials (RbSettings           *settings,
                  const RbLoginRecord  *login,
                  const RbSetupOptions *options,
                  GPtrArray            *problems)
{
  const RbKeyringPatience patience = { rb_settings_get_integer (settings, "broker", "keyring-timeout-ms"), options->may_prompt };
  g_autofree char *openclaw_file = rb_profile_dup_openclaw (settings);
  const char *own_host = get_written (settings, "http", "api-host");
  RbCredentialsQuery query = {
    .account_id = rb_settings_get_string (settings, "broker", "account-id"),
    .credentials_file = rb_settings_get_string (settings, "broker", "credentials-file"),
    .named_by = get_namer (settings),
    .openclaw_file = openclaw_file,
    .api_host = own_host != NULL ? own_host : rb_settings_get_string (settings, "broker", "api-host"),
  };
  g_autoptr(GError) error = NULL;
  RbCredentials *credentials;

  if (own_host != NULL)
    query.api_host_origin = rb_settings_get_origin (settings, "http", "api-host");
  else if (query.api_host != NULL)
    query.api_host_origin = rb_settings_get_origin (settings, "broker", "api-host");

  credentials = is_in_keyring (settings, login) ? read_keyring_for_waiting (&query, &patience, options, &error)
                                                : rb_credentials_read (&query, &error);
  if (credentials == NULL)
    g_ptr_array_add (problems, g_strdup (error->message));
  return credentials;
}

static void
check_own_url (RbSettings          *settings,
               const RbCredentials *credentials,
               GPtrArray           *problems)
{
  const char *url = get_written (settings, "gateway", "url");
  g_autofree char *source = NULL;
  g_autoptr(GError) error = NULL;

  if (url == NULL)
    return;
  source = g_strdup_printf ("%s: [gateway] url", rb_settings_get_origin (settings, "gateway", "url"));
  if (!rb_connector_boundary_check (source, rb_settings_get_string (settings, "broker", "account-id"), credentials->api_host, url,
                                    &error))
    g_ptr_array_add (problems, g_strdup (error->message));
}

/* Resolved settings in, settings to be resolved again out. */
static RbCredentials *
learn_credentials (RbSettings           *settings,
                   const RbLoginRecord  *login,
                   const RbSetupOptions *options,
                   GPtrArray            *problems)
{
  g_autoptr(RbCredentials) credentials = NULL;

  if (!g_str_equal (rb_settings_get_string (settings, "broker", "profile"), "masons"))
    return NULL;
  credentials = read_credentials (settings, login, options, problems);
  if (credentials == NULL)
    return NULL;

  check_own_url (settings, credentials, problems);
  offer (settings, "gateway", "url", credentials->connector_url, credentials->origin);
  offer (settings, "http", "api-host", credentials->api_host, credentials->api_host_origin);
  offer (settings, "broker", "runtime-token", RB_SETTING_SECRET_SHOWN, credentials->origin);
  return g_steal_pointer (&credentials);
}

static void
learn_chosen (RbSettings *settings,
              GPtrArray  *problems)
{
  g_autoptr(RbHost) host = make_peek_host (settings);
  g_autoptr(GPtrArray) choices = rb_profile_choose (settings);

  learn_choices (settings, host, choices, problems);
  learn_others (settings, host);
  rb_profile_check_required (settings, choices, problems);
}

/* "connector-local.so" */
static void
learn_file (RbSettings *settings,
            RbHost     *host,
            const char *file_name)
{
  for (guint kind = RB_MODULE_CONNECTOR; kind <= RB_MODULE_EMITTER; kind++)
    {
      g_autofree char *prefix = g_strconcat (rb_module_kind_to_string ((RbModuleKind) kind), "-", NULL);
      g_autofree char *name = NULL;
      const RbModuleInfo *info;

      if (!g_str_has_prefix (file_name, prefix) || !g_str_has_suffix (file_name, "." G_MODULE_SUFFIX))
        continue;
      name = g_strndup (file_name + strlen (prefix), strlen (file_name) - strlen (prefix) - strlen ("." G_MODULE_SUFFIX));
      info = rb_host_peek (host, (RbModuleKind) kind, name, NULL);
      if (info != NULL)
        rb_settings_add_module (settings, info);
    }
}

void
rb_setup_learn_modules (RbSettings       *settings,
                        const RbSettings *basic)
{
  g_autoptr(RbHost) host = make_peek_host (basic);
  g_auto(GStrv) directories = rb_setup_dup_own_module_dirs (basic);

  for (guint i = 0; directories[i] != NULL; i++)
    {
      g_autoptr(GDir) dir = g_dir_open (directories[i], 0, NULL);
      const char *file_name;

      while (dir != NULL && (file_name = g_dir_read_name (dir)) != NULL)
        learn_file (settings, host, file_name);
    }
}

static void
read_login (const RbSettings *settings,
            RbLoginRecord    *login,
            GPtrArray        *problems)
{
  g_autoptr(GError) error = NULL;

  if (!rb_login_record_read (rb_settings_get_string (settings, "broker", "account-id"), login, &error))
    g_ptr_array_add (problems, g_strdup (error->message));
}

RbSettings *
rb_setup_basic_settings (const RbSetupOptions *options,
                         GPtrArray            *problems)
{
  g_auto(GStrv) environment = g_get_environ ();
  RbSettings *settings = rb_settings_new ();

  rb_settings_read_files (settings, options->config_file, problems);
  rb_settings_add_environment (settings, (const char *const *) environment);
  add_options (settings, options, problems);

  /* Which modules there are decides which keys there are, so what is wrong is said in a later round. */
  rb_settings_resolve (settings, NULL);
  return settings;
}

RbSettings *
rb_setup_settings (const RbSetupOptions  *options,
                   RbCredentials        **credentials,
                   GPtrArray             *problems)
{
  RbSettings *settings = rb_setup_basic_settings (options, problems);
  g_auto(RbLoginRecord) login = { RB_LOGIN_NONE };

  read_login (settings, &login, problems);
  infer_credentials_file (settings, &login);
  infer_profile (settings, &login);
  rb_settings_resolve (settings, NULL);
  learn_chosen (settings, problems);
  rb_settings_resolve (settings, NULL);
  *credentials = learn_credentials (settings, &login, options, problems);
  rb_settings_resolve (settings, problems);
  return settings;
}

void
rb_setup_check_required (const RbSettings *settings,
                         GPtrArray        *problems)
{
  g_autoptr(RbHost) host = make_peek_host (settings);
  g_autoptr(GPtrArray) choices = rb_profile_choose (settings);

  for (guint i = 0; i < choices->len; i++)
    {
      const RbModuleChoice *choice = choices->pdata[i];
      g_autoptr(GError) error = NULL;

      if (choice->required && rb_host_peek (host, choice->kind, choice->name, &error) == NULL)
        add_missing (settings, choice, error->message, problems);
    }
}

guint
rb_setup_find_missing_modules (const RbSettings *settings,
                               GPtrArray        *missing)
{
  g_autoptr(RbHost) host = make_peek_host (settings);
  g_autoptr(GPtrArray) choices = rb_profile_choose (settings);

  for (guint i = 0; i < choices->len; i++)
    {
      const RbModuleChoice *choice = choices->pdata[i];
      g_autoptr(GError) error = NULL;

      if (rb_host_peek (host, choice->kind, choice->name, &error) == NULL)
        g_ptr_array_add (missing, g_strdup_printf ("%s '%s': %s", rb_module_kind_to_string (choice->kind), choice->name, error->message));
    }
  return choices->len;
}

void
rb_setup_check_database (const RbSettings    *settings,
                         const RbCredentials *credentials,
                         GPtrArray           *problems)
{
  const char *account = rb_settings_get_string (settings, "broker", "account-id");
  const char *data_dir = rb_settings_get_string (settings, "broker", "data-dir");
  g_autofree char *token = credentials != NULL ? g_strdup (credentials->token) : rb_paths_local_secret (account, data_dir, FALSE, NULL);
  g_autoptr(RbPaths) paths = token != NULL ? rb_paths_new (account, token, data_dir, NULL) : NULL;
  g_autofree char *path = paths != NULL ? g_build_filename (paths->state_dir, "broker.db", NULL) : NULL;
  g_autoptr(GError) error = NULL;

  /* Without a secret there was no broker yet. */
  if (path != NULL && !rb_sqlite_store_peek (path, &error))
    g_ptr_array_add (problems, g_strdup (error->message));
}
