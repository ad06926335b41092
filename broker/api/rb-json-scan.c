/* rb-json-scan.c: one strict pass over a JSON text
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-json-private.h"

#include "rb-error.h"

#include <string.h>

/* A state machine over RFC 8259: which token may come next, and a stack of one bit a container that says whether it
 * is an object. So the stack is one integer, and hostile nesting costs neither memory nor C stack. Strings are most
 * of every text, so they are passed eight bytes at a time; only bytes that mean something are looked at one by one. */

typedef enum {
  WANT_VALUE,
  WANT_ITEM_OR_END,
  WANT_NAME,
  WANT_NAME_OR_END,
  AFTER_VALUE,
} State;

typedef struct {
  const guint8 *text;
  const guint8 *p;
  const guint8 *end;
  guint64 objects; /* bit 0 is the innermost container: 1 object, 0 array */
  guint depth;
  guint levels;    /* values nested deeper than this are not recorded */
  GArray *spans;
  guint open[RB_JSON_MAX_DEPTH]; /* index in @spans of each open container that is recorded */
  GError **error;
} Scan;

G_STATIC_ASSERT (RB_JSON_MAX_DEPTH <= 64);

static gboolean
fail (Scan       *scan,
      const char *what)
{
  rb_set_error (scan->error, RB_ERROR_INVALID, "bad_request", "JSON: %s at byte %" G_GSIZE_FORMAT, what,
                (gsize) (scan->p - scan->text));
  return FALSE;
}

static gboolean
fail_character (Scan *scan)
{
  return fail (scan, scan->p == scan->end ? "unexpected end" : "unexpected character");
}

static inline void
skip_space (Scan *scan)
{
  while (scan->p < scan->end
         && (*scan->p == ' ' || *scan->p == '\n' || *scan->p == '\r' || *scan->p == '\t'))
    scan->p++;
}

static inline gboolean
at_digit (const Scan *scan)
{
  return scan->p < scan->end && g_ascii_isdigit (*scan->p);
}

static inline void
record (Scan         *scan,
        const guint8 *from,
        gboolean      escaped)
{
  RbJsonSpan span;

  if (scan->depth > scan->levels)
    return;

  span.at = from - scan->text;
  span.length = scan->p - from;
  span.escaped = escaped;
  g_array_append_val (scan->spans, span);
}

/* TRUE if any of eight bytes is a quote, a backslash, a control character or not ASCII. */
static inline gboolean
has_special (guint64 word)
{
  const guint64 ones = G_GUINT64_CONSTANT (0x0101010101010101);
  guint64 quote = word ^ (ones * '"');
  guint64 backslash = word ^ (ones * '\\');

  return ((word | (word - ones * 0x20) | (quote - ones) | (backslash - ones)) & (ones * 0x80)) != 0;
}

static inline gboolean
is_plain (guint8 c)
{
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static inline const guint8 *
skip_plain (const guint8 *p,
            const guint8 *end)
{
  guint64 word;

  while (end - p >= 8)
    {
      memcpy (&word, p, sizeof word);
      if (has_special (word))
        break;
      p += 8;
    }

  while (p < end && is_plain (*p))
    p++;
  return p;
}

static inline gboolean
is_continuation (guint8 c)
{
  return (c & 0xC0) == 0x80;
}

/* Bytes of the character at @p, which is not ASCII; 0 if that is not UTF-8 (Unicode, table 3-7: no overlong forms, no
 * surrogates, nothing beyond U+10FFFF). */
static inline guint
utf8_length (const guint8 *p,
             gsize         left)
{
  guint8 c = p[0];

  if (c < 0xC2 || c > 0xF4 || left < 2 || !is_continuation (p[1]))
    return 0;
  if (c < 0xE0)
    return 2;
  if (left < 3 || !is_continuation (p[2]))
    return 0;
  if (c < 0xF0)
    return (c == 0xE0 && p[1] < 0xA0) || (c == 0xED && p[1] > 0x9F) ? 0 : 3;
  if (left < 4 || !is_continuation (p[3]))
    return 0;
  return (c == 0xF0 && p[1] < 0x90) || (c == 0xF4 && p[1] > 0x8F) ? 0 : 4;
}

/* Other scripts come in runs. Stops at ASCII, or at what is not UTF-8. */
static const guint8 *
skip_utf8 (const guint8 *p,
           const guint8 *end)
{
  while (p < end && *p >= 0x80)
    {
      guint length = utf8_length (p, end - p);

      if (length == 0)
        break;
      p += length;
    }
  return p;
}

/* The code unit of "\uXXXX" at @p, or -1. */
static int
read_unit (const guint8 *p,
           const guint8 *end)
{
  int unit = 0;

  if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
    return -1;

  for (guint i = 2; i < 6; i++)
    {
      int digit = g_ascii_xdigit_value (p[i]);

      if (digit < 0)
        return -1;
      unit = unit * 16 + digit;
    }
  return unit;
}

/* At a backslash. An escaped surrogate must be half of a pair: alone it has no UTF-8. */
static gboolean
scan_escape (Scan *scan)
{
  int unit;

  if (scan->end - scan->p < 2)
    return fail (scan, "unexpected end");

  if (scan->p[1] != 'u')
    {
      if (strchr ("\"\\/bfnrt", scan->p[1]) == NULL || scan->p[1] == '\0')
        return fail (scan, "unknown escape");
      scan->p += 2;
      return TRUE;
    }

  unit = read_unit (scan->p, scan->end);
  if (unit < 0)
    return fail (scan, "incomplete escape");
  if (unit < 0xD800 || unit > 0xDFFF)
    {
      scan->p += 6;
      return TRUE;
    }

  if (unit < 0xDC00)
    {
      int low = read_unit (scan->p + 6, scan->end);

      if (low >= 0xDC00 && low <= 0xDFFF)
        {
          scan->p += 12;
          return TRUE;
        }
    }
  return fail (scan, "lone surrogate");
}

/* At the opening quote; leaves @scan behind the closing one. */
static gboolean
scan_string (Scan     *scan,
             gboolean *escaped)
{
  *escaped = FALSE;
  scan->p++;

  for (;;)
    {
      scan->p = skip_plain (scan->p, scan->end);
      if (scan->p == scan->end)
        return fail (scan, "unexpected end");

      if (*scan->p == '"')
        {
          scan->p++;
          return TRUE;
        }
      if (*scan->p < 0x20)
        return fail (scan, "control character");

      if (*scan->p == '\\')
        {
          *escaped = TRUE;
          if (!scan_escape (scan))
            return FALSE;
        }
      else
        {
          scan->p = skip_utf8 (scan->p, scan->end);
          if (scan->p < scan->end && *scan->p >= 0x80)
            return fail (scan, "invalid UTF-8");
        }
    }
}

static gboolean
scan_digits (Scan *scan)
{
  if (!at_digit (scan))
    return fail_character (scan);

  while (at_digit (scan))
    scan->p++;
  return TRUE;
}

static gboolean
scan_number (Scan *scan)
{
  if (*scan->p == '-')
    scan->p++;

  if (scan->p < scan->end && *scan->p == '0')
    scan->p++;
  else if (!scan_digits (scan))
    return FALSE;

  if (scan->p < scan->end && *scan->p == '.')
    {
      scan->p++;
      if (!scan_digits (scan))
        return FALSE;
    }

  if (scan->p < scan->end && (*scan->p == 'e' || *scan->p == 'E'))
    {
      scan->p++;
      if (scan->p < scan->end && (*scan->p == '+' || *scan->p == '-'))
        scan->p++;
      return scan_digits (scan);
    }
  return TRUE;
}

static gboolean
scan_word (Scan       *scan,
           const char *word)
{
  for (; *word != '\0'; word++, scan->p++)
    {
      if (scan->p == scan->end || *scan->p != *word)
        return fail_character (scan);
    }
  return TRUE;
}

static gboolean
open_container (Scan  *scan,
                State *state)
{
  gboolean is_object = *scan->p == '{';

  if (scan->depth == RB_JSON_MAX_DEPTH)
    return fail (scan, "nested too deeply");

  scan->open[scan->depth] = scan->spans->len;
  record (scan, scan->p, FALSE);
  scan->objects = scan->objects << 1 | is_object;
  scan->depth++;
  scan->p++;
  *state = is_object ? WANT_NAME_OR_END : WANT_ITEM_OR_END;
  return TRUE;
}

static void
close_container (Scan  *scan,
                 State *state)
{
  scan->p++;
  scan->depth--;
  scan->objects >>= 1;
  *state = AFTER_VALUE;

  if (scan->depth <= scan->levels)
    {
      RbJsonSpan *span = &g_array_index (scan->spans, RbJsonSpan, scan->open[scan->depth]);

      span->length = scan->p - scan->text - span->at;
    }
}

static gboolean
begin_value (Scan  *scan,
             State *state)
{
  const guint8 *from = scan->p;
  gboolean escaped = FALSE;
  gboolean ok;

  if (*scan->p == '{' || *scan->p == '[')
    return open_container (scan, state);

  if (*scan->p == '"')
    ok = scan_string (scan, &escaped);
  else if (*scan->p == '-' || g_ascii_isdigit (*scan->p))
    ok = scan_number (scan);
  else if (*scan->p == 't')
    ok = scan_word (scan, "true");
  else if (*scan->p == 'f')
    ok = scan_word (scan, "false");
  else if (*scan->p == 'n')
    ok = scan_word (scan, "null");
  else
    ok = fail_character (scan);

  if (!ok)
    return FALSE;

  record (scan, from, escaped);
  *state = AFTER_VALUE;
  return TRUE;
}

/* A name and its colon. */
static gboolean
scan_name (Scan  *scan,
           State *state)
{
  const guint8 *from = scan->p;
  gboolean escaped;

  if (*scan->p != '"')
    return fail_character (scan);
  if (!scan_string (scan, &escaped))
    return FALSE;
  record (scan, from, escaped);

  skip_space (scan);
  if (scan->p == scan->end || *scan->p != ':')
    return fail_character (scan);
  scan->p++;
  *state = WANT_VALUE;
  return TRUE;
}

static gboolean
after_value (Scan  *scan,
             State *state)
{
  gboolean in_object = scan->objects & 1;

  if (scan->depth > 0 && *scan->p == ',')
    {
      scan->p++;
      *state = in_object ? WANT_NAME : WANT_VALUE;
      return TRUE;
    }
  if (scan->depth > 0 && *scan->p == (in_object ? '}' : ']'))
    {
      close_container (scan, state);
      return TRUE;
    }
  return fail_character (scan);
}

static gboolean
scan_token (Scan  *scan,
            State *state)
{
  switch (*state)
    {
    case WANT_ITEM_OR_END:
      if (*scan->p == ']')
        {
          close_container (scan, state);
          return TRUE;
        }
      return begin_value (scan, state);

    case WANT_VALUE:
      return begin_value (scan, state);

    case WANT_NAME_OR_END:
      if (*scan->p == '}')
        {
          close_container (scan, state);
          return TRUE;
        }
      return scan_name (scan, state);

    case WANT_NAME:
      return scan_name (scan, state);

    case AFTER_VALUE:
      return after_value (scan, state);
    }
  g_assert_not_reached ();
}

/*
 * rb_json_scan:
 * @text: @length bytes, at most %RB_JSON_MAX_TEXT; untrusted
 * @levels: how deep to record: 0 the root alone, 1 its members or items too, %RB_JSON_MAX_DEPTH everything
 * @spans: (element-type RbJsonSpan): gets the root, then what is in it in the order of the text; an object gives
 *   name, value, name, value
 *
 * Fails with %RB_ERROR_INVALID "bad_request"; @spans then holds what was read until there.
 */
gboolean
rb_json_scan (const char  *text,
              gsize        length,
              guint        levels,
              GArray      *spans,
              GError     **error)
{
  Scan scan = { .levels = levels, .spans = spans, .error = error };
  State state = WANT_VALUE;

  g_return_val_if_fail (length <= RB_JSON_MAX_TEXT, FALSE);

  scan.text = (const guint8 *) text;
  scan.p = scan.text;
  scan.end = scan.text + length;

  for (;;)
    {
      skip_space (&scan);
      if (scan.p == scan.end)
        return state == AFTER_VALUE && scan.depth == 0 ? TRUE : fail_character (&scan);
      if (!scan_token (&scan, &state))
        return FALSE;
    }
}

/* NULL: there is none. Outside of strings there is no backslash in JSON. */
static const guint8 *
find_lone_surrogate (const guint8 *p,
                     const guint8 *end)
{
  while (p < end && (p = memchr (p, '\\', end - p)) != NULL)
    {
      int unit = read_unit (p, end);
      int low = unit >= 0xD800 && unit <= 0xDBFF ? read_unit (p + 6, end) : -1;
      gboolean is_pair = low >= 0xDC00 && low <= 0xDFFF;

      if (unit >= 0xD800 && unit <= 0xDFFF && !is_pair)
        return p;
      p += MIN (is_pair ? 12 : unit >= 0 ? 6 : 2, end - p);
    }
  return NULL;
}

/**
 * rb_json_mend:
 * @text: what somebody sent; it need not be JSON
 *
 * JavaScript cuts texts between the halves of a character, and writes what is left as an escape that no UTF-8 can say.
 *
 * Returns: (transfer full): @text, or a copy of the same length with "\\uFFFD" for each such escape
 */
GBytes *
rb_json_mend (GBytes *text)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (text, &length);
  const guint8 *end = length > 0 ? data + length : data;
  const guint8 *lone = find_lone_surrogate (data, end);
  guint8 *copy;

  if (lone == NULL)
    return g_bytes_ref (text);

  copy = g_memdup2 (data, length);
  for (; lone != NULL; lone = find_lone_surrogate (lone + 6, end))
    memcpy (copy + (lone - data), "\\uFFFD", 6);
  return g_bytes_new_take (copy, length);
}
