/* rb-profile.c: which modules run
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-profile.h"

#include "rb-error.h"
#include "rb-json.h"

#define MAX_OPENCLAW_BYTES (4 * 1024 * 1024)

static const struct {
  const char *profile;
  const char *connector;
  const char *upstream;
  const char *emitters;
  const char *spawn_drivers;
} profiles[] = {
  { "local",  "local",   "local", "journal",      "command" },
  { "masons", "gateway", "http",  "http;journal", "claude-code;codex;command" },
};

static void
choice_free (RbModuleChoice *choice)
{
  g_free (choice->name);
  g_free (choice);
}

/* "journal" and "emitter-journal" mean the same module. */
static gboolean
is_listed (const char *const *list,
           RbModuleKind        kind,
           const char         *name)
{
  g_autofree char *full = g_strdup_printf ("%s-%s", rb_module_kind_to_string (kind), name);

  return list != NULL && (g_strv_contains (list, name) || g_strv_contains (list, full));
}

static void
add_choice (GPtrArray    *choices,
            RbModuleKind  kind,
            const char   *name,
            gboolean      required)
{
  RbModuleChoice *choice = g_new0 (RbModuleChoice, 1);

  choice->kind = kind;
  choice->name = g_strdup (name);
  choice->required = required;
  g_ptr_array_add (choices, choice);
}

static void
add_one (GPtrArray        *choices,
         const RbSettings *settings,
         RbModuleKind      kind,
         const char       *key,
         const char       *usual)
{
  const char *own = rb_settings_get_string (settings, "broker", key);

  add_choice (choices, kind, own != NULL ? own : usual, TRUE);
}

static void
add_list (GPtrArray        *choices,
          const RbSettings *settings,
          RbModuleKind      kind,
          const char       *key,
          const char       *usual)
{
  g_auto(GStrv) required = rb_settings_dup_list (settings, "broker", "required-modules");
  g_auto(GStrv) names = rb_settings_dup_list (settings, "broker", key);

  if (names == NULL)
    names = g_strsplit (usual, ";", -1);
  for (guint i = 0; names[i] != NULL; i++)
    if (*names[i] != '\0')
      add_choice (choices, kind, names[i], is_listed ((const char *const *) required, kind, names[i]));
}

GPtrArray *
rb_profile_choose (const RbSettings *settings)
{
  const char *profile = rb_settings_get_string (settings, "broker", "profile");
  GPtrArray *choices = g_ptr_array_new_with_free_func ((GDestroyNotify) choice_free);
  guint i = 0;

  while (i < G_N_ELEMENTS (profiles) - 1 && !g_str_equal (profiles[i].profile, profile))
    i++;

  add_one (choices, settings, RB_MODULE_CONNECTOR, "connector", profiles[i].connector);
  add_one (choices, settings, RB_MODULE_UPSTREAM, "upstream", profiles[i].upstream);
  add_list (choices, settings, RB_MODULE_EMITTER, "emitters", profiles[i].emitters);
  add_list (choices, settings, RB_MODULE_SPAWN_DRIVER, "spawn-drivers", profiles[i].spawn_drivers);
  return choices;
}

gboolean
rb_profile_check_connector (const char  *connector,
                            const char  *upstream,
                            GError     **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (profiles); i++)
    {
      if (!g_str_equal (profiles[i].connector, connector) || g_strcmp0 (profiles[i].upstream, upstream) == 0)
        continue;
      rb_set_error (error, RB_ERROR_INVALID, "other_network",
                    "connector '%s' is of profile '%s', whose network upstream '%s' knows; this broker has upstream '%s'. "
                    "'brokerctl config set broker.profile %s' and 'brokerctl restart' change both",
                    connector, profiles[i].profile, profiles[i].upstream, upstream, profiles[i].profile);
      return FALSE;
    }
  return TRUE;
}

static gboolean
is_chosen (GPtrArray  *choices,
           const char *required)
{
  const char *const list[] = { required, NULL };

  for (guint i = 0; i < choices->len; i++)
    {
      const RbModuleChoice *choice = choices->pdata[i];

      if (is_listed (list, choice->kind, choice->name))
        return TRUE;
    }
  return FALSE;
}

void
rb_profile_check_required (const RbSettings *settings,
                           GPtrArray        *choices,
                           GPtrArray        *problems)
{
  g_auto(GStrv) required = rb_settings_dup_list (settings, "broker", "required-modules");

  for (guint i = 0; required != NULL && required[i] != NULL; i++)
    if (!is_chosen (choices, required[i]))
      g_ptr_array_add (problems, g_strdup_printf ("%s: [broker] required-modules: '%s' is required, but no setting chooses it",
                                                  rb_settings_get_origin (settings, "broker", "required-modules"), required[i]));
}

/* A malformed file counts as an empty object (protocol.md 3.2). */
static gboolean
has_account (GBytes     *openclaw_json,
             const char *account_id)
{
  g_autoptr(RbJson) root = rb_json_parse_object (openclaw_json, MAX_OPENCLAW_BYTES, NULL);
  g_autoptr(RbJson) channels = root != NULL ? rb_json_open (root, "channels", NULL) : NULL;
  g_autoptr(RbJson) network = channels != NULL ? rb_json_open (channels, "agent-network", NULL) : NULL;
  g_autoptr(RbJson) accounts = network != NULL ? rb_json_open (network, "accounts", NULL) : NULL;

  return accounts != NULL && rb_json_get_member_type (accounts, account_id) == RB_JSON_OBJECT;
}

gboolean
rb_profile_is_masons (const RbSettings  *settings,
                      GBytes            *openclaw_json,
                      char             **origin)
{
  if (rb_settings_get_string (settings, "broker", "credentials-file") != NULL)
    {
      *origin = g_strdup (rb_settings_get_origin (settings, "broker", "credentials-file"));
      return TRUE;
    }
  if (openclaw_json == NULL || !has_account (openclaw_json, rb_settings_get_string (settings, "broker", "account-id")))
    return FALSE;

  *origin = rb_profile_dup_openclaw (settings);
  return TRUE;
}

char *
rb_profile_dup_openclaw (const RbSettings *settings)
{
  const char *home = rb_settings_get_string (settings, "broker", "openclaw-home");

  if (home != NULL)
    return g_build_filename (home, "openclaw.json", NULL);
  return g_build_filename (g_get_home_dir (), ".openclaw", "openclaw.json", NULL);
}
