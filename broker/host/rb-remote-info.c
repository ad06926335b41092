/* rb-remote-info.c: which modules run in a process of their own, and what they say of themselves
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-remote-info.h"

#include "rb-remote-connector.h"
#include "rb-remote-log.h"
#include "rb-remote-parts.h"
#include "rb-remote-process.h"

#include <string.h>

#define ANSWER_MS 10000
#define OPEN_TYPE "(iass)"               /* kind, directories, name */
#define OPENED_TYPE "(ssssa(simsms))"    /* path, name, version, summary; of each setting key, type, default, summary */

typedef struct {
  RbModuleInfo  info;    /* its strings are interned */
  const char   *path;
  char         *asked;   /* what for */
} Known;

/* Of Known; they stay, as modules that were opened here do. Main thread only. */
static GPtrArray *all;

static const RbModuleSetting own_settings[] = {
  { RB_REMOTE_ISOLATE, RB_SETTING_BOOLEAN, "false",
    "Whether this connector runs in a process of its own, which is started again when it dies, hangs or needs too much memory" },
  { RB_REMOTE_MEMORY, RB_SETTING_INTEGER, "512", "MiB of memory that such a process may have for itself; 0: no limit" },
  { NULL },
};

const RbModuleSetting *
rb_remote_get_settings (void)
{
  return own_settings;
}

gboolean
rb_remote_is_setting (const char *key)
{
  for (const RbModuleSetting *at = own_settings; at->key != NULL; at++)
    if (g_str_equal (at->key, key))
      return TRUE;
  return FALSE;
}

char *
rb_remote_info_dup_title (RbModuleKind  kind,
                          const char   *name)
{
  g_autofree char *base = g_path_get_basename (name);

  if (g_str_has_suffix (base, ".so"))
    base[strlen (base) - strlen (".so")] = '\0';
  if (g_str_has_prefix (base, rb_module_kind_to_string (kind)))
    return g_steal_pointer (&base);
  return g_strconcat (rb_module_kind_to_string (kind), "-", base, NULL);
}

GVariant *
rb_remote_open_new (const char *const *directories,
                    RbModuleKind       kind,
                    const char        *name)
{
  static const char *const none[] = { NULL };

  return g_variant_new ("(i^ass)", (int) kind, directories != NULL ? directories : none, name);
}

gboolean
rb_remote_open_read (const RbRemoteFrame  *frame,
                     GStrv                *directories,
                     RbModuleKind         *kind,
                     char                **name)
{
  g_autoptr(GVariant) value = rb_remote_dup_variant (frame, OPEN_TYPE, NULL);
  int number;

  if (value == NULL)
    return FALSE;
  g_variant_get (value, "(i^ass)", &number, directories, name);
  *kind = (RbModuleKind) number;
  return TRUE;
}

static const char *
or_empty (const char *text)
{
  return text != NULL ? text : "";
}

GVariant *
rb_remote_opened_new (const RbModuleInfo *info,
                      const char         *path)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(simsms)"));
  for (const RbModuleSetting *at = info->settings; at != NULL && at->key != NULL; at++)
    g_variant_builder_add (&builder, "(simsms)", at->key, (int) at->type, at->default_value, at->summary);
  return g_variant_new ("(ssss@a(simsms))", path, info->name, or_empty (info->version), or_empty (info->summary),
                        g_variant_builder_end (&builder));
}

static const RbModuleSetting *
settings_from (GVariant *rows)
{
  gsize n = g_variant_n_children (rows), n_own = G_N_ELEMENTS (own_settings);
  RbModuleSetting *settings = g_new0 (RbModuleSetting, n + n_own);

  for (gsize i = 0; i < n; i++)
    {
      const char *key, *fallback, *summary;
      int type;

      g_variant_get_child (rows, i, "(&sim&sm&s)", &key, &type, &fallback, &summary);
      settings[i] = (RbModuleSetting) { g_intern_string (key), (RbSettingType) CLAMP (type, RB_SETTING_STRING, RB_SETTING_STRING_LIST),
                                        g_intern_string (fallback), g_intern_string (summary) };
    }
  memcpy (settings + n, own_settings, sizeof own_settings);
  return settings;
}

static const Known *
keep (GVariant     *opened,
      RbModuleKind  kind,
      const char   *asked)
{
  const char *path, *name, *version, *summary;
  g_autoptr(GVariant) rows = NULL;
  Known *known = g_new0 (Known, 1);

  g_variant_get (opened, "(&s&s&s&s@a(simsms))", &path, &name, &version, &summary, &rows);
  known->info = (RbModuleInfo) {
    .abi = RB_MODULE_ABI, .size = sizeof (RbModuleInfo), .name = g_intern_string (name), .version = g_intern_string (version),
    .summary = g_intern_string (summary), .kind = kind, .settings = settings_from (rows), .get_type = rb_remote_connector_get_type,
  };
  known->path = g_intern_string (path);
  known->asked = g_strdup (asked);
  if (all == NULL)
    all = g_ptr_array_new ();
  g_ptr_array_add (all, known);
  return known;
}

static const Known *
find_known (const RbModuleInfo *info,
            const char         *asked)
{
  for (guint i = 0; all != NULL && i < all->len; i++)
    {
      const Known *known = all->pdata[i];

      if (&known->info == info || (asked != NULL && g_str_equal (known->asked, asked)))
        return known;
    }
  return NULL;
}

const char *
rb_remote_info_get_path (const RbModuleInfo *info)
{
  const Known *known = find_known (info, NULL);

  return known != NULL ? known->path : NULL;
}

typedef struct {
  const char *title;
  gboolean    done;
  GVariant   *opened;
  GError     *error;
} Question;

static void
on_frame (const RbRemoteFrame *frame,
          gpointer             user_data)
{
  Question *question = user_data;
  gboolean ok;

  if (frame->type == RB_REMOTE_LOG)
    {
      rb_remote_log_write (frame, question->title);
      return;
    }
  if (question->done)
    return;
  question->done = TRUE;
  if (frame->type == RB_REMOTE_OPENED)
    question->opened = rb_remote_dup_variant (frame, OPENED_TYPE, &question->error);
  else if (frame->type != RB_REMOTE_FAILED || !rb_remote_outcome_read (frame, &ok, &question->error) || question->error == NULL)
    rb_set_error (&question->error, RB_ERROR_UNAVAILABLE, "module_process_died", "Its process did not say what it is");
}

static void
on_died (const char *reason,
         gpointer    user_data)
{
}

static GVariant *
ask (const char *const  *directories,
     RbModuleKind        kind,
     const char         *name,
     GError            **error)
{
  static const RbRemoteProcessFuncs funcs = { on_frame, on_died };
  g_autofree char *title = rb_remote_info_dup_title (kind, name);
  const RbRemoteProcessOptions options = { .title = title };
  Question question = { .title = title };
  g_autoptr(RbRemoteProcess) process = rb_remote_process_new (&options, &funcs, &question, error);
  RbRemoteFrame frame = { RB_REMOTE_OPEN };
  g_autoptr(GVariant) value = NULL;

  if (process == NULL)
    return NULL;
  value = rb_remote_put_variant (&frame, rb_remote_open_new (directories, kind, name));
  rb_remote_pipe_send (rb_remote_process_get_pipe (process), &frame);
  if (!rb_remote_process_wait (process, &question.done, ANSWER_MS, error))
    return NULL;
  if (question.error != NULL)
    g_propagate_error (error, question.error);
  return question.opened;
}

const RbModuleInfo *
rb_remote_info_open (const char *const  *directories,
                     RbModuleKind        kind,
                     const char         *name,
                     char              **path,
                     GError            **error)
{
  g_autofree char *places = directories != NULL ? g_strjoinv ("\n", (char **) directories) : NULL;
  g_autofree char *asked = g_strdup_printf ("%d\n%s\n%s", (int) kind, name, or_empty (places));
  const Known *known = find_known (NULL, asked);
  g_autoptr(GVariant) opened = NULL;

  if (known == NULL)
    {
      opened = ask (directories, kind, name, error);
      if (opened == NULL)
        return NULL;
      known = keep (opened, kind, asked);
    }
  *path = g_strdup (known->path);
  return &known->info;
}
