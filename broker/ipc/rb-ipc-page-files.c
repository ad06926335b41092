/* rb-ipc-page-files.c: which path of the page gives which bytes
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-ipc-page.h"

#include "rb-ipc-http.h"
#include "rb-page-resources.h"

#include <string.h>

#define FOLDER "/io/github/runtimebroker/page/"
#define ENTRANCE "index.html"

static const struct {
  const char *ending;
  const char *type;
} types[] = {
  { ".css", "text/css; charset=utf-8" },
  { ".html", "text/html; charset=utf-8" },
  { ".js", "text/javascript; charset=utf-8" },
  { ".svg", "image/svg+xml" },
};

static const char *
type_of (const char *name)
{
  for (size_t i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_has_suffix (name, types[i].ending))
      return types[i].type;
  return "application/octet-stream";
}

/* They are compressed in the program's file, and unpacked when they are asked for: the kernel gives up what nobody reads. */
static GBytes *
look_up (const char *name)
{
  g_autofree char *path = g_strconcat (FOLDER, name, NULL);

  return g_resource_lookup_data (rb_page_get_resource (), path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
}

/* GET /ui/ and GET /ui/NAME */
void
rb_ipc_handle_page_file (RbIpcRequest *request)
{
  const char *parameter = rb_ipc_request_get_parameter (request);
  const char *name = parameter != NULL ? parameter : ENTRANCE;
  const char *known = rb_ipc_request_get_header (request, "If-None-Match");
  g_autoptr(GBytes) bytes = look_up (name);
  g_autofree char *sum = NULL;
  g_autofree char *tag = NULL;

  if (bytes == NULL)
    {
      rb_ipc_request_refuse (request, 404, "not_found", NULL);
      return;
    }
  sum = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
  tag = g_strdup_printf ("\"%.32s\"", sum);
  rb_ipc_request_set_header (request, "Content-Type", type_of (name));
  rb_ipc_request_set_header (request, "Cache-Control", "no-cache");
  rb_ipc_request_set_header (request, "ETag", tag);
  if (known != NULL && strstr (known, tag) != NULL)
    rb_ipc_request_answer (request, 304, g_bytes_new (NULL, 0));
  else
    rb_ipc_request_answer (request, 200, g_steal_pointer (&bytes));
}
