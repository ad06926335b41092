/* rb-test.h: what every test may use
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "rb-bounds.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* g_test_init() with isolated directories, and the test environment's safety net. First thing in main(). */
void  rb_test_init          (int *argc, char ***argv);

/* A GAsyncReadyCallback: stores a reference of the result in the GAsyncResult ** given as user data. */
void  rb_test_store_result  (GObject *source, GAsyncResult *result, gpointer user_data);

/* Turns the default main context until nothing is ready. */
void  rb_test_settle        (void);

/* Turns the main context until @condition holds; after 10 real seconds prints it and fails the test. */
#define rb_test_wait_until(condition)                                                        \
  G_STMT_START {                                                                             \
    gint64 rb_deadline_ = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;                     \
    while (!(condition))                                                                     \
      rb_test_turn (rb_deadline_, #condition, __FILE__, __LINE__);                           \
  } G_STMT_END
void  rb_test_turn          (gint64 deadline_us, const char *condition, const char *file, int line);

/* A fresh directory with a short path (fit for sockets); removed with everything in it at exit. */
char *rb_test_make_dir      (void);

/* How often the log event was written since the start or the last such call; our own events are never fatal in tests. */
guint rb_test_count_log     (const char *event);
/* Pairs (field, value), NULL-terminated: the last such event had them. */
void  rb_test_assert_logged (const char *event, ...) G_GNUC_NULL_TERMINATED;
void  rb_test_forget_logs   (void);

/* The limit of the bound @name (rb-bounds.h) was reached, counted, and kept. */
void  rb_test_assert_bound  (RbBounds *bounds, const char *name);

/* The level at which it was logged last; 0: it never was. */
GLogLevelFlags rb_test_get_log_level (const char *event);

G_END_DECLS
