/* rb-handover.c: what a broker leaves to the process that goes on in its place
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-handover.h"

#include "rb-log.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define VARIABLE "RUNTIME_BROKER_HANDOVER"
#define GROUP "handover"
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)
#define SIZE_MAX_BYTES 65536

static const struct {
  const char *key;
  gsize       offset;
} texts[] = {
  { "token", G_STRUCT_OFFSET (RbHandover, bearer_token) },
  { "socket", G_STRUCT_OFFSET (RbHandover, socket_path) },
  { "socket-keeper", G_STRUCT_OFFSET (RbHandover, socket_keeper) },
  { "state-dir", G_STRUCT_OFFSET (RbHandover, state_dir) },
  { "discovery-file", G_STRUCT_OFFSET (RbHandover, discovery_file) },
  { "page-sessions", G_STRUCT_OFFSET (RbHandover, page_sessions) },
};

static const struct {
  const char *key;
  gsize       offset;
} descriptors[] = {
  { "tcp-fd", G_STRUCT_OFFSET (RbHandover, tcp_fd) },
  { "socket-fd", G_STRUCT_OFFSET (RbHandover, socket_fd) },
  { "lock-fd", G_STRUCT_OFFSET (RbHandover, lock_fd) },
};

void
rb_handover_free (RbHandover *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (descriptors); i++)
    {
      int fd = rb_handover_take (G_STRUCT_MEMBER_P (self, descriptors[i].offset));

      if (fd > 0)
        close (fd);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (G_STRUCT_MEMBER (char *, self, texts[i].offset));
  g_free (self);
}

int
rb_handover_take (int *fd)
{
  int taken = *fd;

  *fd = 0;
  return taken;
}

void
rb_handover_discard (RbHandover *self)
{
  if (self->discovery_file != NULL)
    g_unlink (self->discovery_file);
  if (self->socket_path != NULL && self->socket_fd > 0 && self->socket_keeper == NULL)
    g_unlink (self->socket_path);
  rb_handover_free (self);
}

static gboolean
write_all (int          fd,
           const char  *text,
           gsize        size,
           GError     **error)
{
  if (write (fd, text, size) == (gssize) size && fcntl (fd, F_ADD_SEALS, SEALS) == 0)
    return TRUE;
  g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (errno), "Cannot write the handover: %s", g_strerror (errno));
  return FALSE;
}

gboolean
rb_handover_reserve (int     *fd,
                     GError **error)
{
  *fd = memfd_create ("runtime-broker-handover", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (*fd >= 0)
    return TRUE;
  *fd = 0;
  g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (errno), "Cannot hand over: %s", g_strerror (errno));
  return FALSE;
}

char *
rb_handover_pack (const RbHandover  *self,
                  int                fd,
                  GError           **error)
{
  g_autoptr(GKeyFile) file = g_key_file_new ();
  g_autofree char *text = NULL;
  gsize size;

  g_key_file_set_int64 (file, GROUP, "pid", getpid ());
  for (gsize i = 0; i < G_N_ELEMENTS (descriptors); i++)
    g_key_file_set_integer (file, GROUP, descriptors[i].key, G_STRUCT_MEMBER (int, self, descriptors[i].offset));
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (G_STRUCT_MEMBER (char *, self, texts[i].offset) != NULL)
      g_key_file_set_string (file, GROUP, texts[i].key, G_STRUCT_MEMBER (char *, self, texts[i].offset));
  text = g_key_file_to_data (file, &size, NULL);
  return write_all (fd, text, size, error) ? g_strdup_printf (VARIABLE "=%d", fd) : NULL;
}

/* The descriptor must be one of ours: sealed, and not just any file that happens to have the number. */
static GKeyFile *
read_file (int fd)
{
  g_autoptr(GKeyFile) file = g_key_file_new ();
  g_autofree char *text = g_malloc (SIZE_MAX_BYTES);
  gssize size;

  if (fcntl (fd, F_GET_SEALS) != SEALS)
    return NULL;
  size = pread (fd, text, SIZE_MAX_BYTES, 0);
  if (size <= 0 || !g_key_file_load_from_data (file, text, (gsize) size, G_KEY_FILE_NONE, NULL))
    return NULL;
  return g_key_file_get_int64 (file, GROUP, "pid", NULL) == getpid () ? g_steal_pointer (&file) : NULL;
}

static gboolean
is_listening (int fd)
{
  int listens = 0;
  socklen_t size = sizeof listens;

  return getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0;
}

static int
read_descriptor (GKeyFile   *file,
                 const char *key)
{
  int fd = g_key_file_get_integer (file, GROUP, key, NULL);

  if (fd <= STDERR_FILENO || fcntl (fd, F_SETFD, FD_CLOEXEC) != 0)
    return 0;
  if (g_str_equal (key, "lock-fd") || is_listening (fd))
    return fd;
  close (fd);
  return 0;
}

static RbHandover *
read_handover (GKeyFile *file)
{
  RbHandover *self = g_new0 (RbHandover, 1);

  for (gsize i = 0; i < G_N_ELEMENTS (descriptors); i++)
    G_STRUCT_MEMBER (int, self, descriptors[i].offset) = read_descriptor (file, descriptors[i].key);
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    G_STRUCT_MEMBER (char *, self, texts[i].offset) = g_key_file_get_string (file, GROUP, texts[i].key, NULL);
  return self;
}

RbHandover *
rb_handover_receive (void)
{
  const char *value = g_getenv (VARIABLE);
  gint64 fd = value != NULL ? g_ascii_strtoll (value, NULL, 10) : 0;
  g_autoptr(GKeyFile) file = fd > STDERR_FILENO && fd < G_MAXINT ? read_file ((int) fd) : NULL;

  g_unsetenv (VARIABLE);
  if (file == NULL)
    return NULL;
  close ((int) fd);
  return read_handover (file);
}
