/* upstream-http.c: an upstream in the place of the real one, which does what [http] mode says
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-api.h"

#define TEST_TYPE_HTTP (test_http_get_type ())
G_DECLARE_FINAL_TYPE (TestHttp, test_http, TEST, HTTP, GObject)

struct _TestHttp {
  GObject parent_instance;

  RbModuleContext *context;
  GTask           *start;     /* the one that is not answered */
};

static void module_iface_init (RbModuleInterface *iface);
static void upstream_iface_init (RbUpstreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestHttp, test_http, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (RB_TYPE_MODULE, module_iface_init)
                               G_IMPLEMENT_INTERFACE (RB_TYPE_UPSTREAM, upstream_iface_init))

static const RbModuleSetting settings[] = {
  { "api-host", RB_SETTING_STRING, NULL, "where the upstream is" },
  { "mode", RB_SETTING_STRING, "good", "good, hangs, away, refused" },
  { NULL }
};

RB_MODULE_DEFINE ("http", RB_MODULE_UPSTREAM, "1", "Plays an upstream", settings, test_http_get_type)

static gboolean
has_mode (TestHttp   *self,
          const char *mode)
{
  return g_str_equal (rb_module_context_get_string (self->context, "mode"), mode);
}

static gboolean
configure (RbModule         *module,
           RbModuleContext  *context,
           GError          **error)
{
  TEST_HTTP (module)->context = g_object_ref (context);
  if (rb_module_context_get_string (context, "api-host") != NULL)
    return TRUE;
  rb_set_error (error, RB_ERROR_INVALID, "bad_setting", "[http] api-host is not set");
  return FALSE;
}

static void
start_async (RbModule            *module,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             user_data)
{
  TestHttp *self = TEST_HTTP (module);
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);

  if (has_mode (self, "hangs"))
    self->start = g_steal_pointer (&task);
  else
    g_task_return_boolean (task, TRUE);
}

static void
stop_async (RbModule            *module,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (module, NULL, callback, user_data);

  g_clear_object (&TEST_HTTP (module)->start);
  g_task_return_boolean (task, TRUE);
}

static gboolean
finish (RbModule      *module,
        GAsyncResult  *result,
        GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static RbUpstreamFeatures
get_features (RbUpstream *upstream)
{
  return 0;
}

/* Who we are depends on what we were given: the token names the account. */
static GVariant *
describe_subject (TestHttp *self)
{
  const RbModuleEnvironment *environment = rb_module_context_get_environment (self->context);
  g_autofree char *subject = g_strdup_printf ("agent of %s", environment->runtime_token);
  g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&dict, "subjectId", "s", subject);
  g_variant_dict_insert (&dict, "subjectType", "s", "agent_runtime");
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
call_async (RbUpstream          *upstream,
            RbUpstreamCall       call,
            GVariant            *arguments,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  TestHttp *self = TEST_HTTP (upstream);
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);

  if (call != RB_UPSTREAM_WHOAMI)
    g_task_return_error (task, rb_error_new (RB_ERROR_NOT_SUPPORTED, NULL, "Only asked who we are"));
  else if (has_mode (self, "away"))
    g_task_return_error (task, rb_error_new (RB_ERROR_UNAVAILABLE, NULL, "503 from the upstream"));
  else if (has_mode (self, "refused"))
    g_task_return_error (task, rb_error_new (RB_ERROR_REJECTED, "unauthorized", "401 unauthorized"));
  else
    g_task_return_pointer (task, describe_subject (self), (GDestroyNotify) g_variant_unref);
}

static GVariant *
call_finish (RbUpstream    *upstream,
             GAsyncResult  *result,
             GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
test_http_finalize (GObject *object)
{
  g_clear_object (&TEST_HTTP (object)->context);
  G_OBJECT_CLASS (test_http_parent_class)->finalize (object);
}

static void
module_iface_init (RbModuleInterface *iface)
{
  iface->configure = configure;
  iface->start_async = start_async;
  iface->start_finish = finish;
  iface->stop_async = stop_async;
  iface->stop_finish = finish;
}

static void
upstream_iface_init (RbUpstreamInterface *iface)
{
  iface->get_features = get_features;
  iface->call_async = call_async;
  iface->call_finish = call_finish;
}

static void
test_http_class_init (TestHttpClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_http_finalize;
}

static void
test_http_init (TestHttp *self)
{
}
