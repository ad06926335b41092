/* connector-spool.c: a network of directories, and one rule that it breaks: BREAKS says which when it is built
 *
 * A message is a file in the directory of whom it is for: who sent it, its id and its content, a line each. Files beside that directory
 * play the network: NAME.drop cuts the link, NAME.refuse refuses, NAME.silence leaves sends without an answer.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-api.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLL_MS 5
#define ANSWER_MS 3

enum {
  NOTHING, NO_SUMMARY, OPENS_IN_CONSTRUCTOR, HOLDS_ITSELF, FOREIGN_SETTING, STOP_UNSTARTED, STOP_WHILE_STARTING, CANCELLED_START, BLOCKS_START,
  LEAKS_FILES, CONNECTED_TWICE, DELIVERS_EARLY, MANGLES, NUMBERS_DOWN, IGNORES_WINDOW, IGNORES_BYTES, LOSES_ACCEPT, LOSES_RELEASED, NO_BACKOFF,
  FORGETS_UNDECIDED, NEVER_RECONNECTS, BLOCKS_SEND, OTHER_THREAD, SENDS_TWICE, SENDS_EARLY, FOREIGN_ERROR, NO_ERROR, ERROR_AND_SUCCESS,
  NO_DETAILS, CANCEL_UNANSWERED, SURE_OF_SILENCE, STOP_UNANSWERED, TALKS_AFTER_STOP, CRASHES, NEVER_RETURNS, CRITICAL, ANSWERS_TWICE,
};

G_DECLARE_FINAL_TYPE (SpoolConnector, spool_connector, TEST, SPOOL_CONNECTOR, GObject)

typedef struct {
  gint64  seq;
  char   *path;
  gsize   size;
  gint64  again_us;     /* not 0: released; it comes again then */
  guint   n_released;
  char   *kept;         /* what it was, of one that is gone from the disk */
} Message;

struct _SpoolConnector {
  GObject parent_instance;

  RbClock    *clock;
  char       *spool;
  char       *name;
  char       *inbox;
  guint64     timer;
  gboolean    is_started, is_starting, is_connected;
  GTask      *start;
  guint64     start_timer;
  GPtrArray  *messages;     /* of Message: delivered and not accepted */
  GPtrArray  *sends;        /* of GTask, not answered */
  guint64     answer_timer;
  gint64      last_seq;
  guint       n_sent;
  guint       window;
  gsize       window_bytes;
  int         fd;
};

static void module_iface_init (RbModuleInterface *iface);
static void connector_iface_init (RbConnectorInterface *iface);
static void poll_spool (gpointer user_data);

G_DEFINE_FINAL_TYPE_WITH_CODE (SpoolConnector, spool_connector, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_CONNECTOR, connector_iface_init))

static void
message_free (gpointer data)
{
  Message *message = data;

  g_free (message->path);
  g_free (message->kept);
  g_free (message);
}

static gboolean
has_file (SpoolConnector *self,
          const char     *ending,
          gboolean        and_remove)
{
  g_autofree char *path = g_strconcat (self->inbox, ending, NULL);

  return and_remove ? unlink (path) == 0 : access (path, F_OK) == 0;
}

static gpointer
emit_elsewhere (gpointer data)
{
  gpointer *call = data;

  rb_connector_emit_delivery (call[0], ((Message *) call[1])->seq, call[2]);
  return NULL;
}

static void
hand_on (SpoolConnector *self,
         Message        *message)
{
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;
  g_autoptr(GBytes) content = NULL;
  g_autoptr(RbEnvelope) envelope = NULL;
  gpointer call[] = { self, message, NULL };

  if (!g_file_get_contents (message->path, &text, NULL, NULL))
    text = g_strdup (message->kept);
  lines = g_strsplit (text, "\n", 3);
  if (BREAKS == MANGLES)
    for (char *c = lines[2]; *c != '\0'; c++)
      *c = (*c & 0x80) != 0 ? '?' : *c;
  content = g_bytes_new (lines[2], strlen (lines[2]));
  envelope = rb_envelope_new (lines[1], lines[0], NULL, content, NULL, NULL);
  message->size = rb_envelope_get_size (envelope);
  message->again_us = 0;
  if (BREAKS == FORGETS_UNDECIDED)
    {
      message->kept = g_strdup (text);
      unlink (message->path);
    }
  call[2] = envelope;
  if (BREAKS == OTHER_THREAD)
    g_thread_join (g_thread_new ("elsewhere", emit_elsewhere, call));
  else
    rb_connector_emit_delivery (RB_CONNECTOR (self), message->seq, envelope);
}

static Message *
find (SpoolConnector *self,
      const char     *path,
      gint64          seq)
{
  for (guint i = 0; i < self->messages->len; i++)
    {
      Message *message = g_ptr_array_index (self->messages, i);

      if (path != NULL ? g_str_equal (message->path, path) : message->seq == seq)
        return message;
    }
  return NULL;
}

static gboolean
fits (SpoolConnector *self,
      gsize           size)
{
  gsize bytes = 0;
  guint n = 0;

  for (guint i = 0; i < self->messages->len; i++)
    {
      Message *message = g_ptr_array_index (self->messages, i);

      n += message->again_us == 0;
      bytes += message->again_us == 0 ? message->size : 0;
    }
  if (self->window == 0 || self->window_bytes == 0)
    return FALSE;
  if (n >= self->window && BREAKS != IGNORES_WINDOW)
    return FALSE;
  return n == 0 || bytes + size <= self->window_bytes || BREAKS == IGNORES_BYTES;
}

static void
deliver_released (SpoolConnector *self)
{
  for (guint i = 0; i < self->messages->len; i++)
    {
      Message *message = g_ptr_array_index (self->messages, i);

      if (message->again_us != 0 && rb_clock_get_monotonic_us (self->clock) >= message->again_us && fits (self, message->size))
        hand_on (self, message);
    }
}

static void
deliver_new (SpoolConnector *self,
             const char     *path)
{
  g_autofree char *text = NULL;
  gsize size;
  Message *message;

  if (find (self, path, 0) != NULL || !g_file_get_contents (path, &text, &size, NULL) || !fits (self, size))
    return;
  message = g_new0 (Message, 1);
  self->last_seq++;
  message->seq = BREAKS == NUMBERS_DOWN ? 1000000 - self->last_seq : self->last_seq;
  message->path = g_strdup (path);
  g_ptr_array_add (self->messages, message);
  hand_on (self, message);
}

static int
compare (gconstpointer a,
         gconstpointer b)
{
  return strcmp (*(char **) a, *(char **) b);
}

static void
scan (SpoolConnector *self)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GDir) directory = g_dir_open (self->inbox, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    if (*name != '.')
      g_ptr_array_add (names, g_build_filename (self->inbox, name, NULL));
  g_ptr_array_sort (names, compare);
  deliver_released (self);
  for (guint i = 0; i < names->len; i++)
    deliver_new (self, g_ptr_array_index (names, i));
}

static void
poll_spool (gpointer user_data)
{
  SpoolConnector *self = user_data;

  self->timer = rb_clock_add (self->clock, POLL_MS, poll_spool, self);
  if (has_file (self, ".drop", TRUE))
    {
      self->is_connected = FALSE;
      rb_connector_emit_disconnected (RB_CONNECTOR (self), "the link was cut");
      return;
    }
  if (!self->is_connected && self->is_started && BREAKS != NEVER_RECONNECTS)
    {
      self->is_connected = TRUE;
      rb_connector_emit_connected (RB_CONNECTOR (self));
    }
  if (self->is_connected || BREAKS == DELIVERS_EARLY)
    scan (self);
}

static gboolean
configure (RbModule         *module,
           RbModuleContext  *context,
           GError          **error)
{
  SpoolConnector *self = TEST_SPOOL_CONNECTOR (module);

  self->clock = g_object_ref (rb_module_context_get_environment (context)->clock);
  self->spool = g_strdup (rb_module_context_get_string (context, "spool"));
  self->name = g_strdup (rb_module_context_get_string (context, "name"));
  if (self->name == NULL || *self->name == '\0' || strpbrk (self->name, "/ .") != NULL || self->spool == NULL || *self->spool == '\0')
    {
      if (BREAKS == FOREIGN_SETTING)
        g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "no");
      else
        rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "A spool and a name are needed");
      return FALSE;
    }
  self->inbox = g_build_filename (self->spool, self->name, NULL);
  if (BREAKS == HOLDS_ITSELF)
    g_object_ref (self);
  if (BREAKS == DELIVERS_EARLY)
    self->timer = rb_clock_add (self->clock, POLL_MS, poll_spool, self);
  return TRUE;
}

static void
on_started (gpointer user_data)
{
  SpoolConnector *self = user_data;
  g_autoptr(GTask) task = g_steal_pointer (&self->start);

  self->start_timer = 0;
  self->is_starting = FALSE;
  self->is_started = TRUE;
  self->is_connected = TRUE;
  rb_clock_clear (self->clock, &self->timer);
  self->timer = rb_clock_add (self->clock, POLL_MS, poll_spool, self);
  g_task_return_boolean (task, TRUE);
  rb_connector_emit_connected (RB_CONNECTOR (self));
  if (BREAKS == CONNECTED_TWICE)
    rb_connector_emit_connected (RB_CONNECTOR (self));
}

static void
start_async (RbModule            *module,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             user_data)
{
  SpoolConnector *self = TEST_SPOOL_CONNECTOR (module);
  g_autoptr(GTask) task = g_task_new (self, BREAKS == CANCELLED_START ? NULL : cancellable, callback, user_data);

  if (BREAKS == CANCELLED_START && g_cancellable_is_cancelled (cancellable))
    return;
  if (g_task_return_error_if_cancelled (task))
    return;
  if (BREAKS == BLOCKS_START)
    poll (NULL, 0, 700);
  if (BREAKS == LEAKS_FILES && open ("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
    abort ();
  if (BREAKS == ANSWERS_TWICE)
    {
      g_autoptr(GTask) second = g_task_new (self, NULL, callback, user_data);

      g_task_return_boolean (second, TRUE);
    }
  g_mkdir_with_parents (self->inbox, 0700);
  self->is_starting = TRUE;
  self->start = g_steal_pointer (&task);
  self->start_timer = rb_clock_add (self->clock, 2 * ANSWER_MS, on_started, self);
}

static void
answer_send (GTask *task)
{
  if (BREAKS == NO_ERROR && g_task_get_task_data (task) == NULL)
    g_task_return_pointer (task, NULL, NULL);
  else if (g_task_get_task_data (task) == NULL)
    g_task_return_error (task, BREAKS == FOREIGN_ERROR ? g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "nobody")
                                                       : rb_error_new (RB_ERROR_REJECTED, NULL, "There is nobody of that name"));
  else
    g_task_return_pointer (task, g_strdup (g_task_get_task_data (task)), g_free);
}

static void
answer_sends (gpointer user_data)
{
  SpoolConnector *self = user_data;
  g_autoptr(GPtrArray) sends = g_steal_pointer (&self->sends);

  self->answer_timer = 0;
  self->sends = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < sends->len; i++)
    answer_send (g_ptr_array_index (sends, i));
}

static gboolean
talk (gpointer user_data)
{
  rb_connector_emit_disconnected (RB_CONNECTOR (user_data), "I am still here");
  return G_SOURCE_REMOVE;
}

static void
stop_async (RbModule            *module,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  SpoolConnector *self = TEST_SPOOL_CONNECTOR (module);
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);

  if (BREAKS == STOP_UNSTARTED && !self->is_started && !self->is_starting)
    return;
  rb_clock_clear (self->clock, &self->timer);
  rb_clock_clear (self->clock, &self->start_timer);
  rb_clock_clear (self->clock, &self->answer_timer);
  if (self->start != NULL && BREAKS != STOP_WHILE_STARTING)
    g_task_return_error (self->start, rb_error_new (RB_ERROR_BAD_STATE, "stopped", "Stopped while it started"));
  g_clear_object (&self->start);
  if (BREAKS != STOP_UNANSWERED)
    answer_sends (self);
  else
    g_ptr_array_set_size (self->sends, 0);
  if (BREAKS == TALKS_AFTER_STOP && self->is_started)
    g_timeout_add_full (G_PRIORITY_DEFAULT, 50, talk, g_object_ref (self), g_object_unref);
  if (BREAKS == HOLDS_ITSELF)
    g_object_unref (self);
  self->is_starting = self->is_started = self->is_connected = FALSE;
  g_ptr_array_set_size (self->messages, 0);
  g_task_return_boolean (task, TRUE);
}

static void
module_iface_init (RbModuleInterface *iface)
{
  iface->configure = configure;
  iface->start_async = start_async;
  iface->stop_async = stop_async;
}

static void
set_window (RbConnector *connector,
            guint        messages,
            gsize        bytes)
{
  TEST_SPOOL_CONNECTOR (connector)->window = messages;
  TEST_SPOOL_CONNECTOR (connector)->window_bytes = bytes;
}

static void
accept_seq (RbConnector *connector,
            gint64       seq)
{
  SpoolConnector *self = TEST_SPOOL_CONNECTOR (connector);
  Message *message = find (self, NULL, seq);

  if (message == NULL)
    return;
  if (BREAKS != LOSES_ACCEPT || message == g_ptr_array_index (self->messages, 0))
    unlink (message->path);
  if (BREAKS == LOSES_ACCEPT)
    message->again_us = G_MAXINT64;
  else
    g_ptr_array_remove (self->messages, message);
}

static void
release_seq (RbConnector *connector,
             gint64       seq)
{
  SpoolConnector *self = TEST_SPOOL_CONNECTOR (connector);
  Message *message = find (self, NULL, seq);

  if (BREAKS == CRASHES)
    abort ();
  if (BREAKS == CRITICAL)
    g_object_unref (NULL);
  if (message == NULL)
    return;
  message->again_us = rb_clock_get_monotonic_us (self->clock) + (BREAKS == NO_BACKOFF ? 0 : 50000 << MIN (message->n_released, 8));
  if (BREAKS == LOSES_RELEASED)
    message->again_us = G_MAXINT64;
  message->n_released++;
}

static gboolean
put (SpoolConnector *self,
     RbEnvelope     *envelope,
     const char     *to,
     const char     *id)
{
  static guint n;
  g_autofree char *name = g_strdup_printf ("%" G_GINT64_FORMAT "-%06u-%s", g_get_real_time (), n++, self->name);
  g_autofree char *inbox = g_build_filename (self->spool, to, NULL);
  g_autofree char *path = g_build_filename (inbox, name, NULL);
  GBytes *content = rb_envelope_get_content (envelope);
  g_autofree char *text = g_strdup_printf ("%s\n%s\n%.*s", self->name, id, (int) g_bytes_get_size (content),
                                           (const char *) g_bytes_get_data (content, NULL));

  return *to != '\0' && strpbrk (to, "/ .") == NULL && g_file_test (inbox, G_FILE_TEST_IS_DIR) && g_file_set_contents (path, text, -1, NULL);
}

static GError *
why_not (SpoolConnector *self,
         const char     *to)
{
  GError *error = NULL;

  if (!self->is_connected && BREAKS != SENDS_EARLY)
    return rb_error_new (RB_ERROR_UNAVAILABLE, "connector_unavailable", "The spool is not connected");
  if (has_file (self, ".refuse", TRUE))
    {
      error = rb_error_new (RB_ERROR_REJECTED, "refused", "The network refuses");
      if (BREAKS != NO_DETAILS)
        rb_error_add_detail (error, "connector_code", g_variant_new_string ("refused"));
      rb_error_add_detail (error, "to", g_variant_new_string (to));
    }
  return error;
}

static void
on_cancelled (GCancellable *cancellable,
              GTask        *task)
{
  if (BREAKS == CANCEL_UNANSWERED)
    return;
  if (BREAKS == SURE_OF_SILENCE)
    g_task_return_error (task, rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "It was not sent"));
  else
    g_task_return_error (task, rb_error_new (RB_ERROR_OUTCOME_UNKNOWN, NULL, "Nobody knows"));
}

static void
drop_task (gpointer  data,
           GClosure *closure)
{
  g_object_unref (data);
}

static void
send_async (RbConnector         *connector,
            RbEnvelope          *envelope,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  SpoolConnector *self = TEST_SPOOL_CONNECTOR (connector);
  const char *to = rb_envelope_get_to (envelope) != NULL ? rb_envelope_get_to (envelope) : "";
  g_autofree char *id = rb_envelope_get_id (envelope) != NULL ? g_strdup (rb_envelope_get_id (envelope)) : g_uuid_string_random ();
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);
  GError *error = why_not (self, to);

  if (BREAKS == BLOCKS_SEND)
    poll (NULL, 0, 700);
  while (BREAKS == NEVER_RETURNS && self->is_connected)
    poll (NULL, 0, 700);
  if (BREAKS == CANCEL_UNANSWERED && g_cancellable_is_cancelled (cancellable))
    return;
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (self->inbox != NULL && has_file (self, ".silence", FALSE))
    {
      g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (on_cancelled), g_object_ref (task), drop_task, 0);
      return;
    }
  if (put (self, envelope, to, id))
    g_task_set_task_data (task, g_strdup (id), g_free);
  if (BREAKS == SENDS_TWICE)
    put (self, envelope, to, id);
  g_ptr_array_add (self->sends, g_steal_pointer (&task));
  if (self->answer_timer == 0)
    self->answer_timer = rb_clock_add (self->clock, ANSWER_MS, answer_sends, self);
}

static gboolean
send_finish (RbConnector   *connector,
             GAsyncResult  *result,
             char         **message_id,
             RbSendStatus  *status,
             GError       **error)
{
  *message_id = g_task_propagate_pointer (G_TASK (result), error);
  *status = RB_SEND_STORED;
  if (BREAKS == ERROR_AND_SUCCESS && *message_id != NULL && g_strcmp0 (g_task_get_task_data (G_TASK (result)), "cancel-2") == 0)
    rb_set_error (error, RB_ERROR_UNAVAILABLE, NULL, "Or not?");
  return *message_id != NULL;
}

static const char *
get_address (RbConnector *connector)
{
  return TEST_SPOOL_CONNECTOR (connector)->name;
}

static void
connector_iface_init (RbConnectorInterface *iface)
{
  iface->set_window = set_window;
  iface->accept = accept_seq;
  iface->release = release_seq;
  iface->send_async = send_async;
  iface->send_finish = send_finish;
  iface->get_address = get_address;
}

static void
spool_connector_finalize (GObject *object)
{
  SpoolConnector *self = TEST_SPOOL_CONNECTOR (object);

  if (self->clock != NULL)
    rb_clock_clear (self->clock, &self->timer);
  g_clear_object (&self->clock);
  g_free (self->spool);
  g_free (self->name);
  g_free (self->inbox);
  g_ptr_array_unref (self->messages);
  g_ptr_array_unref (self->sends);
  if (self->fd > 0)
    close (self->fd);
  G_OBJECT_CLASS (spool_connector_parent_class)->finalize (object);
}

static void
spool_connector_class_init (SpoolConnectorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = spool_connector_finalize;
}

static void
spool_connector_init (SpoolConnector *self)
{
  self->messages = g_ptr_array_new_with_free_func (message_free);
  self->sends = g_ptr_array_new_with_free_func (g_object_unref);
  if (BREAKS == OPENS_IN_CONSTRUCTOR)
    self->fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
}

static const RbModuleSetting settings[] = {
  { "spool", RB_SETTING_PATH, NULL, BREAKS == NO_SUMMARY ? "" : "Where the network is" },
  { "name", RB_SETTING_STRING, "subject", "Who we are there" },
  { NULL },
};

RB_MODULE_DEFINE (NAME, RB_MODULE_CONNECTOR, "1.0", "A network of directories", settings, spool_connector_get_type)
