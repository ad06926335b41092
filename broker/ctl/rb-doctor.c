/* rb-doctor.c: what `brokerctl doctor` found: checks with a state, what was seen and what to do
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-doctor.h"

#include "rb-json-writer.h"
#include "rb-view.h"

#include <glib/gi18n.h>
#include <string.h>

#define INDENT 9

typedef struct {
  char          *check;
  RbDoctorState  state;
  char          *seen;
  char          *advice;   /* (nullable) */
} Finding;

struct _RbDoctor {
  GPtrArray *findings;
};

/* What is shown to people has the same width in every state. */
static const struct {
  const char *name;
  const char *shown;
  RbStyle     style;
} states[] = {
  [RB_DOCTOR_OK] = { "ok", N_ ("good"), RB_STYLE_GOOD },
  [RB_DOCTOR_WARN] = { "warn", N_ ("look"), RB_STYLE_HEADING },
  [RB_DOCTOR_FAIL] = { "fail", N_ ("BAD"), RB_STYLE_BAD },
  [RB_DOCTOR_SKIPPED] = { "skipped", N_ ("skipped"), RB_STYLE_DIM },
};

static void
finding_free (gpointer data)
{
  Finding *finding = data;

  g_free (finding->check);
  g_free (finding->seen);
  g_free (finding->advice);
  g_free (finding);
}

RbDoctor *
rb_doctor_new (void)
{
  RbDoctor *self = g_new0 (RbDoctor, 1);

  self->findings = g_ptr_array_new_with_free_func (finding_free);
  return self;
}

void
rb_doctor_free (RbDoctor *self)
{
  g_ptr_array_unref (self->findings);
  g_free (self);
}

/* Takes the strings. */
static void
take (RbDoctor      *self,
      char          *check,
      RbDoctorState  state,
      char          *seen,
      char          *advice)
{
  Finding *finding = g_new0 (Finding, 1);

  finding->check = check;
  finding->state = state;
  finding->seen = seen;
  finding->advice = advice;
  g_ptr_array_add (self->findings, finding);
}

void
rb_doctor_add (RbDoctor      *self,
               const char    *check,
               RbDoctorState  state,
               const char    *advice,
               const char    *format,
               ...)
{
  va_list args;

  va_start (args, format);
  take (self, g_strdup (check), state, g_strdup_vprintf (format, args), g_strdup (advice));
  va_end (args);
}

static gboolean
add_object (RbDoctor     *self,
            const RbJson *object)
{
  g_autofree char *state = NULL;

  if (object == NULL || rb_json_get_root_type (object) != RB_JSON_OBJECT)
    return FALSE;
  state = rb_view_dup_text (object, "state");
  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    {
      if (g_strcmp0 (state, states[i].name) != 0)
        continue;
      take (self, rb_view_dup_text (object, "check"), (RbDoctorState) i, rb_view_dup_text (object, "seen"), rb_view_dup_text (object, "advice"));
      return TRUE;
    }
  return FALSE;
}

gboolean
rb_doctor_add_array (RbDoctor   *self,
                     const char *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr(RbJson) array = rb_json_parse (bytes, 0, NULL);
  gboolean good = array != NULL && rb_json_get_root_type (array) == RB_JSON_ARRAY;

  for (guint i = 0; good && i < rb_json_get_length (array); i++)
    {
      g_autoptr(RbJson) object = rb_json_open_item (array, i, NULL);

      good = add_object (self, object);
    }
  return good;
}

guint
rb_doctor_count (RbDoctor      *self,
                 RbDoctorState  state)
{
  guint n = 0;

  for (guint i = 0; i < self->findings->len; i++)
    n += ((const Finding *) self->findings->pdata[i])->state == state;
  return n;
}

static void
print_json (RbDoctor *self,
            RbCtl    *ctl)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autofree char *text = NULL;

  rb_json_writer_begin_array (writer, NULL);
  for (guint i = 0; i < self->findings->len; i++)
    {
      const Finding *finding = self->findings->pdata[i];

      rb_json_writer_begin_object (writer, NULL);
      rb_json_writer_string (writer, "check", finding->check);
      rb_json_writer_string (writer, "state", states[finding->state].name);
      rb_json_writer_string (writer, "seen", finding->seen);
      rb_json_writer_string (writer, "advice", finding->advice);
      rb_json_writer_end_object (writer);
    }
  rb_json_writer_end_array (writer);
  text = rb_json_writer_end_text (writer);
  rb_ctl_print_json_text (ctl, text, -1);
}

static void
print_finding (const Finding *finding,
               RbCtl         *ctl)
{
  g_autofree char *plain = g_strdup_printf ("%s: %s%s%s", finding->check, finding->seen != NULL ? finding->seen : "?",
                                            finding->advice != NULL ? " -> " : "", finding->advice != NULL ? finding->advice : "");
  g_autofree char *escaped = rb_terminal_escape (plain);
  g_autofree char *wrapped = rb_terminal_wrap (escaped, ctl->terminal.columns > INDENT ? ctl->terminal.columns - INDENT : 0, 0);
  g_auto(GStrv) lines = g_strsplit (wrapped, "\n", -1);
  g_autofree char *indented = g_strjoinv ("\n         ", lines);
  const char *shown = _ (states[finding->state].shown);
  g_autofree char *styled = rb_terminal_style (&ctl->terminal, states[finding->state].style, shown);
  guint cells = rb_terminal_measure (shown);

  rb_ctl_print (ctl, "%s%*s%s\n", styled, cells < INDENT ? (int) (INDENT - cells) : 1, "", indented);
}

void
rb_doctor_print (RbDoctor *self,
                 RbCtl    *ctl)
{
  guint n_bad = rb_doctor_count (self, RB_DOCTOR_FAIL);

  if (ctl->json)
    {
      print_json (self, ctl);
      return;
    }
  for (guint i = 0; i < self->findings->len; i++)
    print_finding (self->findings->pdata[i], ctl);
  if (n_bad > 0)
    rb_ctl_print (ctl, ngettext ("%u thing has to be mended.\n", "%u things have to be mended.\n", n_bad), n_bad);
  else
    rb_ctl_print (ctl, "%s\n", _ ("Nothing has to be mended."));
}
