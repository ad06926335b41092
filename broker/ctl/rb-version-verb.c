/* rb-version-verb.c: brokerctl version: of this program, of the daemon that is installed, and of the broker that runs
 *
 * After an upgrade the broker that runs is still the old one; that is what this is asked for mostly.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-client-start.h"
#include "rb-json-writer.h"
#include "rb-module.h"
#include "rb-program.h"
#include "rb-verb.h"
#include "rb-view.h"

#include <glib/gi18n.h>
#include <string.h>

#define PROGRAM_MS 5000
#define PROGRAM_NAME "runtime-brokerd "
#define TITLE_CELLS 17

/* NULL: unknown. */
typedef struct {
  char   *version;
  char   *protocol;
  gint64  abi;          /* of modules; 0: unknown */
} Version;

typedef struct {
  char    *path;        /* of the daemon's program */
  char    *program;     /* its version */
  Version  broker;
  GError  *error;       /* why nothing is known of a broker */
} Found;

static void
found_clear (Found *self)
{
  g_free (self->path);
  g_free (self->program);
  g_free (self->broker.version);
  g_free (self->broker.protocol);
  g_clear_error (&self->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Found, found_clear)

static void
find_program (Found *self,
              RbCtl *ctl)
{
  static const char *const arguments[] = { "--version", NULL };
  const RbProgramRun run = { .arguments = arguments, .timeout_ms = PROGRAM_MS };
  g_autofree char *output = NULL;

  self->path = rb_client_start_dup_program (ctl->options);
  if (self->path == NULL || rb_program_run (ctl, &run, &output, NULL, NULL) != 0 || !g_str_has_prefix (output, PROGRAM_NAME))
    return;
  self->program = g_strdup (g_strstrip (output + strlen (PROGRAM_NAME)));
}

/* Every broker tells its protocol to whoever asks for its health; the rest is for its own user, on the Unix socket. */
static void
find_broker (Found *self,
             RbCtl *ctl)
{
  g_autoptr(RbJson) health = rb_ctl_call (ctl, "GET", "/health", NULL, &self->error);
  g_autoptr(RbJson) status = health != NULL ? rb_ctl_view (ctl, "status", NULL) : NULL;
  g_autofree char *abi = NULL;

  if (health == NULL || rb_json_get_root_type (health) != RB_JSON_OBJECT)
    return;
  self->broker.version = rb_view_dup_text (health, "product_version");
  self->broker.protocol = rb_view_dup_text (health, "protocol_version");
  abi = status != NULL && rb_json_get_root_type (status) == RB_JSON_OBJECT ? rb_view_dup_text (status, "module_abi") : NULL;
  if (abi != NULL)
    g_ascii_string_to_signed (abi, 10, 1, G_MAXINT32, &self->broker.abi, NULL);
}

static gboolean
is_no_broker (const Found *self)
{
  return self->error != NULL && rb_ctl_get_exit_code (self->error) == RB_EXIT_NOT_RUNNING;
}

static gboolean
differs (const char *version)
{
  return version != NULL && !g_str_equal (version, RB_VERSION);
}

static void
write_version (RbJsonWriter  *writer,
               const char    *name,
               const Version *version)
{
  rb_json_writer_begin_object (writer, name);
  rb_json_writer_string (writer, "version", version->version);
  rb_json_writer_string (writer, "protocol_version", version->protocol);
  if (version->abi > 0)
    rb_json_writer_int (writer, "module_abi", version->abi);
  rb_json_writer_end_object (writer);
}

static void
print_json (const Found   *self,
            const Version *own,
            RbCtl         *ctl)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autofree char *text = NULL;

  rb_json_writer_begin_object (writer, NULL);
  write_version (writer, "client", own);
  if (self->path != NULL)
    {
      rb_json_writer_begin_object (writer, "program");
      rb_json_writer_string (writer, "path", self->path);
      rb_json_writer_string (writer, "version", self->program);
      rb_json_writer_end_object (writer);
    }
  if (self->error == NULL)
    write_version (writer, "broker", &self->broker);
  rb_json_writer_boolean (writer, "differs", differs (self->program) || differs (self->broker.version));
  rb_json_writer_end_object (writer);
  text = rb_json_writer_end_text (writer);
  rb_ctl_print (ctl, "%s\n", text);
}

static void
print_line (RbCtl      *ctl,
            const char *title,
            const char *text)
{
  g_autofree char *padded = rb_terminal_pad (title, TITLE_CELLS);
  g_autofree char *escaped = rb_terminal_escape (text);

  rb_ctl_print (ctl, "%s%s\n", padded, escaped);
}

static char *
describe (const Version *version)
{
  GString *text = g_string_new (version->version != NULL ? version->version : "?");

  if (version->protocol != NULL)
    /* TRANSLATORS: of a protocol, such as "1.1"; stands behind the version of a program */
    g_string_append_printf (text, _ (", protocol %s"), version->protocol);
  if (version->abi > 0)
    /* TRANSLATORS: the number of an interface of modules */
    g_string_append_printf (text, _ (", modules of ABI %d"), (int) version->abi);
  return g_string_free (text, FALSE);
}

static void
print_text (const Found   *self,
            const Version *own,
            RbCtl         *ctl)
{
  g_autofree char *client = describe (own);
  g_autofree char *broker = self->error == NULL ? describe (&self->broker) : NULL;
  g_autofree char *program = self->path != NULL ? g_strdup_printf ("%s (%s)", self->program != NULL ? self->program : "?", self->path) : NULL;

  print_line (ctl, "brokerctl", client);
  print_line (ctl, "runtime-brokerd", program != NULL ? program : _ ("not found"));
  /* TRANSLATORS: the process that runs now, in a column of 16 cells */
  print_line (ctl, _ ("running broker"), broker != NULL ? broker : is_no_broker (self) ? _ ("none") : "?");
}

/* What a person has to do about it. */
static void
warn (const Found *self)
{
  if (differs (self->program))
    rb_ctl_warn (_ ("brokerctl and runtime-brokerd are of different versions: install both from one"));
  if (differs (self->broker.version))
    rb_ctl_warn (_ ("the broker that runs is of another version; 'brokerctl restart' puts the installed one in its place"));
  else if (self->broker.protocol != NULL && !g_str_equal (self->broker.protocol, RB_CLIENT_PROTOCOL_VERSION))
    rb_ctl_warn (_ ("the broker that runs speaks another protocol; 'brokerctl restart' puts the installed one in its place"));
}

static RbExitCode
run_version (RbCtl             *ctl,
             const char *const *args)
{
  const Version own = { (char *) RB_VERSION, (char *) RB_CLIENT_PROTOCOL_VERSION, RB_MODULE_ABI };
  g_auto(Found) found = { NULL };

  find_program (&found, ctl);
  find_broker (&found, ctl);
  if (ctl->json)
    print_json (&found, &own, ctl);
  else
    print_text (&found, &own, ctl);
  warn (&found);
  return found.error == NULL || is_no_broker (&found) ? RB_EXIT_OK : rb_ctl_fail (found.error);
}

const RbVerb rb_version_verb = {
  .name = "version",
  .summary = N_ ("Show the versions of brokerctl, of the daemon and of the broker that runs"),
  .usage = "",
  .details = N_ ("Says so when they differ: after an upgrade the old broker runs on until 'brokerctl restart'. Needs no broker and starts none; the exit "
                 "status is 0 also when the versions differ, which --json tells as 'differs'."),
  .run = run_version,
};
