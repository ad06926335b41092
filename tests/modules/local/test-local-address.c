/* test-local-address.c: handles and addresses
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-local-address.h"
#include "rb-test.h"

#include <string.h>

static void
test_handles (void)
{
  static const char *const valid[] = { "a", "ada", "0", "_", "ada.l-1_x", "a..b", "a-" };
  static const char *const invalid[] = { "", ".", "..", ".ada", "-ada", "Ada", "ada lovelace", "ada/b", "ada@local", "ad\xc3\xa4",
                                         "ada\n" };
  g_autofree char *longest = g_strnfill (RB_LOCAL_HANDLE_MAX, 'a');
  g_autofree char *too_long = g_strnfill (RB_LOCAL_HANDLE_MAX + 1, 'a');

  g_test_summary ("A handle is short, lower case, and safe as the name of a file.");

  for (size_t i = 0; i < G_N_ELEMENTS (valid); i++)
    g_assert_true (rb_local_handle_is_valid (valid[i]));
  for (size_t i = 0; i < G_N_ELEMENTS (invalid); i++)
    g_assert_false (rb_local_handle_is_valid (invalid[i]));
  g_assert_false (rb_local_handle_is_valid (NULL));
  g_assert_true (rb_local_handle_is_valid (longest));
  g_assert_false (rb_local_handle_is_valid (too_long));
}

static void
test_from_account (void)
{
  static const struct { const char *account; const char *handle; } cases[] = {
    { "ada", "ada" },
    { "Ada Lovelace", "ada_lovelace" },
    { "acct:ada@example.com", "acct_ada_example.com" },
    { "..", NULL },
    { "", NULL },
    { "--x", "x" },
    { "\xc3\xa4", "_" },
    { "\xf0\x9f\x98\x80" "b", "_b" },
    { "/etc/passwd", "_etc_passwd" },
  };
  g_autofree char *long_account = g_strnfill (200, 'A');
  g_autofree char *long_handle = rb_local_handle_from_account (long_account);

  g_test_summary ("An account that chose no handle gets a valid one from its id, if there is anything in it.");

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *handle = rb_local_handle_from_account (cases[i].account);

      g_assert_cmpstr (handle, ==, cases[i].handle);
      g_assert_true (handle == NULL || rb_local_handle_is_valid (handle));
    }
  g_assert_cmpuint (strlen (long_handle), ==, RB_LOCAL_HANDLE_MAX);
  g_assert_true (rb_local_handle_is_valid (long_handle));
}

static void
test_addresses (void)
{
  static const struct { const char *address; const char *handle; } cases[] = {
    { "ada@local", "ada" },
    { "Ada@LOCAL", "ada" },
    { "a.b-c_d@local", "a.b-c_d" },
    { NULL, NULL },
    { "", NULL },
    { "ada", NULL },
    { "@local", NULL },
    { "ada@", NULL },
    { "ada@localhost", NULL },
    { "ada@local@local", NULL },
    { " ada@local", NULL },
    { "ada@local ", NULL },
    { "../x@local", NULL },
    { "ada@example.com", NULL },
    { "\xc3\xa4@local", NULL },
  };
  g_autofree char *long_handle = g_strnfill (RB_LOCAL_HANDLE_MAX + 1, 'a');
  g_autofree char *too_long = g_strconcat (long_handle, "@local", NULL);
  g_autofree char *address = rb_local_address_new ("ada");
  g_autofree char *handle = rb_local_address_parse (too_long);

  g_test_summary ("An address is a handle, an at sign and 'local'; anything else is refused.");

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *parsed = rb_local_address_parse (cases[i].address);

      g_assert_cmpstr (parsed, ==, cases[i].handle);
    }
  g_assert_cmpstr (address, ==, "ada@local");
  g_assert_null (handle);
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);
  g_test_add_func ("/local/address/handles", test_handles);
  g_test_add_func ("/local/address/from-account", test_from_account);
  g_test_add_func ("/local/address/addresses", test_addresses);
  return g_test_run ();
}
