/* rb-sim-certificate.c: the certificate that nobody trusts
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-sim-certificate.h"

/* For tests alone: the key is public by standing here. */
static const char pem[] =
  "-----BEGIN CERTIFICATE-----\n"
  "MIIBrTCCAVOgAwIBAgIUGdMzhOgd9HH0/Yd71g7HPAQG4UkwCgYIKoZIzj0EAwIw\n"
  "HTEbMBkGA1UEAwwSc2ltdWxhdGVkIHVwc3RyZWFtMCAXDTI2MTEyNjE4MzU1M1oY\n"
  "DzIxMjYxMTAyMTgzNTUzWjAdMRswGQYDVQQDDBJzaW11bGF0ZWQgdXBzdHJlYW0w\n"
  "WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAR7HAq7tWKKHLaWFAHXc92D7qQahS7u\n"
  "LD+U4/yDqXtVDyZ94HmIV5wlCd5Cu7MASqrV0zVHZkh1tLQEaZrbhboco28wbTAd\n"
  "BgNVHQ4EFgQUxzCFYsJLeJR881x2z5OayEMYGS4wHwYDVR0jBBgwFoAUxzCFYsJL\n"
  "eJR881x2z5OayEMYGS4wDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2Nh\n"
  "bGhvc3SHBH8AAAEwCgYIKoZIzj0EAwIDSAAwRQIhAKhrD9sRzOr/rm/5SKoGdrio\n"
  "WLvAQ18FL476g8KvTxcvAiAWqw1U15wPONb4+926fBZ3DBXMbB6E/nwIPPycEFSL\n"
  "qQ==\n"
  "-----END CERTIFICATE-----\n"
  "-----BEGIN PRIVATE KEY-----\n"
  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg7WMxW9ayr3ysJNAh\n"
  "b8pUslMm3YvjrfcKUxRLjEDzemyhRANCAAR7HAq7tWKKHLaWFAHXc92D7qQahS7u\n"
  "LD+U4/yDqXtVDyZ94HmIV5wlCd5Cu7MASqrV0zVHZkh1tLQEaZrbhboc\n"
  "-----END PRIVATE KEY-----\n";

GTlsCertificate *
rb_sim_certificate_new (GError **error)
{
  return g_tls_certificate_new_from_pem (pem, -1, error);
}
