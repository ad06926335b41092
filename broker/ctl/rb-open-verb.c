/* rb-open-verb.c: brokerctl open: the broker's web page in a browser
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-file.h"
#include "rb-json-writer.h"
#include "rb-verb.h"
#include "rb-view.h"

#include <glib/gi18n.h>

static gboolean print_only;

static const GOptionEntry options[] = {
  { "print", 'p', 0, G_OPTION_ARG_NONE, &print_only, N_ ("Print the address instead of opening it"), NULL },
  { NULL },
};

/* Other users of this machine can read command lines, a browser's too, and the address would let them in first. So the browser gets the name of a
 * file that only this user can read, and goes on from there. */
static char *
write_door (const char  *url,
            GError     **error)
{
  g_autofree char *folder = g_build_filename (g_get_user_runtime_dir (), "runtime-broker", NULL);
  g_autofree char *path = g_build_filename (folder, "open.html", NULL);
  g_autofree char *text = g_markup_printf_escaped ("<!doctype html>\n<meta charset=\"utf-8\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
                                                   "<meta http-equiv=\"refresh\" content=\"0;url=%s\">\n<title>runtime-broker</title>\n"
                                                   "<a href=\"%s\">runtime-broker</a>\n",
                                                   url, url);

  if (!rb_file_make_directory (folder, error) || !rb_file_write_atomic (path, text, -1, 0600, error))
    return NULL;
  return g_filename_to_uri (path, NULL, error);
}

static gboolean
has_desktop (void)
{
  const char *x11 = g_getenv ("DISPLAY");
  const char *wayland = g_getenv ("WAYLAND_DISPLAY");

  return (x11 != NULL && *x11 != '\0') || (wayland != NULL && *wayland != '\0');
}

/* The browser, even where another program opens files of its kind. */
static gboolean
launch (const char  *uri,
        GError     **error)
{
  const char *argv[] = { "xdg-open", uri, NULL };
  GList uris = { .data = (gpointer) uri };
  g_autoptr(GAppInfo) browser = g_app_info_get_default_for_uri_scheme ("http");

  if (browser != NULL)
    return g_app_info_launch_uris (browser, &uris, NULL, error);
  return g_spawn_async (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                        NULL, error);
}

static gboolean
try_to_open (const char *url)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *uri = NULL;

  if (!has_desktop ())
    {
      rb_ctl_warn ("%s", _ ("there is no desktop here to show a page on; open this address in a browser on this machine:"));
      return FALSE;
    }
  uri = write_door (url, &error);
  if (uri != NULL && launch (uri, &error))
    return TRUE;
  /* TRANSLATORS: why not */
  rb_ctl_warn (_ ("no browser can be started (%s); open this address in one on this machine:"), error->message);
  return FALSE;
}

static void
print_json (RbCtl      *ctl,
            const char *url,
            gint64      valid_ms,
            gboolean    is_open)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autofree char *text = NULL;

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "url", url);
  rb_json_writer_int (writer, "valid_ms", valid_ms);
  rb_json_writer_boolean (writer, "opened", is_open);
  rb_json_writer_end_object (writer);
  text = rb_json_writer_end_text (writer);
  rb_ctl_print_json_text (ctl, text, -1);
}

static RbExitCode
run_open (RbCtl             *ctl,
          const char *const *args)
{
  gboolean opens = !print_only;
  g_autoptr(GError) error = NULL;
  g_autoptr(RbJson) answer = NULL;
  g_autofree char *url = NULL;
  gint64 valid_ms;

  print_only = FALSE;
  answer = rb_ctl_call (ctl, "POST", "/v1/operator/page", NULL, &error);
  if (answer == NULL || (url = rb_json_dup_string (answer, "url", &error)) == NULL || !rb_json_get_int (answer, "valid_ms", &valid_ms, &error))
    return rb_ctl_fail (error);
  opens = opens && try_to_open (url);
  if (ctl->json)
    print_json (ctl, url, valid_ms, opens);
  else if (opens)
    rb_ctl_print (ctl, "%s\n", _ ("the page is being opened in your browser"));
  else
    rb_ctl_print (ctl, "%s\n", url);
  return RB_EXIT_OK;
}

const RbVerb rb_open_verb = {
  .name = "open",
  .summary = N_ ("Show the broker's web page"),
  .usage = "[--print]",
  .details = N_ ("The address lets one browser in, once, within a minute; that page stays logged in until it is closed or was not used for eight "
                 "hours. Without a desktop, or with --print, the address is printed; it is good on this machine only."),
  .options = options,
  .starts = TRUE,
  .run = run_open,
};
