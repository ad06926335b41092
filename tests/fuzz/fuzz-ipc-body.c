/* fuzz-ipc-body.c: any bytes at all as the body of every route, and as a frame of a channel
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-wire-frames.h"
#include "rb-wire-requests.h"
#include "rb-workspace.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
check_text (const char *text)
{
  if (text != NULL)
    g_assert_true (g_utf8_validate (text, -1, NULL));
}

/* What a reader lets through is JSON of the type that the core relies on. */
static void
check_slice (GBytes     *slice,
             RbJsonType  type)
{
  g_autoptr(RbJson) value = NULL;

  if (slice == NULL)
    return;
  value = rb_json_parse (slice, 0, NULL);
  g_assert_nonnull (value);
  g_assert_cmpint (rb_json_get_root_type (value), ==, type);
}

static void
check_workspace (GBytes *slice)
{
  RbWorkspace *workspace = NULL;
  g_autoptr(GError) error = NULL;

  if (!rb_workspace_from_json (slice, &workspace, &error))
    {
      g_assert_nonnull (error);
      g_assert_null (workspace);
      return;
    }
  g_assert_no_error (error);
  if (workspace != NULL)
    {
      g_assert_cmpstr (workspace->root, !=, "");
      g_assert_cmpstr (workspace->cwd, !=, "");
    }
  g_clear_pointer (&workspace, rb_workspace_free);
}

static void
try_register (const RbJson *body)
{
  g_auto(RbRegisterRequest) request = { 0 };
  g_autoptr(GError) error = NULL;
  gboolean good = rb_wire_read_register (body, &request, &error);

  g_assert_true (good == (error == NULL));
  if (!good)
    return;
  g_assert_nonnull (request.kind);
  check_text (request.kind);
  check_text (request.runtime_session_id);
  if (request.workspace != NULL)
    check_workspace (request.workspace);
}

static void
try_send (const RbJson *body)
{
  g_auto(RbSendRequest) request = { 0 };
  g_autoptr(GError) error = NULL;
  gboolean good = rb_wire_read_send (body, &request, &error);

  g_assert_true (good == (error == NULL));
  if (!good)
    return;
  g_assert_nonnull (request.endpoint_id);
  g_assert_nonnull (request.content);
  check_slice (request.content, RB_JSON_STRING);
  check_slice (request.metadata, RB_JSON_OBJECT);
}

static void
try_processing (const RbJson *body)
{
  g_auto(RbProcessingRequest) request = { 0 };
  g_autoptr(GError) error = NULL;
  gboolean good = rb_wire_read_processing (body, &request, &error);

  g_assert_true (good == (error == NULL));
  if (!good)
    return;
  g_assert_nonnull (request.state);
  g_assert_cmpint (ABS (request.state_sequence), <=, RB_JSON_MAX_INTEGER);
}

static void
try_reply (const RbJson *body)
{
  g_auto(RbReplyRequest) request = { 0 };
  g_autoptr(GError) error = NULL;
  gboolean good = rb_wire_read_reply (body, &request, &error);

  g_assert_true (good == (error == NULL));
  if (!good)
    return;
  g_assert_nonnull (request.assignment_id);
  check_slice (request.content, RB_JSON_STRING);
  check_slice (request.metadata, RB_JSON_OBJECT);
}

static void
try_frame (GBytes *text)
{
  g_auto(RbWireFrame) frame = { 0 };

  rb_wire_frame_parse (text, &frame);
  if (frame.kind == RB_WIRE_FRAME_OTHER)
    return;
  g_assert_nonnull (frame.id);
  check_text (frame.id);
  check_text (frame.method);
  check_text (frame.target);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr(GBytes) text = g_bytes_new (data, size);
  g_autofree char *header = g_strndup ((const char *) data, size);
  g_autoptr(RbJson) body = rb_wire_parse_body (text, 1024 * 1024, NULL);

  try_frame (text);
  g_assert_cmpint (rb_wire_parse_pid_header (header), >=, 0);
  if (body == NULL)
    return 0;

  g_assert_cmpint (rb_wire_read_plugin_pid (body), >=, 0);
  rb_wire_check_initialize (body, NULL);
  try_register (body);
  try_send (body);
  try_processing (body);
  try_reply (body);
  return 0;
}
