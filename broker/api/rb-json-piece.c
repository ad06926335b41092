/* rb-json-piece.c: strings and numbers of a JSON text that passed the scan
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "rb-json-private.h"

#include <math.h>
#include <string.h>

/* Exponents beyond this are not worth arithmetic: no double gets near. */
#define MAX_EXPONENT G_GINT64_CONSTANT (1000000000000)

/*
 * rb_json_text_type:
 * @text: at the first byte of a value
 */
RbJsonType
rb_json_text_type (const char *text)
{
  switch (*text)
    {
    case '{':
      return RB_JSON_OBJECT;
    case '[':
      return RB_JSON_ARRAY;
    case '"':
      return RB_JSON_STRING;
    case 't':
    case 'f':
      return RB_JSON_BOOLEAN;
    case 'n':
      return RB_JSON_NULL;
    default:
      return RB_JSON_NUMBER;
    }
}

/*
 * rb_json_string_of_span:
 *
 * The inside of the string at @span; borrows @text.
 */
RbJsonString
rb_json_string_of_span (const char       *text,
                        const RbJsonSpan *span)
{
  RbJsonString string = { text + span->at + 1, span->length - 2, span->escaped };

  return string;
}

static guint
hex_unit (const char *digits)
{
  guint unit = 0;

  for (guint i = 0; i < 4; i++)
    unit = unit << 4 | (guint) g_ascii_xdigit_value (digits[i]);
  return unit;
}

/* @text is at a backslash; @used: the bytes of the escape. */
static gunichar
resolve_escape (const char *text,
                gsize      *used)
{
  static const char names[] = "bfnrt";
  static const char meant[] = "\b\f\n\r\t";
  const char *name = NULL;
  guint unit;

  *used = 2;
  if (text[1] != 'u')
    {
      name = strchr (names, text[1]);
      return name != NULL ? meant[name - names] : text[1];
    }

  *used = 6;
  unit = hex_unit (text + 2);
  if (unit < 0xD800 || unit > 0xDFFF)
    return unit;

  *used = 12;
  return 0x10000 + ((unit & 0x3FF) << 10) + (hex_unit (text + 8) & 0x3FF);
}

/*
 * rb_json_string_next:
 * @rest: not empty; moved behind its first character
 *
 * Returns: that character, its escape resolved
 */
gunichar
rb_json_string_next (RbJsonString *rest)
{
  gunichar c;
  gsize used;

  if (rest->escaped && *rest->text == '\\')
    {
      c = resolve_escape (rest->text, &used);
    }
  else
    {
      c = g_utf8_get_char (rest->text);
      used = g_utf8_skip[(guint8) *rest->text];
    }

  rest->text += used;
  rest->length -= used;
  return c;
}

/*
 * rb_json_string_compare:
 *
 * Orders by code points of what the strings mean, which is also the order of their UTF-8.
 */
int
rb_json_string_compare (const RbJsonString *a,
                        const RbJsonString *b)
{
  RbJsonString left = *a;
  RbJsonString right = *b;

  if (!a->escaped && !b->escaped)
    {
      int order = memcmp (a->text, b->text, MIN (a->length, b->length));

      return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
    }

  while (left.length > 0 && right.length > 0)
    {
      gunichar c = rb_json_string_next (&left);
      gunichar d = rb_json_string_next (&right);

      if (c != d)
        return c < d ? -1 : 1;
    }
  return (left.length > 0) - (right.length > 0);
}

gboolean
rb_json_string_equal (const RbJsonString *a,
                      const RbJsonString *b)
{
  if (!a->escaped && !b->escaped)
    return a->length == b->length && memcmp (a->text, b->text, a->length) == 0;
  return rb_json_string_compare (a, b) == 0;
}

/*
 * rb_json_string_decode:
 * @length: (out): bytes, which may include NULs
 *
 * Returns: (transfer full): the string with its escapes resolved and a NUL behind it
 */
char *
rb_json_string_decode (const RbJsonString *string,
                       gsize              *length)
{
  const char *p = string->text;
  const char *end = string->text + string->length;
  char *decoded = g_malloc (string->length + 1);
  char *out = decoded;

  while (p < end)
    {
      const char *escape = string->escaped ? memchr (p, '\\', end - p) : NULL;
      const char *stop = escape != NULL ? escape : end;
      gsize used = 0;

      memcpy (out, p, stop - p);
      out += stop - p;
      /* No escape is shorter than the UTF-8 that it stands for. */
      if (escape != NULL)
        out += g_unichar_to_utf8 (resolve_escape (escape, &used), out);
      p = stop + used;
    }

  *out = '\0';
  *length = out - decoded;
  return decoded;
}

static gint64
read_exponent (const char *p,
               const char *end)
{
  gboolean negative = p < end && *p == '-';
  gint64 exponent = 0;

  if (p < end && (*p == '-' || *p == '+'))
    p++;
  for (; p < end && exponent <= MAX_EXPONENT; p++)
    exponent = exponent * 10 + (*p - '0');
  return negative ? -exponent : exponent;
}

static gboolean
is_zero_or_point (char c)
{
  return c == '0' || c == '.';
}

/*
 * rb_json_number_read:
 * @text: a number that passed the scan; borrowed by @number
 */
void
rb_json_number_read (const char   *text,
                     gsize         length,
                     RbJsonNumber *number)
{
  const char *end = text + length;
  const char *mantissa_end = text;
  const char *point;
  gint64 exponent;

  number->negative = *text == '-';
  if (number->negative)
    text++;

  while (mantissa_end < end && *mantissa_end != 'e' && *mantissa_end != 'E')
    mantissa_end++;
  exponent = mantissa_end < end ? read_exponent (mantissa_end + 1, end) : 0;

  point = memchr (text, '.', mantissa_end - text);
  if (point == NULL)
    point = mantissa_end;

  number->digits = text;
  number->digits_end = mantissa_end;
  while (number->digits < number->digits_end && is_zero_or_point (*number->digits))
    number->digits++;
  while (number->digits < number->digits_end && is_zero_or_point (number->digits_end[-1]))
    number->digits_end--;

  number->n_digits = number->digits_end - number->digits;
  if (number->digits < point && point < number->digits_end)
    number->n_digits--;
  number->point = exponent + (point - number->digits) + (number->digits > point ? 1 : 0);
  number->comparable = number->n_digits == 0 || ABS (exponent) <= MAX_EXPONENT;
}

/*
 * rb_json_number_to_int:
 *
 * Exact: neither 1.00000000000000000001 nor 2^53 + 1 gets rounded into an integer that it is not.
 *
 * Returns: %FALSE if the number has a fraction or is beyond 2^53. Source: protocol.md, 25.
 */
gboolean
rb_json_number_to_int (const char *text,
                       gsize       length,
                       gint64     *value)
{
  RbJsonNumber number;
  gint64 result = 0;
  gint64 n_digits;

  rb_json_number_read (text, length, &number);
  n_digits = number.n_digits;
  if (n_digits == 0)
    {
      *value = 0;
      return TRUE;
    }

  /* 2^53 has 16 digits. */
  if (!number.comparable || number.point < n_digits || number.point > 16)
    return FALSE;

  for (const char *p = number.digits; p < number.digits_end; p++)
    {
      if (*p != '.')
        result = result * 10 + (*p - '0');
    }
  for (gint64 i = n_digits; i < number.point; i++)
    result *= 10;

  if (result > RB_JSON_MAX_INTEGER)
    return FALSE;

  *value = number.negative ? -result : result;
  return TRUE;
}

/*
 * rb_json_number_to_double:
 *
 * Returns: %FALSE if the number is beyond what a double holds
 */
gboolean
rb_json_number_to_double (const char *text,
                          gsize       length,
                          double     *value)
{
  g_autofree char *copy = g_strndup (text, length);
  double result = g_ascii_strtod (copy, NULL);

  if (!isfinite (result))
    return FALSE;

  *value = result;
  return TRUE;
}
