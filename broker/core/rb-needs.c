/* rb-needs.c: what waits for a person, across endpoints
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-needs-private.h"

#include "rb-dict.h"
#include "rb-need-endpoints.h"

/* In the order of the list. */
static const RbNeedSource *const sources[] = {
  &rb_needs_of_store,
  &rb_needs_of_troubles,
  &rb_needs_of_link,
  &rb_needs_of_fullness,
  &rb_needs_of_posts,
  &rb_needs_of_spawns,
  &rb_needs_of_runtimes,
  &rb_needs_of_held,
  &rb_needs_of_inbox,
  &rb_needs_of_dead_letters,
  &rb_needs_of_forgotten,
};

struct _RbNeedList {
  RbCore          *core;
  const char      *wanted;       /* id of the row that is looked for; NULL: all */
  RbNeedEndpoints *endpoints;    /* NULL: not asked for yet */
  GVariantBuilder  rows;

  GVariantDict     row;          /* the one that is being made */
  GVariantBuilder  choices;
};

static const char *
name_of_endpoint (RbCore     *core,
                  const char *endpoint_id)
{
  const RbEndpoint *endpoint = rb_registry_lookup (core->registry, endpoint_id);

  return endpoint != NULL ? rb_need_endpoints_name (endpoint) : NULL;
}

gboolean
rb_need_begin (RbNeedList   *list,
               const RbNeed *need)
{
  g_autofree char *id = g_strconcat (need->kind, ":", need->subject, NULL);

  if (list->wanted != NULL && !g_str_equal (list->wanted, id))
    return FALSE;

  g_variant_dict_init (&list->row, NULL);
  rb_dict_put_text (&list->row, "id", id);
  rb_dict_put_text (&list->row, "kind", need->kind);
  rb_dict_put_text (&list->row, "subject", need->subject);
  rb_dict_put_time (&list->row, "since", need->since);
  rb_dict_put_text (&list->row, "who", need->who);
  rb_dict_put_text (&list->row, "what", need->what);
  rb_dict_put_text (&list->row, "endpoint_id", need->endpoint_id);
  rb_dict_put_text (&list->row, "endpoint", name_of_endpoint (list->core, need->endpoint_id));
  rb_dict_put_text (&list->row, "command", need->command);
  g_variant_builder_init (&list->choices, G_VARIANT_TYPE ("aa{sv}"));
  return TRUE;
}

void
rb_need_choice (RbNeedList *list,
                const char *action,
                const char *endpoint_id,
                const char *name)
{
  GVariantDict choice;

  g_variant_dict_init (&choice, NULL);
  rb_dict_put_text (&choice, "action", action);
  rb_dict_put_text (&choice, "endpoint_id", endpoint_id);
  rb_dict_put_text (&choice, "name", name);
  g_variant_builder_add_value (&list->choices, g_variant_dict_end (&choice));
}

static void
choose (const RbEndpoint *endpoint,
        gpointer          user_data)
{
  rb_need_choice (user_data, RB_NEED_DO_DISPATCH, endpoint->id, rb_need_endpoints_name (endpoint));
}

void
rb_need_choose_endpoint (RbNeedList *list,
                         const char *hint_endpoint_id)
{
  guint n_more;

  if (list->endpoints == NULL)
    list->endpoints = rb_need_endpoints_new (list->core);
  n_more = rb_need_endpoints_each (list->endpoints, hint_endpoint_id, choose, list);
  rb_dict_put_count (&list->row, "more_choices", n_more);
}

void
rb_need_end (RbNeedList *list)
{
  g_variant_dict_insert_value (&list->row, "choices", g_variant_builder_end (&list->choices));
  g_variant_builder_add_value (&list->rows, g_variant_dict_end (&list->row));
}

static GVariant *
make_list (RbCore             *core,
           const char         *wanted,
           const RbNeedSource *unwanted)
{
  RbNeedList list = { .core = core, .wanted = wanted };

  g_variant_builder_init (&list.rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    if (sources[i] != unwanted)
      sources[i]->add (core, &list);
  g_clear_pointer (&list.endpoints, rb_need_endpoints_free);
  return g_variant_builder_end (&list.rows);
}

GVariant *
rb_view_needs (RbCore *core)
{
  return make_list (core, NULL, NULL);
}

GVariant *
rb_view_needs_beside_inbox (RbCore *core)
{
  return make_list (core, NULL, &rb_needs_of_inbox);
}

/* Whoever asks is a person who has just clicked: a walk through the list will do. */
GVariant *
rb_view_need (RbCore     *core,
              const char *id)
{
  g_autoptr(GVariant) rows = g_variant_ref_sink (make_list (core, id, NULL));

  return g_variant_n_children (rows) > 0 ? g_variant_get_child_value (rows, 0) : NULL;
}

guint
rb_needs_get_n (RbCore *core)
{
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    n += sources[i]->count (core);
  return n;
}

gboolean
rb_needs_is_topic (const char *topic)
{
  static const char *const topics[] = { RB_NEEDS_TOPIC, "presence", "health", "held", "spawns", NULL };

  return g_strv_contains (topics, topic);
}
