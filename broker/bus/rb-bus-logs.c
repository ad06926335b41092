/* rb-bus-logs.c: what a runtime that was started here has written, over the bus
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-logs.h"

#include "rb-bus-options.h"
#include "rb-error.h"
#include "rb-spawn-operator.h"
#include "rb-views.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FROM_END (-1)
#define CHARACTER_MAX_BYTES 4

/* A piece of a file, read by a thread: a disk may be slow, and the main loop waits for none. */
typedef struct {
  char   *path;
  gint64  from;      /* FROM_END: the last ones */
  guint   limit;     /* bytes */
  gint64  next;
  gint64  size;
  char   *text;      /* UTF-8 */
} Piece;

static void
piece_free (gpointer data)
{
  Piece *self = data;

  g_free (self->path);
  g_free (self->text);
  g_free (self);
}

/* A character that the end, or the beginning, cuts in two is for another piece; of other bytes something readable is made. */
static void
take_text (Piece  *self,
           char   *bytes,
           gssize  length)
{
  const char *begin = bytes, *end;

  while (self->from > 0 && begin < bytes + MIN (length, CHARACTER_MAX_BYTES) && ((guint8) *begin & 0xc0) == 0x80)
    begin++;
  length -= begin - bytes;
  if (!g_utf8_validate_len (begin, (gsize) length, &end) && begin + length - end < CHARACTER_MAX_BYTES && *end != '\0' &&
      g_utf8_get_char_validated (end, begin + length - end) == (gunichar) -2)
    length = end - begin;
  self->next = self->from + (begin - bytes) + length;
  self->text = g_utf8_make_valid (begin, length);
}

static gboolean
read_piece (Piece *self,
            int    fd)
{
  g_autofree char *bytes = g_malloc (self->limit);
  struct stat found;
  gssize n;

  if (fstat (fd, &found) != 0)
    return FALSE;
  if (!S_ISREG (found.st_mode))
    {
      errno = EINVAL;
      return FALSE;
    }
  self->size = found.st_size;
  /* It was cut, and begins anew. */
  if (self->from > self->size)
    self->from = 0;
  if (self->from == FROM_END)
    self->from = MAX (0, self->size - (gint64) self->limit);
  n = pread (fd, bytes, self->limit, self->from);
  if (n < 0)
    return FALSE;
  take_text (self, bytes, n);
  return TRUE;
}

static void
run_read (GTask        *task,
          gpointer      source,
          gpointer      data,
          GCancellable *cancellable)
{
  Piece *self = data;
  int fd = open (self->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  gboolean good = fd >= 0 && read_piece (self, fd);
  int saved_errno = errno;

  if (fd >= 0)
    close (fd);
  if (good)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, rb_error_new (RB_ERROR_NOT_FOUND, "log_not_readable", "'%s' cannot be read: %s", self->path,
                                             g_strerror (saved_errno)));
}

static void
on_read (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  const Piece *piece = g_task_get_task_data (G_TASK (result));
  g_autoptr(GError) error = NULL;
  GVariantDict dict;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      rb_bus_call_fail (user_data, error);
      return;
    }
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "log_file", "s", piece->path);
  g_variant_dict_insert (&dict, "text", "s", piece->text);
  g_variant_dict_insert (&dict, "next", "x", piece->next);
  g_variant_dict_insert (&dict, "size", "x", piece->size);
  rb_bus_call_answer_view (user_data, g_variant_dict_end (&dict), NULL);
}

/* (transfer full) (nullable) */
static GVariant *
find_runtime (RbCore     *core,
              const char *id)
{
  g_autoptr(GVariant) runtimes = g_variant_ref_sink (rb_view_runtimes (core, TRUE));
  GVariantIter iter;
  GVariant *runtime;

  g_variant_iter_init (&iter, runtimes);
  while ((runtime = g_variant_iter_next_value (&iter)) != NULL)
    {
      const char *found;

      if (g_variant_lookup (runtime, "id", "&s", &found) && g_str_equal (found, id))
        return runtime;
      g_variant_unref (runtime);
    }
  return NULL;
}

static gboolean
read_options (GVariant  *parameters,
              Piece     *piece,
              GError   **error)
{
  const RbBusOption known[] = { { "from", "x", &piece->from }, { "limit", "u", &piece->limit } };
  g_autoptr(GPtrArray) values = rb_bus_options_values_new ();
  g_autoptr(GVariant) options = g_variant_get_child_value (parameters, 1);

  if (!rb_bus_options_read (options, known, G_N_ELEMENTS (known), values, error))
    return FALSE;
  if (piece->from >= FROM_END && piece->limit >= CHARACTER_MAX_BYTES && piece->limit <= RB_BUS_LOGS_LIMIT_MAX)
    return TRUE;
  rb_set_error (error, RB_ERROR_INVALID, "bad_request", "'from' must not be below %d, and 'limit' a whole number from %d to %d", FROM_END,
                CHARACTER_MAX_BYTES, RB_BUS_LOGS_LIMIT_MAX);
  return FALSE;
}

static void
answer_unit (RbBusCall  *call,
             const char *unit)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "unit", "s", unit);
  rb_bus_call_answer_view (call, g_variant_dict_end (&dict), NULL);
}

static void
read_file (RbBusCall  *call,
           Piece      *piece,
           const char *path)
{
  g_autoptr(GTask) task = g_task_new (call->ports->core, NULL, on_read, call);

  g_task_set_source_tag (task, read_file);
  piece->path = g_strdup (path);
  g_task_set_task_data (task, piece, piece_free);
  g_task_run_in_thread (task, run_read);
}

void
rb_bus_logs (RbBusCall  *call,
             const char *key,
             GVariant   *parameters)
{
  Piece *piece = g_new0 (Piece, 1);
  g_autoptr(GVariant) runtime = NULL;
  g_autoptr(GError) error = NULL;
  const char *id, *unit, *path;

  call->is_patient = TRUE;
  piece->from = FROM_END;
  piece->limit = RB_BUS_LOGS_LIMIT;
  g_variant_get_child (parameters, 0, "&s", &id);
  if (read_options (parameters, piece, &error))
    {
      runtime = find_runtime (call->ports->core, id);
      if (runtime == NULL)
        rb_set_error (&error, RB_ERROR_NOT_FOUND, "unknown_runtime", "no runtime '%s' was started here", id);
      else if (g_variant_lookup (runtime, "unit", "&s", &unit))
        answer_unit (call, unit);
      else if (g_variant_lookup (runtime, "log_file", "&s", &path))
        read_file (call, g_steal_pointer (&piece), path);
      else
        rb_set_error (&error, RB_ERROR_NOT_FOUND, "not_kept", "the output of '%s' is not kept; a setting of its driver says so", id);
    }
  if (error != NULL)
    rb_bus_call_fail (call, error);
  g_clear_pointer (&piece, piece_free);
}
