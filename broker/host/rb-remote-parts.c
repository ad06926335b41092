/* rb-remote-parts.c: envelopes, errors and descriptions as parts of frames
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-remote-parts.h"

#include <string.h>

#define OUTCOME_TYPE "(bsissa{sv})"          /* ok, domain or "", code, reason or "", message, details */
#define CONTEXT_TYPE "(a{ss}(xxxxxb)a{ss})"  /* environment, terms of spawning, settings */

static RbRemoteData
data_of (GBytes *bytes)
{
  RbRemoteData data;

  data.data = g_bytes_get_data (bytes, &data.size);
  return data;
}

void
rb_remote_put_envelope (RbRemoteFrame *frame,
                        RbEnvelope    *envelope)
{
  frame->texts[0] = rb_envelope_get_id (envelope);
  frame->texts[1] = rb_envelope_get_from (envelope);
  frame->texts[2] = rb_envelope_get_to (envelope);
  frame->texts[3] = rb_envelope_get_content_type (envelope);
  frame->data[0] = data_of (rb_envelope_get_content (envelope));
  frame->data[1] = data_of (rb_envelope_get_metadata (envelope));
}

static gboolean
is_json (GBytes     *text,
         RbJsonType  type)
{
  g_autoptr(RbJson) json = rb_json_parse (text, 0, NULL);

  return json != NULL && rb_json_get_root_type (json) == type && g_bytes_get_size (rb_json_get_text (json)) == g_bytes_get_size (text);
}

static gboolean
is_empty_object (const RbRemoteData *data)
{
  return data->size == 2 && memcmp (data->data, "{}", 2) == 0;
}

RbEnvelope *
rb_remote_dup_envelope (const RbRemoteFrame  *frame,
                        gboolean              check,
                        GError              **error)
{
  gboolean is_plain = is_empty_object (&frame->data[1]);
  g_autoptr(GBytes) content = g_bytes_new (frame->data[0].data, frame->data[0].size);
  g_autoptr(GBytes) metadata = is_plain ? NULL : g_bytes_new (frame->data[1].data, frame->data[1].size);

  if (check && (!is_json (content, RB_JSON_STRING) || (!is_plain && !is_json (metadata, RB_JSON_OBJECT))))
    {
      rb_set_error (error, RB_ERROR_INVALID, "bad_frame", "a message whose content or metadata is no JSON");
      return NULL;
    }
  return rb_envelope_new (frame->texts[0], frame->texts[1], frame->texts[2], content, frame->texts[3], metadata);
}

GVariant *
rb_remote_put_variant (RbRemoteFrame *frame,
                       GVariant      *value)
{
  GVariant *kept = g_variant_ref_sink (value);

  frame->data[0].data = g_variant_get_data (kept);
  frame->data[0].size = g_variant_get_size (kept);
  return kept;
}

GVariant *
rb_remote_dup_variant (const RbRemoteFrame  *frame,
                       const char           *type,
                       GError              **error)
{
  g_autoptr(GBytes) bytes = g_bytes_new (frame->data[0].data, frame->data[0].size);
  g_autoptr(GVariant) value = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (type), bytes, FALSE));

  if (g_variant_is_normal_form (value))
    return g_steal_pointer (&value);
  rb_set_error (error, RB_ERROR_INVALID, "bad_frame", "a frame '%s' with data of another type", rb_remote_type_to_string (frame->type));
  return NULL;
}

/* Of the domains that a module may answer with only these mean something to whoever called it. */
static const char *
domain_to_string (GQuark domain)
{
  if (domain == RB_ERROR)
    return "rb";
  return domain == G_IO_ERROR ? "io" : "other";
}

static GVariant *
details_of (const GError *error)
{
  GVariant *details = error != NULL && error->domain == RB_ERROR ? rb_error_get_details (error) : NULL;

  return details != NULL ? details : g_variant_new ("a{sv}", NULL);
}

GVariant *
rb_remote_outcome_new (gboolean      ok,
                       const GError *error)
{
  const char *reason = error != NULL ? rb_error_get_reason (error) : NULL;

  return g_variant_new ("(bsiss@a{sv})", ok, error != NULL ? domain_to_string (error->domain) : "", error != NULL ? error->code : 0,
                        reason != NULL ? reason : "", error != NULL ? error->message : "", details_of (error));
}

static GError *
error_from (const char *domain,
            int         code,
            const char *reason,
            const char *message,
            GVariant   *details)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;
  GError *error;

  if (g_str_equal (domain, "io"))
    return g_error_new_literal (G_IO_ERROR, code, message);
  if (!g_str_equal (domain, "rb") || code < 0 || code >= (int) RB_ERROR_N_CODES)
    return rb_error_new (RB_ERROR_INTERNAL, NULL, "%s", message);
  error = rb_error_new ((RbError) code, *reason != '\0' ? reason : NULL, "%s", message);
  g_variant_iter_init (&iter, details);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    rb_error_add_detail (error, name, value);
  return error;
}

gboolean
rb_remote_outcome_read (const RbRemoteFrame  *frame,
                        gboolean             *ok,
                        GError              **outcome)
{
  g_autoptr(GVariant) value = rb_remote_dup_variant (frame, OUTCOME_TYPE, NULL);
  g_autoptr(GVariant) details = NULL;
  const char *domain, *reason, *message;
  int code;

  if (value == NULL)
    return FALSE;
  g_variant_get (value, "(b&si&s&s@a{sv})", ok, &domain, &code, &reason, &message, &details);
  *outcome = *domain != '\0' ? error_from (domain, code, reason, message, details) : NULL;
  return TRUE;
}

static void
add_text (GVariantBuilder *builder,
          const char      *name,
          const char      *value)
{
  if (value != NULL)
    g_variant_builder_add (builder, "{ss}", name, value);
}

static GVariant *
environment_to_variant (const RbModuleEnvironment *environment)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  add_text (&builder, "account-id", environment->account_id);
  add_text (&builder, "runtime-token", environment->runtime_token);
  add_text (&builder, "data-dir", environment->data_dir);
  add_text (&builder, "state-dir", environment->state_dir);
  add_text (&builder, "product-version", environment->product_version);
  add_text (&builder, "client-version", environment->client_version);
  add_text (&builder, "spawn-directories", environment->spawn.directories);
  return g_variant_builder_end (&builder);
}

GVariant *
rb_remote_context_new (const RbModuleEnvironment *environment,
                       GHashTable                *settings)
{
  const RbSpawnTerms *spawn = &environment->spawn;
  GVariantBuilder builder;
  GHashTableIter iter;
  gpointer key, value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  g_hash_table_iter_init (&iter, settings);
  while (g_hash_table_iter_next (&iter, &key, &value))
    add_text (&builder, key, value);
  return g_variant_new ("(@a{ss}(xxxxxb)@a{ss})", environment_to_variant (environment), spawn->memory_max_bytes, spawn->tasks_max,
                        spawn->cpu_percent, spawn->log_max_bytes, spawn->stop_timeout_ms, spawn->no_units,
                        g_variant_builder_end (&builder));
}

static GHashTable *
texts_from (GVariant *dictionary)
{
  GHashTable *texts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  const char *name, *value;
  GVariantIter iter;

  g_variant_iter_init (&iter, dictionary);
  while (g_variant_iter_next (&iter, "{&s&s}", &name, &value))
    g_hash_table_replace (texts, g_strdup (name), g_strdup (value));
  return texts;
}

gboolean
rb_remote_context_read (const RbRemoteFrame   *frame,
                        RbModuleEnvironment   *environment,
                        GHashTable           **settings)
{
  g_autoptr(GVariant) value = rb_remote_dup_variant (frame, CONTEXT_TYPE, NULL);
  g_autoptr(GVariant) given = NULL;
  g_autoptr(GVariant) set = NULL;
  g_autoptr(GHashTable) texts = NULL;
  RbModuleEnvironment borrowed = { 0 };

  if (value == NULL)
    return FALSE;
  g_variant_get (value, "(@a{ss}(xxxxxb)@a{ss})", &given, &borrowed.spawn.memory_max_bytes, &borrowed.spawn.tasks_max,
                 &borrowed.spawn.cpu_percent, &borrowed.spawn.log_max_bytes, &borrowed.spawn.stop_timeout_ms, &borrowed.spawn.no_units,
                 &set);
  texts = texts_from (given);
  borrowed.account_id = g_hash_table_lookup (texts, "account-id");
  borrowed.runtime_token = g_hash_table_lookup (texts, "runtime-token");
  borrowed.data_dir = g_hash_table_lookup (texts, "data-dir");
  borrowed.state_dir = g_hash_table_lookup (texts, "state-dir");
  borrowed.product_version = g_hash_table_lookup (texts, "product-version");
  borrowed.client_version = g_hash_table_lookup (texts, "client-version");
  borrowed.spawn.directories = g_hash_table_lookup (texts, "spawn-directories");
  rb_module_environment_copy (environment, &borrowed);
  *settings = texts_from (set);
  return TRUE;
}
