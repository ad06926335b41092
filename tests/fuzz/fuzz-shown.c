/* fuzz-shown.c: any text at all where what strangers write is shown: terminal, JSON, notification, object path, unit
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-bus-path.h"
#include "rb-json.h"
#include "rb-json-writer.h"
#include "rb-needs.h"
#include "rb-notice.h"
#include "rb-terminal.h"
#include "rb-unit-properties.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* What a terminal may obey, or what changes how the rest is read; asked otherwise than the code asks. */
static void
assert_harmless (const char *text,
                 const char *allowed)
{
  g_assert_true (g_utf8_validate (text, -1, NULL));
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);
      GUnicodeType type = g_unichar_type (c);

      if (c < 0x80 && strchr (allowed, (int) c) != NULL)
        continue;
      g_assert_cmpint (type, !=, G_UNICODE_CONTROL);
      g_assert_cmpint (type, !=, G_UNICODE_LINE_SEPARATOR);
      g_assert_cmpint (type, !=, G_UNICODE_PARAGRAPH_SEPARATOR);
      g_assert_false (c == 0x61c || (c >= 0x200e && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069));
    }
}

static void
try_terminal (const char *text,
              guint       cells)
{
  g_autofree char *escaped = rb_terminal_escape (text);
  g_autofree char *lines = rb_terminal_escape_lines (text);
  g_autofree char *cut = rb_terminal_cut (escaped, cells);
  g_autofree char *padded = rb_terminal_pad (escaped, cells);
  g_autofree char *wrapped = rb_terminal_wrap (lines, cells, 2);

  assert_harmless (escaped, "");
  assert_harmless (lines, "\n\t");
  assert_harmless (cut, "");
  assert_harmless (wrapped, "\n\t");
  g_assert_cmpuint (rb_terminal_measure (cut), <=, MAX (cells, rb_terminal_measure (escaped) <= cells ? cells : 0));
  g_assert_cmpuint (rb_terminal_measure (padded), >=, cells);
}

/* To a program it says what it said before. */
static void
try_json (const char *text)
{
  RbJsonWriter *writer = rb_json_writer_new ();
  g_autofree char *json = NULL;
  g_autofree char *escaped = NULL;
  g_autofree char *said = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(RbJson) read = NULL;

  rb_json_writer_begin_object (writer, NULL);
  rb_json_writer_string (writer, "a", text);
  rb_json_writer_end_object (writer);
  json = rb_json_writer_end_text (writer);
  escaped = rb_terminal_escape_json (json, strlen (json));
  assert_harmless (escaped, "");
  bytes = g_bytes_new (escaped, strlen (escaped));
  read = rb_json_parse_object (bytes, 0, NULL);
  g_assert_nonnull (read);
  said = rb_json_dup_string (read, "a", NULL);
  g_assert_cmpstr (said, ==, text);
}

/* Body markup: no tag, and no entity that is not one of the five, or a number. */
static void
assert_no_markup (const char *markup)
{
  static const char *const entities[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#39;" };

  g_assert_null (strpbrk (markup, "<>"));
  for (const char *at = strchr (markup, '&'); at != NULL; at = strchr (at + 1, '&'))
    {
      gboolean is_known = FALSE;

      for (guint i = 0; i < G_N_ELEMENTS (entities); i++)
        is_known |= g_str_has_prefix (at, entities[i]);
      g_assert_true (is_known);
    }
}

static void
check_notice (RbNotice *notice)
{
  g_autofree char *markup = rb_notice_dup_markup (notice);

  assert_harmless (notice->summary, "");
  assert_harmless (notice->body, "\n");
  assert_no_markup (markup);
  g_assert_cmpuint (strlen (notice->body), <, 8192);
  for (guint i = 0; i < notice->actions->len; i++)
    {
      const RbNoticeAction *action = g_ptr_array_index (notice->actions, i);

      assert_harmless (action->label, "");
      g_assert_nonnull (rb_notice_find_action (notice, action->name));
    }
  rb_notice_free (notice);
}

static void
try_notice (const char *text,
            guint8      which)
{
  static const char *const kinds[] = { RB_NEED_DISPATCH, RB_NEED_DEAD_LETTER, RB_NEED_SPAWN, RB_NEED_HELD, RB_NEED_LOOP, "other" };
  static const char *const actions[] = { RB_NEED_DO_DISPATCH, RB_NEED_DO_APPROVE, RB_NEED_DO_REFUSE };
  g_autofree char *id = g_strconcat (kinds[which % G_N_ELEMENTS (kinds)], ":", text, NULL);
  g_autoptr(GVariant) row = NULL;
  g_autoptr(GVariant) rows = NULL;

  row = g_variant_ref_sink (g_variant_new_parsed ("{'id': <%s>, 'kind': <%s>, 'who': <%s>, 'what': <%s>, 'choices': "
                                                  "<[{'action': <%s>, 'endpoint_id': <'ep_1'>, 'name': <%s>}]>}",
                                                  id, kinds[which % G_N_ELEMENTS (kinds)], text, text,
                                                  actions[which % G_N_ELEMENTS (actions)], text));
  rows = g_variant_ref_sink (g_variant_new_array (NULL, &row, 1));
  check_notice (rb_notice_of_need (row, FALSE));
  check_notice (rb_notice_of_details (row, FALSE));
  check_notice (rb_notice_of_list (rows, FALSE));
  check_notice (rb_notice_of_failure (text));
}

/* A path of either kind gives back what it was made of. */
static void
assert_path (const char *path,
             const char *prefix,
             const char *text)
{
  g_autoptr(GString) back = g_string_new (NULL);

  g_assert_true (g_variant_is_object_path (path));
  g_assert_true (g_str_has_prefix (path, prefix));
  for (const char *at = path + strlen (prefix); *at != '\0'; at++)
    if (*at == '_' && at[1] != '\0')
      {
        g_string_append_c (back, (char) (g_ascii_xdigit_value (at[1]) * 16 + g_ascii_xdigit_value (at[2])));
        at += 2;
      }
    else if (*at != '_')
      g_string_append_c (back, *at);
  g_assert_cmpstr (back->str, ==, text);
}

static void
try_paths (const char *text)
{
  g_autofree char *path = rb_bus_path_new ("messages", text);
  g_autofree char *unit = rb_unit_dup_path (text);

  assert_path (path, RB_BUS_ROOT "/messages/", text);
  if (*text != '\0')
    assert_path (unit, "/org/freedesktop/systemd1/unit/", text);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  guint8 which = size > 0 ? data[0] : 0;
  g_autofree char *raw = size > 0 ? g_strndup ((const char *) data + 1, size - 1) : g_strdup ("");
  g_autofree char *valid = g_utf8_make_valid (raw, -1);

  try_terminal (raw, which % 90);
  try_paths (raw);
  try_json (valid);
  try_notice (valid, which);
  return 0;
}
