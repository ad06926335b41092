/* rb-search.c: a person looks for what was said
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-search.h"

#include "rb-core-private.h"
#include "rb-dict.h"
#include "rb-error.h"

#include <string.h>

#define LIMIT_DEFAULT 20
#define LIVE_BYTES_MAX (512 * 1024)      /* of contents that are looked through in one go, which the loop waits for; the last may pass it */

typedef struct {
  RbSearchQuery  *query;
  RbSearchRequest request;     /* its texts are gone once it was asked */
  GPtrArray      *live;        /* of RbMessage */
  gsize           bytes_left;
  gboolean        is_cut;      /* more is alive than was looked through */
  GVariantBuilder rows;
  gint64          last_n;      /* of the last row of the archive; 0: none */
} Search;

static void
search_free (Search *self)
{
  g_clear_pointer (&self->query, rb_search_query_unref);
  g_variant_builder_clear (&self->rows);
  g_free (self);
}

/* Text, hit, text, hit, text: what has an odd place in it is what was looked for. */
static GVariant *
split_snippet (const char *snippet)
{
  GVariantBuilder parts;

  g_variant_builder_init (&parts, G_VARIANT_TYPE ("as"));
  while (TRUE)
    {
      gsize length = strcspn (snippet, RB_SEARCH_HIT_BEGIN RB_SEARCH_HIT_END);
      g_autofree char *part = g_strndup (snippet, length);

      g_variant_builder_add (&parts, "s", part);
      if (snippet[length] == '\0')
        return g_variant_builder_end (&parts);
      snippet += length + 1;
    }
}

static void
add_live (Search          *self,
          const RbMessage *message,
          const char      *snippet)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  rb_dict_put_text (&dict, "id", message->id);
  rb_dict_put_text (&dict, "direction", RB_ARCHIVE_IN);
  rb_dict_put_time (&dict, "at", message->arrived_at);
  rb_dict_put_text (&dict, "peer", rb_envelope_get_from (message->envelope));
  rb_dict_put_text (&dict, "endpoint_id", message->endpoint_id);
  rb_dict_put_text (&dict, "state", rb_place_to_string (message->place));
  g_variant_dict_insert_value (&dict, "snippet", split_snippet (snippet));
  g_variant_builder_add_value (&self->rows, g_variant_dict_end (&dict));
}

static void
add_archived (Search   *self,
              GVariant *found)
{
  g_autoptr(GVariant) row = g_variant_get_child_value (found, 0);
  const char *kind, *id, *name, *endpoint_id, *outcome, *snippet;
  gint64 begun_at, ended_at;
  GVariantDict dict;

  g_variant_get (row, "(x&s&s&sm&smsmsmsxx&sx)", &self->last_n, &kind, &id, &name, &endpoint_id, NULL, NULL, NULL, &begun_at, &ended_at,
                 &outcome, NULL);
  g_variant_get_child (found, 1, "&s", &snippet);
  g_variant_dict_init (&dict, NULL);
  rb_dict_put_text (&dict, "id", id);
  rb_dict_put_text (&dict, "direction", kind);
  rb_dict_put_time (&dict, "at", begun_at);
  rb_dict_put_text (&dict, "peer", name);
  rb_dict_put_text (&dict, "endpoint_id", endpoint_id);
  rb_dict_put_text (&dict, "state", g_str_equal (kind, RB_ARCHIVE_OUT) ? "sent" : "ended");
  rb_dict_put_text (&dict, "outcome", outcome);
  rb_dict_put_time (&dict, "ended_at", ended_at);
  g_variant_dict_insert_value (&dict, "snippet", split_snippet (snippet));
  g_variant_builder_add_value (&self->rows, g_variant_dict_end (&dict));
}

/* Whether it is asked for, apart from its words. */
static gboolean
is_wanted (const RbSearchRequest *request,
           const RbMessage       *message)
{
  return request->to == NULL && (request->from == NULL || g_str_equal (rb_envelope_get_from (message->envelope), request->from)) &&
         (request->endpoint_id == NULL || g_strcmp0 (message->endpoint_id, request->endpoint_id) == 0) &&
         message->arrived_at >= request->since && (request->until == 0 || message->arrived_at < request->until);
}

static void
collect (RbMessage *message,
         gpointer   user_data)
{
  Search *self = user_data;

  if (is_wanted (&self->request, message))
    g_ptr_array_add (self->live, message);
}

static int
compare_arrivals (gconstpointer a,
                  gconstpointer b)
{
  const RbMessage *first = *(RbMessage *const *) a;
  const RbMessage *second = *(RbMessage *const *) b;

  return first->position > second->position ? -1 : first->position < second->position;
}

/* No index has what lives; it is little, and in memory. */
static void
search_live (RbCore *core,
             Search *self)
{
  g_autoptr(GPtrArray) live = g_ptr_array_new ();
  gsize text_max = MAX (core->settings.archive.text_max, 1024);
  guint n = 0, i;

  self->live = live;
  rb_ledger_foreach (core->ledger, collect, self);
  self->live = NULL;
  g_ptr_array_sort (live, compare_arrivals);
  for (i = 0; i < live->len && n < self->request.limit && self->bytes_left > 0; i++)
    {
      const RbMessage *message = g_ptr_array_index (live, i);
      g_autofree char *text = rb_archive_dup_text (rb_envelope_get_content (message->envelope), text_max);
      g_autofree char *snippet = NULL;

      self->bytes_left -= MIN (strlen (text), self->bytes_left);
      if (!rb_search_query_matches (self->query, text, &snippet))
        continue;
      add_live (self, message, snippet);
      n++;
    }
  /* No page after this one has what lives: who asks must hear that there is more. */
  self->is_cut = i < live->len;
}

static GVariant *
end_page (Search   *self,
          gboolean  has_more)
{
  GVariantDict page;

  g_variant_dict_init (&page, NULL);
  g_variant_dict_insert_value (&page, "rows", g_variant_builder_end (&self->rows));
  g_variant_dict_insert (&page, "live_cut", "b", self->is_cut);
  if (has_more)
    g_variant_dict_insert (&page, "before", "x", self->last_n);
  g_variant_builder_init (&self->rows, G_VARIANT_TYPE ("aa{sv}"));
  return g_variant_ref_sink (g_variant_dict_end (&page));
}

static void
on_found (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Search *self = g_task_get_task_data (task);
  g_autoptr(GPtrArray) rows = rb_store_take_rows (source, result, task);

  if (rows == NULL)
    return;

  for (guint i = 0; i < rows->len; i++)
    add_archived (self, g_ptr_array_index (rows, i));
  g_task_return_pointer (task, end_page (self, rows->len == self->request.limit), (GDestroyNotify) g_variant_unref);
}

static gboolean
check_request (const RbSearchRequest *request,
               GError               **error)
{
  const char *wrong = NULL;

  if (request->from != NULL && request->to != NULL)
    wrong = "'from' and 'to' exclude each other: a message has one other side";
  else if (request->until != 0 && request->until <= request->since)
    wrong = "'until' must be later than 'since'";
  else if (request->limit > RB_SEARCH_LIMIT_MAX)
    wrong = "'limit' must be at most " G_STRINGIFY (RB_SEARCH_LIMIT_MAX);
  if (wrong != NULL)
    rb_set_error (error, RB_ERROR_INVALID, "bad_request", "%s", wrong);
  return wrong == NULL;
}

static void
search_archive (RbCore *core,
                Search *self,
                GTask  *task)
{
  const RbSearchRequest *request = &self->request;
  RbSearch search = {
    .query = self->query,
    .kind = request->to != NULL ? RB_ARCHIVE_OUT : request->from != NULL ? RB_ARCHIVE_IN : NULL,
    .name = request->to != NULL ? request->to : request->from,
    .endpoint_id = request->endpoint_id,
    .since = request->since,
    .until = request->until,
    .before = request->before,
    .limit = request->limit,
  };

  rb_store_search_async (core->store, &search, NULL, on_found, task);
}

void
rb_search_async (RbCore                *core,
                 const RbSearchRequest *request,
                 GAsyncReadyCallback    callback,
                 gpointer               user_data)
{
  g_autoptr(GTask) task = g_task_new (core, NULL, callback, user_data);
  g_autoptr(RbSearchQuery) query = NULL;
  GError *error = NULL;
  Search *self;

  g_task_set_source_tag (task, rb_search_async);
  query = check_request (request, &error) ? rb_search_query_parse (request->words, &error) : NULL;
  if (query == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  self = g_new0 (Search, 1);
  self->query = g_steal_pointer (&query);
  self->request = *request;
  self->request.limit = request->limit != 0 ? request->limit : LIMIT_DEFAULT;
  self->bytes_left = LIVE_BYTES_MAX;
  g_variant_builder_init (&self->rows, G_VARIANT_TYPE ("aa{sv}"));
  g_task_set_task_data (task, self, (GDestroyNotify) search_free);
  if (request->before == 0)
    search_live (core, self);
  search_archive (core, self, g_steal_pointer (&task));
}

GVariant *
rb_search_finish (RbCore        *core,
                  GAsyncResult  *result,
                  GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
