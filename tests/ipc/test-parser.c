/* test-parser.c: WebSocket frames, from bytes to messages
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-test.h"
#include "rb-ws-parser.h"

#include <string.h>

#define MESSAGE_MAX 1000

static const guint8 mask[4] = { 0xa1, 0xb2, 0xc3, 0xd4 };

static void
add_frame (GByteArray *bytes,
           guint8      first,
           const void *payload,
           gsize       length)
{
  guint8 header[10];
  guint size = rb_ws_frame_header (0, length, header);

  header[0] = first;
  header[1] |= 0x80;
  g_byte_array_append (bytes, header, size);
  g_byte_array_append (bytes, mask, 4);
  for (gsize i = 0; i < length; i++)
    {
      guint8 byte = ((const guint8 *) payload)[i] ^ mask[i & 3];

      g_byte_array_append (bytes, &byte, 1);
    }
}

static void
add_text (GByteArray *bytes,
          guint8      first,
          const char *text)
{
  add_frame (bytes, first, text, strlen (text));
}

/* What the parser says to @bytes, fed @step at a time, in words. */
static char *
parse (GByteArray *bytes,
       gsize       step)
{
  g_autoptr(RbWsParser) parser = rb_ws_parser_new (MESSAGE_MAX, NULL);
  g_autofree guint8 *copy = g_memdup2 (bytes->data, bytes->len);
  GString *words = g_string_new (NULL);
  gsize at = 0;

  while (at < bytes->len)
    {
      g_autoptr(GBytes) payload = NULL;
      gsize used;
      guint code;
      RbWsEvent event = rb_ws_parser_feed (parser, copy + at, MIN (step, bytes->len - at), &used, &payload, &code);
      static const char *const names[] = { "", "message", "ping", "pong", "close", "invalid" };

      at += used;
      if (event == RB_WS_MORE)
        continue;
      g_string_append_printf (words, "%s%s", words->len > 0 ? " " : "", names[event]);
      if (code != 0)
        g_string_append_printf (words, ":%u", code);
      if (payload != NULL && g_bytes_get_size (payload) < 100)
        g_string_append_printf (words, ":%.*s", (int) g_bytes_get_size (payload), (const char *) g_bytes_get_data (payload, NULL));
      else if (payload != NULL)
        g_string_append_printf (words, ":#%" G_GSIZE_FORMAT, g_bytes_get_size (payload));
      if (event == RB_WS_INVALID)
        break;
    }
  return g_string_free (words, FALSE);
}

static void
check (GByteArray *bytes,
       const char *expected)
{
  static const gsize steps[] = { 1, 2, 3, 7, 100000 };

  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_autofree char *words = parse (bytes, steps[i]);

      g_assert_cmpstr (words, ==, expected);
    }
}

typedef struct {
  guint8      first;
  const char *text;
} Frame;

static const struct {
  const char *name;
  Frame       frames[5];
  const char *expected;
} cases[] = {
  { "text", { { 0x81, "hello" } }, "message:hello" },
  { "binary", { { 0x82, "\xff" } }, "message:\xff" },
  { "empty", { { 0x81, "" } }, "message:" },
  { "two", { { 0x81, "a" }, { 0x81, "b" } }, "message:a message:b" },
  { "fragments", { { 0x01, "a" }, { 0x00, "b" }, { 0x80, "c" } }, "message:abc" },
  { "control-between", { { 0x01, "a" }, { 0x89, "p" }, { 0x8a, "" }, { 0x80, "c" } }, "ping:p pong: message:ac" },
  { "split-character", { { 0x01, "\xc3" }, { 0x80, "\xa4" } }, "message:\xc3\xa4" },
  { "close", { { 0x88, "\x03\xe8gone" } }, "close:1000:gone" },
  { "close-empty", { { 0x88, "" } }, "close:1005" },
  { "close-half", { { 0x88, "\x03" } }, "invalid:1002" },
  { "close-reserved", { { 0x88, "\x03\xed" } }, "invalid:1002" },
  { "close-not-utf8", { { 0x88, "\x03\xe8\xff" } }, "invalid:1002" },
  { "not-utf8", { { 0x81, "\xff" } }, "invalid:1007" },
  { "surrogate", { { 0x81, "\xed\xa0\x80" } }, "invalid:1007" },
  { "reserved-bit", { { 0xc1, "a" } }, "invalid:1002" },
  { "reserved-opcode", { { 0x83, "a" } }, "invalid:1002" },
  { "reserved-control", { { 0x8b, "" } }, "invalid:1002" },
  { "continuation-alone", { { 0x80, "a" } }, "invalid:1002" },
  { "text-in-message", { { 0x01, "a" }, { 0x81, "b" } }, "invalid:1002" },
  { "fragmented-ping", { { 0x09, "a" } }, "invalid:1002" },
};

static void
test_case (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autoptr(GByteArray) bytes = g_byte_array_new ();

  for (guint k = 0; cases[i].frames[k].text != NULL; k++)
    add_text (bytes, cases[i].frames[k].first, cases[i].frames[k].text);
  check (bytes, cases[i].expected);
}

static void
test_lengths (void)
{
  static const gsize lengths[] = { 125, 126, 127, 999, 1000 };

  g_test_summary ("All three forms of a length are understood.");

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autofree char *text = g_strnfill (lengths[i], 'x');
      g_autofree char *expected = g_strdup_printf ("message:#%" G_GSIZE_FORMAT, lengths[i]);
      g_autoptr(GByteArray) bytes = g_byte_array_new ();

      add_text (bytes, 0x81, text);
      check (bytes, expected);
    }
}

static void
test_nul (void)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new ();
  g_autoptr(RbWsParser) parser = rb_ws_parser_new (MESSAGE_MAX, NULL);
  g_autoptr(GBytes) payload = NULL;
  gsize used;
  guint code;

  g_test_summary ("NUL is a character like others, and what stands behind it is checked too.");

  add_frame (bytes, 0x81, "a\0b", 3);
  g_assert_cmpint (rb_ws_parser_feed (parser, bytes->data, bytes->len, &used, &payload, &code), ==, RB_WS_MESSAGE);
  g_assert_cmpmem (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload), "a\0b", 3);

  g_byte_array_set_size (bytes, 0);
  add_frame (bytes, 0x81, "a\0\xff", 3);
  check (bytes, "invalid:1007");
}

static void
test_too_big (void)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new ();
  g_autofree char *half = g_strnfill (600, 'x');

  g_test_summary ("The limit is for the message, not for the frame; it holds before the payload arrived.");

  add_text (bytes, 0x01, half);
  add_text (bytes, 0x00, half);
  check (bytes, "invalid:1009");

  g_byte_array_set_size (bytes, 0);
  g_byte_array_append (bytes, (const guint8 *) "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14);
  check (bytes, "invalid:1009");
}

static void
test_bad_headers (void)
{
  static const struct {
    const char *bytes;
    gsize       length;
  } headers[] = {
    { "\x81\x01x", 3 },                                        /* not masked */
    { "\x89\xfe\x00\x7e\0\0\0\0", 8 },                         /* long ping */
    { "\x81\xfe\x00\x7d\0\0\0\0", 8 },                         /* 125 in two bytes */
    { "\x81\xff\0\0\0\0\0\0\xff\xff\0\0\0\0", 14 },            /* 65535 in eight */
    { "\x81\xff\x80\0\0\0\0\0\0\0\0\0\0\0", 14 },              /* above 2^63 */
  };

  g_test_summary ("Headers that RFC 6455 forbids end the connection.");

  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++)
    {
      g_autoptr(GByteArray) bytes = g_byte_array_new ();

      g_byte_array_append (bytes, (const guint8 *) headers[i].bytes, headers[i].length);
      check (bytes, "invalid:1002");
    }
}

static void
test_random (void)
{
  g_test_summary ("Whatever the bytes are, how they are cut makes no difference.");

  for (guint round = 0; round < 2000; round++)
    {
      g_autoptr(GByteArray) bytes = g_byte_array_new ();
      g_autofree char *whole = NULL;
      g_autofree char *pieces = NULL;

      for (guint k = g_test_rand_int_range (1, 5); k > 0; k--)
        {
          guint8 payload[200];
          gsize length = g_test_rand_int_range (0, sizeof payload);

          for (gsize i = 0; i < length; i++)
            payload[i] = g_test_rand_int_range (0, g_test_rand_bit () ? 128 : 256);
          add_frame (bytes, g_test_rand_int_range (0, 256), payload, length);
          if (g_test_rand_int_range (0, 8) == 0)
            bytes->data[g_test_rand_int_range (0, bytes->len)] ^= 1 << g_test_rand_int_range (0, 8);
        }
      whole = parse (bytes, bytes->len);
      pieces = parse (bytes, g_test_rand_int_range (1, 30));
      g_assert_cmpstr (whole, ==, pieces);
    }
}

int
main (int    argc,
      char **argv)
{
  rb_test_init (&argc, &argv);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/ws/frames/", cases[i].name, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_case);
    }
  g_test_add_func ("/ws/lengths", test_lengths);
  g_test_add_func ("/ws/nul", test_nul);
  g_test_add_func ("/ws/too-big", test_too_big);
  g_test_add_func ("/ws/bad-headers", test_bad_headers);
  g_test_add_func ("/ws/random", test_random);

  return g_test_run ();
}
