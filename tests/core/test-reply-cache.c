/* test-reply-cache.c: which correlations each endpoint received
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-reply-cache.h"
#include "rb-test.h"

/* Source: protocol.md 8.5. */

#define CAP 3
#define TTL 1000

static RbReplyVerdict
resolve (RbReplyCache *cache,
         const char   *endpoint_id,
         const char   *correlation_id,
         gint64        now)
{
  return rb_reply_cache_resolve (cache, endpoint_id, correlation_id, now, NULL);
}

static void
test_verdicts (void)
{
  g_autoptr(RbReplyCache) cache = rb_reply_cache_new (CAP, TTL);

  g_test_summary ("Found for its endpoint alone and until the time to live is over; looking does not make younger.");

  rb_reply_cache_record (cache, "ep_1", "c", 100, NULL);
  g_assert_cmpint (resolve (cache, "ep_1", "d", 100), ==, RB_REPLY_UNKNOWN);
  g_assert_cmpint (resolve (cache, "ep_2", "c", 100), ==, RB_REPLY_WRONG_ENDPOINT);
  g_assert_cmpint (resolve (cache, "ep_1", "c", 100), ==, RB_REPLY_FOUND);
  g_assert_cmpint (resolve (cache, "ep_1", "c", 100 + TTL - 1), ==, RB_REPLY_FOUND);
  g_assert_cmpint (resolve (cache, "ep_1", "c", 100 + TTL), ==, RB_REPLY_EXPIRED);
  g_assert_cmpint (resolve (cache, "ep_1", "c", 100 + TTL), ==, RB_REPLY_UNKNOWN);
  g_assert_cmpuint (rb_reply_cache_get_n (cache), ==, 0);
}

static void
test_words (void)
{
  g_test_summary ("A fallback is logged in the words of the specification.");

  g_assert_cmpstr (rb_reply_verdict_to_string (RB_REPLY_FOUND), ==, "found");
  g_assert_cmpstr (rb_reply_verdict_to_string (RB_REPLY_UNKNOWN), ==, "unknown_correlation_id");
  g_assert_cmpstr (rb_reply_verdict_to_string (RB_REPLY_WRONG_ENDPOINT), ==, "wrong_endpoint");
  g_assert_cmpstr (rb_reply_verdict_to_string (RB_REPLY_EXPIRED), ==, "ttl_expired");
}

static void
test_refreshed (void)
{
  g_autoptr(RbReplyCache) cache = rb_reply_cache_new (CAP, TTL);

  g_test_summary ("Received again, a correlation is the newest of its endpoint and as old as the last time.");

  rb_reply_cache_record (cache, "ep", "a", 1, NULL);
  rb_reply_cache_record (cache, "ep", "b", 2, NULL);
  rb_reply_cache_record (cache, "ep", "c", 3, NULL);
  rb_reply_cache_record (cache, "ep", "a", 900, NULL);
  g_assert_cmpuint (rb_reply_cache_get_n (cache), ==, 3);
  rb_reply_cache_record (cache, "ep", "d", 901, NULL);
  g_assert_cmpint (resolve (cache, "ep", "b", 901), ==, RB_REPLY_UNKNOWN);
  g_assert_cmpint (resolve (cache, "ep", "a", 1500), ==, RB_REPLY_FOUND);
  g_assert_cmpint (resolve (cache, "ep", "c", 1500), ==, RB_REPLY_EXPIRED);
}

static void
test_moved (void)
{
  g_autoptr(RbReplyCache) cache = rb_reply_cache_new (CAP, TTL);
  g_autoptr(RbChanges) changes = rb_changes_new ();
  g_autofree char *deleted = NULL;
  g_autofree char *put = NULL;

  g_test_summary ("A correlation has one owner: who received it last, in memory and on disk.");

  rb_reply_cache_record (cache, "ep_1", "c", 1, NULL);
  rb_reply_cache_record (cache, "ep_2", "c", 2, changes);
  g_assert_cmpint (resolve (cache, "ep_1", "c", 2), ==, RB_REPLY_WRONG_ENDPOINT);
  g_assert_cmpint (resolve (cache, "ep_2", "c", 2), ==, RB_REPLY_FOUND);
  g_assert_cmpuint (rb_reply_cache_get_n (cache), ==, 1);
  g_assert_cmpuint (rb_changes_get_n (changes), ==, 2);
  deleted = g_variant_print (rb_changes_get (changes, 0)->row, FALSE);
  put = g_variant_print (rb_changes_get (changes, 1)->row, FALSE);
  g_assert_cmpint (rb_changes_get (changes, 0)->op, ==, RB_CHANGE_DELETE);
  g_assert_cmpstr (deleted, ==, "('ep_1', 'received', 'c')");
  g_assert_cmpint (rb_changes_get (changes, 1)->op, ==, RB_CHANGE_PUT);
  g_assert_cmpstr (put, ==, "('ep_2', 'received', 'c', 2)");
}

static void
test_cap (void)
{
  g_autoptr(RbReplyCache) cache = rb_reply_cache_new (CAP, TTL);
  g_autoptr(RbChanges) changes = rb_changes_new ();

  g_test_summary ("Above the cap an endpoint's oldest goes; other endpoints keep theirs.");

  rb_reply_cache_record (cache, "other", "o", 0, NULL);
  for (guint i = 0; i < CAP + 1; i++)
    {
      char id[] = { (char) ('a' + i), '\0' };

      rb_reply_cache_record (cache, "ep", id, i, changes);
    }
  g_assert_cmpuint (rb_reply_cache_get_n (cache), ==, CAP + 1);
  g_assert_cmpint (resolve (cache, "ep", "a", 5), ==, RB_REPLY_UNKNOWN);
  g_assert_cmpint (resolve (cache, "ep", "b", 5), ==, RB_REPLY_FOUND);
  g_assert_cmpint (resolve (cache, "other", "o", 5), ==, RB_REPLY_FOUND);
  g_assert_cmpuint (rb_changes_get_n (changes), ==, CAP + 2);
  g_assert_cmpint (rb_changes_get (changes, CAP + 1)->op, ==, RB_CHANGE_DELETE);
}

static void
test_nothing (void)
{
  g_autoptr(RbReplyCache) cache = rb_reply_cache_new (CAP, TTL);
  g_autoptr(RbChanges) changes = rb_changes_new ();

  g_test_summary ("No correlation is none to remember.");

  rb_reply_cache_record (cache, "ep", NULL, 1, changes);
  rb_reply_cache_record (cache, "ep", "", 1, changes);
  g_assert_cmpuint (rb_reply_cache_get_n (cache), ==, 0);
  g_assert_cmpuint (rb_changes_get_n (changes), ==, 0);
}

static void
test_swept (void)
{
  g_autoptr(RbReplyCache) cache = rb_reply_cache_new (CAP, TTL);
  g_autoptr(RbChanges) changes = rb_changes_new ();

  g_test_summary ("A sweep takes what is as old as the time to live, of every endpoint, and nothing younger.");

  rb_reply_cache_record (cache, "ep_1", "a", 100, NULL);
  rb_reply_cache_record (cache, "ep_1", "b", 101, NULL);
  rb_reply_cache_record (cache, "ep_2", "c", 100, NULL);
  g_assert_cmpuint (rb_reply_cache_sweep (cache, 100 + TTL - 1, changes), ==, 0);
  g_assert_cmpuint (rb_reply_cache_sweep (cache, 100 + TTL, changes), ==, 2);
  g_assert_cmpuint (rb_changes_get_n (changes), ==, 2);
  g_assert_cmpuint (rb_reply_cache_get_n (cache), ==, 1);
  g_assert_cmpint (resolve (cache, "ep_1", "b", 200), ==, RB_REPLY_FOUND);
}

static void
test_expired_is_deleted (void)
{
  g_autoptr(RbReplyCache) cache = rb_reply_cache_new (CAP, TTL);
  g_autoptr(RbChanges) changes = rb_changes_new ();
  g_autofree char *deleted = NULL;

  g_test_summary ("What expires leaves the disk too.");

  rb_reply_cache_record (cache, "ep", "c", 1, NULL);
  g_assert_cmpint (rb_reply_cache_resolve (cache, "ep", "c", 5000, changes), ==, RB_REPLY_EXPIRED);
  deleted = g_variant_print (rb_changes_get (changes, 0)->row, FALSE);
  g_assert_cmpstr (deleted, ==, "('ep', 'received', 'c')");
}

static void
test_forgotten (void)
{
  g_autoptr(RbReplyCache) cache = rb_reply_cache_new (CAP, TTL);
  g_autoptr(RbChanges) changes = rb_changes_new ();
  g_autofree char *deleted = NULL;

  g_test_summary ("With its endpoint go its entries, and no other's.");

  rb_reply_cache_record (cache, "ep", "a", 1, NULL);
  rb_reply_cache_record (cache, "ep", "b", 1, NULL);
  rb_reply_cache_record (cache, "other", "o", 1, NULL);
  rb_reply_cache_forget_endpoint (cache, "ep", changes);
  rb_reply_cache_forget_endpoint (cache, "unheard of", changes);
  g_assert_cmpuint (rb_reply_cache_get_n (cache), ==, 1);
  g_assert_cmpint (resolve (cache, "ep", "a", 1), ==, RB_REPLY_UNKNOWN);
  deleted = g_variant_print (rb_changes_get (changes, 0)->row, FALSE);
  g_assert_cmpstr (deleted, ==, "('ep', 'received')");
  rb_reply_cache_record (cache, "ep", "a", 2, NULL);
  g_assert_cmpint (resolve (cache, "ep", "a", 2), ==, RB_REPLY_FOUND);
}

static void
test_inherited (void)
{
  g_autoptr(RbReplyCache) cache = rb_reply_cache_new (CAP, TTL);
  g_autoptr(RbChanges) changes = rb_changes_new ();

  g_test_summary ("A successor owns what its predecessor received, no younger than it was.");

  rb_reply_cache_record (cache, "from", "a", 1, NULL);
  rb_reply_cache_record (cache, "from", "b", 500, NULL);
  rb_reply_cache_inherit (cache, "from", "to", changes);
  rb_reply_cache_inherit (cache, "unheard of", "to", changes);
  g_assert_cmpint (resolve (cache, "from", "b", 600), ==, RB_REPLY_WRONG_ENDPOINT);
  g_assert_cmpint (resolve (cache, "to", "b", 600), ==, RB_REPLY_FOUND);
  g_assert_cmpint (resolve (cache, "to", "a", 1 + TTL), ==, RB_REPLY_EXPIRED);
  g_assert_cmpint (resolve (cache, "to", "b", 1 + TTL), ==, RB_REPLY_FOUND);
}

int
main (int   argc,
      char *argv[])
{
  rb_test_init (&argc, &argv);

  g_test_add_func ("/reply-cache/verdicts", test_verdicts);
  g_test_add_func ("/reply-cache/words", test_words);
  g_test_add_func ("/reply-cache/refreshed", test_refreshed);
  g_test_add_func ("/reply-cache/moved", test_moved);
  g_test_add_func ("/reply-cache/cap", test_cap);
  g_test_add_func ("/reply-cache/nothing", test_nothing);
  g_test_add_func ("/reply-cache/swept", test_swept);
  g_test_add_func ("/reply-cache/expired-is-deleted", test_expired_is_deleted);
  g_test_add_func ("/reply-cache/forgotten", test_forgotten);
  g_test_add_func ("/reply-cache/inherited", test_inherited);

  return g_test_run ();
}
