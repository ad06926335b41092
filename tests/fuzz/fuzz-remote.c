/* fuzz-remote.c: any bytes at all as frames of an isolated module, and as what frames carry
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-remote-parts.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* What was read is written the same. */
static void
check_same (const RbRemoteFrame *frame,
            const guint8        *bytes,
            gsize                size)
{
  g_autoptr(GByteArray) out = g_byte_array_new ();

  rb_remote_frame_write (frame, out);
  g_assert_cmpmem (out->data, out->len, bytes, size);
}

static void
check_parts (const RbRemoteFrame *frame)
{
  g_autoptr(RbEnvelope) envelope = NULL;
  g_autoptr(GHashTable) settings = NULL;
  g_autoptr(GError) outcome = NULL;
  RbModuleEnvironment environment = { 0 };
  gboolean ok;

  if (frame->type == RB_REMOTE_DELIVERY)
    envelope = rb_remote_dup_envelope (frame, TRUE, NULL);
  if (envelope != NULL)
    g_assert_cmpuint (g_bytes_get_size (rb_envelope_get_content (envelope)), >=, 2);
  if (frame->type == RB_REMOTE_FAILED || frame->type == RB_REMOTE_NOT_SENT)
    rb_remote_outcome_read (frame, &ok, &outcome);
  if (frame->type == RB_REMOTE_CONFIGURE && rb_remote_context_read (frame, &environment, &settings))
    rb_module_environment_clear (&environment);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  RbRemoteFrame frame;
  gsize length;

  while (rb_remote_frame_measure (data, size, &length, NULL) && length > 0)
    {
      for (RbRemoteSide side = RB_REMOTE_BROKER; side <= RB_REMOTE_MODULE; side++)
        if (rb_remote_frame_read (&frame, side, data + RB_REMOTE_HEADER_BYTES, length - RB_REMOTE_HEADER_BYTES, NULL))
          {
            check_same (&frame, data, length);
            check_parts (&frame);
          }
      data += length;
      size -= length;
    }
  return 0;
}
