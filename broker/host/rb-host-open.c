/* rb-host-open.c: whether a module comes into this process or gets one of its own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-host-private.h"
#include "rb-loader.h"
#include "rb-remote-connector.h"
#include "rb-remote-info.h"

#include <string.h>

/* The group has the module's name, which before it was opened only its file tells: that is called by it, with or without the kind in front. */
static gboolean
is_isolated (RbHost       *self,
             RbModuleKind  kind,
             const char   *name)
{
  g_autofree char *title = rb_remote_info_dup_title (kind, name);
  const char *bare = title + strlen (rb_module_kind_to_string (kind)) + 1;

  if (self->isolate == NULL || kind != RB_MODULE_CONNECTOR)
    return FALSE;
  return self->isolate (bare, self->isolate_data) || self->isolate (title, self->isolate_data);
}

const RbModuleInfo *
rb_host_open (RbHost        *self,
              RbModuleKind   kind,
              const char    *name,
              char         **path,
              GError       **error)
{
  const char *const *directories = (const char *const *) self->directories;

  if (is_isolated (self, kind, name))
    return rb_remote_info_open (directories, kind, name, path, error);
  return rb_loader_open (directories, kind, name, path, error);
}

RbModule *
rb_host_make_module (const RbModuleInfo *info,
                     GHashTable         *values)
{
  if (rb_remote_info_get_path (info) != NULL)
    return rb_remote_connector_new (info, values);
  return g_object_new (info->get_type (), NULL);
}
