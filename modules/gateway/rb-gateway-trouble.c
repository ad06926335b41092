/* rb-gateway-trouble.c: why there is no link, in words that people understand
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-gateway-trouble.h"

#define HTTP_SWITCHING_PROTOCOLS 101
#define HTTP_PROXY_AUTHENTICATION 407
#define CLOSED_ABNORMALLY 1006

static const struct {
  GTlsCertificateFlags flag;
  const char          *text;
  gboolean             has_date;
} certificate_faults[] = {
  { G_TLS_CERTIFICATE_EXPIRED, "it has expired", TRUE },
  { G_TLS_CERTIFICATE_NOT_ACTIVATED, "it is not valid yet", TRUE },
  { G_TLS_CERTIFICATE_BAD_IDENTITY, "it is for another host name", FALSE },
  { G_TLS_CERTIFICATE_UNKNOWN_CA, "it is signed by an authority that is not trusted here", FALSE },
  { G_TLS_CERTIFICATE_REVOKED, "it was revoked", FALSE },
  { G_TLS_CERTIFICATE_INSECURE, "its algorithm is insecure", FALSE },
  { G_TLS_CERTIFICATE_GENERIC_ERROR, "it does not pass the check", FALSE },
};

static char *
describe_certificate (const RbGatewayTrouble *self)
{
  GString *text = g_string_new (NULL);
  const char *separator = "";

  g_string_printf (text, "The certificate of '%s' cannot be trusted: ", self->host);
  for (gsize i = 0; i < G_N_ELEMENTS (certificate_faults); i++)
    {
      if ((self->certificate & certificate_faults[i].flag) == 0)
        continue;
      g_string_append_printf (text, "%s%s", separator, certificate_faults[i].text);
      if (certificate_faults[i].has_date && self->expired_on != NULL)
        g_string_append_printf (text, " (%s)", self->expired_on);
      separator = "; ";
    }
  return g_string_free (text, FALSE);
}

static char *
describe_status (const RbGatewayTrouble *self)
{
  if (self->http_status == HTTP_PROXY_AUTHENTICATION)
    return g_strdup_printf ("The proxy wants a name and a password (HTTP %u)", self->http_status);
  return g_strdup_printf ("'%s' answered HTTP %u instead of opening a WebSocket", self->host, self->http_status);
}

static gboolean
is_about_proxy (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PROXY_FAILED) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PROXY_AUTH_FAILED) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PROXY_NEED_AUTH) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PROXY_NOT_ALLOWED);
}

/**
 * rb_gateway_trouble_describe:
 * @self: what is known
 * @error: why the attempt failed
 *
 * The most telling fact wins: a certificate over the error that it led to, an HTTP status over "not a WebSocket".
 *
 * Returns: (transfer full): a sentence without a full stop
 */
char *
rb_gateway_trouble_describe (const RbGatewayTrouble *self,
                             const GError           *error)
{
  const char *where = self->proxy != NULL ? self->proxy : self->host;
  const char *what = self->proxy != NULL ? "proxy " : "";

  if (self->is_timeout)
    return g_strdup_printf ("'%s' did not open a connection in time", self->host);
  if (self->certificate != 0)
    return describe_certificate (self);
  if (self->http_status != 0 && self->http_status != HTTP_SWITCHING_PROTOCOLS)
    return describe_status (self);
  if (is_about_proxy (error))
    return g_strdup_printf ("The proxy does not let us through to '%s': %s", self->host, error->message);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    return g_strdup_printf ("%s'%s' refuses the connection", what, where);
  if (error->domain == G_RESOLVER_ERROR)
    return g_strdup_printf ("The address of %s'%s' cannot be found: %s", what, where, error->message);
  return g_strdup_printf ("No connection to '%s': %s", self->host, error->message);
}

char *
rb_gateway_trouble_describe_close (guint       code,
                                   const char *reason)
{
  if (code == 0 || code == CLOSED_ABNORMALLY)
    return g_strdup ("The connection to the gateway broke off");
  if (reason == NULL || *reason == '\0')
    return g_strdup_printf ("The gateway closed the connection (%u)", code);
  return g_strdup_printf ("The gateway closed the connection: %s (%u)", reason, code);
}
