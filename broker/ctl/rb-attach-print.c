/* rb-attach-print.c: shows messages to a person and takes the answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-attach-print.h"

#include "rb-json-writer.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  guint    number;
  RbTurn  *turn;
} Open;

struct _RbAttachPrint {
  GObject           parent_instance;

  RbAttach         *attach;
  RbCtl            *ctl;          /* borrowed: lives as long as the verb */
  GPtrArray        *open;         /* of Open, oldest first */
  guint             last_number;
  GDataInputStream *input;        /* (nullable) */
  GCancellable     *reading;
  char             *reply;        /* (nullable) to each message */
  gboolean          dropped;      /* what is still on its way to us is left unanswered */
};

enum { SHOWN, IDLE, LOST, QUIT, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (RbAttachPrint, rb_attach_print, G_TYPE_OBJECT)

static void
open_free (gpointer data)
{
  Open *open = data;

  g_object_unref (open->turn);
  g_free (open);
}

static void
print_json (RbAttachPrint *self,
            const Open    *open)
{
  RbClientMessage *message = rb_turn_get_message (open->turn);
  g_autoptr(GBytes) metadata = g_bytes_ref (rb_json_get_text (message->metadata));
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autoptr(GBytes) text = NULL;
  g_autoptr(RbJson) json = NULL;

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "event", "message");
  rb_json_writer_int (writer, "number", open->number);
  rb_json_writer_string (writer, "message_id", message->source_message_id);
  rb_json_writer_string (writer, "from", message->from);
  rb_json_writer_string (writer, "content_type", message->content_type);
  rb_json_writer_string (writer, "content", message->content);
  rb_json_writer_slice (writer, "metadata", metadata);
  if (message->assignment != NULL)
    rb_json_writer_string (writer, "assignment_id", message->assignment->assignment_id);
  rb_json_writer_end_object (writer);
  text = rb_json_writer_end (writer);
  json = rb_json_parse (text, 0, NULL);
  if (json != NULL)
    rb_ctl_print_json (self->ctl, json);
}

static void
print_open (RbAttachPrint *self,
            const Open    *open)
{
  RbClientMessage *message = rb_turn_get_message (open->turn);
  g_autofree char *from = rb_terminal_escape (message->from);
  g_autofree char *heading_text = g_strdup_printf ("[%u] %s", open->number, from);
  g_autofree char *heading = rb_terminal_style (&self->ctl->terminal, RB_STYLE_HEADING, heading_text);
  g_autofree char *content = rb_terminal_escape_lines (message->content);
  g_autofree char *indented = g_strconcat ("  ", content, NULL);
  g_autofree char *wrapped = rb_terminal_wrap (indented, self->ctl->terminal.columns, 2);

  if (self->ctl->json)
    print_json (self, open);
  else
    rb_ctl_print (self->ctl, "%s\n%s\n", heading, wrapped);
}

static void
say (RbAttachPrint *self,
     const char    *format,
     ...) G_GNUC_PRINTF (2, 3);

/* Remarks are for the person, not for whoever reads the JSON. */
static void
say (RbAttachPrint *self,
     const char    *format,
     ...)
{
  g_autofree char *text = NULL;
  g_autofree char *escaped = NULL;
  g_autofree char *styled = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  if (self->ctl->json)
    {
      rb_ctl_warn ("%s", text);
      return;
    }
  escaped = rb_terminal_escape (text);
  styled = rb_terminal_style (&self->ctl->terminal, RB_STYLE_DIM, escaped);
  rb_ctl_print (self->ctl, "%s\n", styled);
}

/* The callbacks of a turn own this. */
typedef struct {
  RbAttachPrint *self;
  guint          number;
  const char    *done;     /* what to say when it worked */
} Ending;

static Open *
steal_open (RbAttachPrint *self,
            guint          number)
{
  for (guint i = 0; i < self->open->len; i++)
    {
      Open *open = g_ptr_array_index (self->open, i);

      if (open->number == number || number == 0)
        return g_ptr_array_steal_index (self->open, i);
    }
  return NULL;
}

static void
on_ended (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Ending *ending = user_data;
  g_autoptr(RbAttachPrint) self = ending->self;
  g_autoptr(GError) error = NULL;

  gboolean well = rb_turn_finish (RB_TURN (source), result, &error);

  say (self, "[%u] %s", ending->number, well ? ending->done : error->message);
  g_free (ending);

  rb_attach_end_turn (self->attach, RB_TURN (source));
  if (rb_attach_get_n_turns (self->attach) == 0)
    g_signal_emit (self, signals[IDLE], 0, well);
}

static Ending *
ending_new (RbAttachPrint *self,
            guint          number,
            const char    *done)
{
  Ending *ending = g_new0 (Ending, 1);

  ending->self = g_object_ref (self);
  ending->number = number;
  ending->done = done;
  return ending;
}

static void
reply (RbAttachPrint *self,
       guint          number,
       const char    *text)
{
  Open *open = steal_open (self, number);

  if (open == NULL)
    {
      say (self, number == 0 ? _ ("no message is open") : _ ("there is no open message %u"), number);
      return;
    }
  rb_turn_reply_async (open->turn, text, NULL, on_ended, ending_new (self, open->number, _ ("answered")));
  open_free (open);
}

static void
refuse (RbAttachPrint *self,
        guint          number,
        const char    *detail)
{
  Open *open = steal_open (self, number);

  if (open == NULL)
    {
      say (self, _ ("there is no open message %u"), number);
      return;
    }
  rb_turn_fail_async (open->turn, "refused_by_person", *detail != '\0' ? detail : NULL, FALSE, on_ended,
                      ending_new (self, open->number, _ ("refused")));
  open_free (open);
}

static void
drop (RbAttachPrint *self,
      guint          number)
{
  Open *open = steal_open (self, number);

  if (open == NULL)
    {
      say (self, _ ("there is no open message %u"), number);
      return;
    }
  rb_turn_settle_async (open->turn, on_ended, ending_new (self, open->number, _ ("dropped")));
  open_free (open);
}

static void
list (RbAttachPrint *self)
{
  if (self->open->len == 0)
    say (self, _ ("no message is open"));
  for (guint i = 0; i < self->open->len; i++)
    print_open (self, g_ptr_array_index (self->open, i));
}

/* "N rest": 0 when there is no number. */
static guint
read_number (const char **text)
{
  char *end = NULL;
  gulong number = strtoul (*text, &end, 10);

  if (end == *text || number > G_MAXUINT)
    return 0;
  *text = end + strspn (end, " \t");
  return (guint) number;
}

static void
take_command (RbAttachPrint *self,
              const char    *line)
{
  gsize length = strcspn (line, " \t");
  g_autofree char *command = g_strndup (line, length);
  const char *rest = line + length + strspn (line + length, " \t");
  guint number = read_number (&rest);

  if (g_str_equal (command, "/list"))
    list (self);
  else if (g_str_equal (command, "/quit"))
    g_signal_emit (self, signals[QUIT], 0, TRUE);
  else if (number == 0)
    say (self, _ ("TEXT answers the oldest message; /reply N TEXT, /fail N [REASON], /done N, /list, /quit"));
  else if (g_str_equal (command, "/reply"))
    reply (self, number, rest);
  else if (g_str_equal (command, "/fail"))
    refuse (self, number, rest);
  else if (g_str_equal (command, "/done"))
    drop (self, number);
  else
    say (self, _ ("unknown command '%s'"), command);
}

void
rb_attach_print_take_line (RbAttachPrint *self,
                           const char    *line)
{
  if (*line == '/')
    take_command (self, line);
  else if (*line != '\0')
    reply (self, 0, line);
}

static void
give_up (RbAttachPrint *self,
         RbTurn        *turn,
         const GError  *error)
{
  say (self, _ ("a message went elsewhere: %s"), error->message);
  rb_attach_end_turn (self->attach, turn);
  g_signal_emit (self, signals[LOST], 0);
}

static void
on_started (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(RbAttachPrint) self = user_data;
  RbTurn *turn = RB_TURN (source);
  g_autoptr(GError) error = NULL;
  Open *open;

  if (!rb_turn_finish (turn, result, &error))
    {
      give_up (self, turn, error);
      return;
    }
  open = g_new0 (Open, 1);
  open->number = ++self->last_number;
  open->turn = g_object_ref (turn);
  g_ptr_array_add (self->open, open);
  if (self->dropped)
    {
      rb_attach_print_drop (self);
      return;
    }
  print_open (self, open);
  g_signal_emit (self, signals[SHOWN], 0);
  if (self->reply != NULL)
    reply (self, open->number, self->reply);
}

static void
on_accepted (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(RbAttachPrint) self = user_data;
  RbTurn *turn = RB_TURN (source);
  g_autoptr(GError) error = NULL;

  if (rb_turn_finish (turn, result, &error))
    rb_turn_start_async (turn, NULL, on_started, g_object_ref (self));
  else
    give_up (self, turn, error);
}

/* It is shown, and answered, only when the broker knows that it is in a person's hands. */
static void
on_turn (RbAttach      *attach,
         RbTurn        *turn,
         RbAttachPrint *self)
{
  rb_turn_accept_async (turn, NULL, on_accepted, g_object_ref (self));
}

static void
rb_attach_print_dispose (GObject *object)
{
  RbAttachPrint *self = RB_ATTACH_PRINT (object);

  g_cancellable_cancel (self->reading);
  g_clear_object (&self->input);
  g_clear_object (&self->attach);
  G_OBJECT_CLASS (rb_attach_print_parent_class)->dispose (object);
}

static void
rb_attach_print_finalize (GObject *object)
{
  RbAttachPrint *self = RB_ATTACH_PRINT (object);

  g_ptr_array_unref (self->open);
  g_clear_object (&self->reading);
  g_free (self->reply);
  G_OBJECT_CLASS (rb_attach_print_parent_class)->finalize (object);
}

static void
rb_attach_print_class_init (RbAttachPrintClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = rb_attach_print_dispose;
  object_class->finalize = rb_attach_print_finalize;

  signals[SHOWN] = g_signal_new ("shown", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[IDLE] = g_signal_new ("idle", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                G_TYPE_BOOLEAN);
  signals[LOST] = g_signal_new ("lost", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[QUIT] = g_signal_new ("quit", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                G_TYPE_BOOLEAN);
}

static void
rb_attach_print_init (RbAttachPrint *self)
{
  self->open = g_ptr_array_new_with_free_func (open_free);
  self->reading = g_cancellable_new ();
}

RbAttachPrint *
rb_attach_print_new (RbAttach *attach,
                     RbCtl    *ctl)
{
  RbAttachPrint *self = g_object_new (RB_TYPE_ATTACH_PRINT, NULL);

  self->attach = g_object_ref (attach);
  self->ctl = ctl;
  g_signal_connect_object (attach, "turn", G_CALLBACK (on_turn), self, 0);
  return self;
}

static void read_line (RbAttachPrint *self);

static void
on_line (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(RbAttachPrint) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autofree char *line = g_data_input_stream_read_line_finish_utf8 (G_DATA_INPUT_STREAM (source), result, NULL, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (line == NULL && error == NULL)
    {
      g_signal_emit (self, signals[QUIT], 0, FALSE);
      return;
    }
  if (line != NULL)
    rb_attach_print_take_line (self, g_strchomp (line));
  else
    say (self, _ ("that line was not UTF-8"));
  read_line (self);
}

static void
read_line (RbAttachPrint *self)
{
  if (self->input != NULL)
    g_data_input_stream_read_line_async (self->input, G_PRIORITY_DEFAULT, self->reading, on_line, g_object_ref (self));
}

void
rb_attach_print_set_reply (RbAttachPrint *self,
                           const char    *text)
{
  g_free (self->reply);
  self->reply = g_strdup (text);
}

void
rb_attach_print_read (RbAttachPrint *self,
                      GInputStream  *input)
{
  self->input = g_data_input_stream_new (input);
  read_line (self);
}

guint
rb_attach_print_get_n_open (RbAttachPrint *self)
{
  return self->open->len;
}

void
rb_attach_print_drop (RbAttachPrint *self)
{
  Open *open;

  self->dropped = TRUE;
  g_cancellable_cancel (self->reading);
  while ((open = steal_open (self, 0)) != NULL)
    {
      rb_turn_fail_async (open->turn, "adapter_stopped", "the person left", TRUE, on_ended,
                          ending_new (self, open->number, _ ("left unanswered")));
      open_free (open);
    }
}
