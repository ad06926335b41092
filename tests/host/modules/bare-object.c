/* bare-object.c: a module whose type implements nothing
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-module.h"

#define TYPE (bare_object_get_type ())
G_DECLARE_FINAL_TYPE (BareObject, bare_object, TEST, BARE_OBJECT, GObject)

struct _BareObject {
  GObject parent_instance;
};

G_DEFINE_FINAL_TYPE (BareObject, bare_object, G_TYPE_OBJECT)

static void
bare_object_class_init (BareObjectClass *klass)
{
}

static void
bare_object_init (BareObject *self)
{
}

RB_MODULE_DEFINE ("bare-object", RB_MODULE_CONNECTOR, "1", "Implements nothing", NULL, bare_object_get_type)
