/* http-check.h: comparing answers and errors with what a test writes down
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-http-answer.h"

G_BEGIN_DECLS

/* @text: GVariant's text form; the order of members does not count. */
#define http_assert_variant(value, text) http_check_variant (value, text, #value, __FILE__, __LINE__)
void          http_check_variant (GVariant *value, const char *text, const char *expression, const char *file, int line);

/* @details: text form of a{sv}; NULL: there are none. @code: RbError. */
#define http_assert_error(error, code, message, details) http_check_error (error, code, message, details, __FILE__, __LINE__)
void          http_check_error   (const GError *error, int code, const char *message, const char *details, const char *file, int line);

GVariant     *http_arguments     (const char *text);   /* (transfer full): a{sv} */
RbHttpAnswer *http_answer        (guint status, const char *phrase, const char *body);   /* @body NULL: an empty one */

G_END_DECLS
