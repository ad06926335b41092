/* rb-crash-point.h: where the crash tests may end the process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A point stands where a state on the disk, or what others were told of it, has just changed or is about to. The daemon of
 * tests/crash is built with RB_CRASH_POINTS, counts each passage and can end itself there with SIGKILL. In every other build a point
 * is nothing at all.
 *
 * This list is the only one: a name that is not in it does not compile, and the test fails for a point that it never reached. Each
 * point is used in one place. */
#define RB_CRASH_POINT_LIST(POINT)                                                                                            \
  /* broker/store: one transaction, from its begin until it is answered */                                                    \
  POINT (STORE_BEFORE_BEGIN,        "store-before-begin")                                                                     \
  POINT (STORE_AFTER_BEGIN,         "store-after-begin")                                                                      \
  POINT (STORE_BETWEEN_CHANGES,     "store-between-changes")                                                                  \
  POINT (STORE_BEFORE_COMMIT,       "store-before-commit")                                                                    \
  POINT (STORE_AFTER_COMMIT,        "store-after-commit")                                                                     \
  POINT (STORE_BEFORE_CALLBACK,     "store-before-callback")                                                                  \
  POINT (STORE_AFTER_CALLBACK,      "store-after-callback")                                                                   \
  POINT (STORE_BEFORE_CHECKPOINT,   "store-before-checkpoint")                                                                \
  POINT (STORE_AFTER_CHECKPOINT,    "store-after-checkpoint")                                                                 \
  POINT (STORE_BEFORE_CLOSE,        "store-before-close")                                                                     \
  POINT (STORE_AFTER_CLOSE,         "store-after-close")                                                                      \
  /* broker/sql: a database that is made, and the steps of its schema */                                                      \
  POINT (SQL_AFTER_CREATE,          "sql-after-create")                                                                       \
  POINT (SQL_BEFORE_MIGRATION,      "sql-before-migration")                                                                   \
  POINT (SQL_IN_MIGRATION,          "sql-in-migration")                                                                       \
  POINT (SQL_AFTER_MIGRATION,       "sql-after-migration")                                                                    \
  /* broker/api: state files, such as the discovery record and the delivery cursor, and the log */                            \
  POINT (FILE_BEFORE_WRITE,         "file-before-write")                                                                      \
  POINT (FILE_BEFORE_PLACE,         "file-before-place")                                                                      \
  POINT (FILE_BETWEEN_NAMES,        "file-between-names")                                                                     \
  POINT (FILE_AFTER_PLACE,          "file-after-place")                                                                       \
  POINT (LOG_BETWEEN_RENAMES,       "log-between-renames")                                                                    \
  /* broker/daemon: start, takeover of another broker's files, stop */                                                        \
  POINT (DAEMON_LOCKED,             "daemon-locked")                                                                          \
  POINT (IMPORT_BEFORE_PUT_AWAY,    "import-before-put-away")                                                                 \
  POINT (IMPORT_AFTER_PUT_AWAY,     "import-after-put-away")                                                                  \
  POINT (DAEMON_WITHDRAWN,          "daemon-withdrawn")                                                                       \
  /* modules/local: the network that brokers share */                                                                         \
  POINT (LOCAL_BEFORE_OPEN,         "local-before-open")                                                                      \
  POINT (LOCAL_AFTER_CLAIM,         "local-after-claim")                                                                      \
  POINT (LOCAL_AFTER_OPEN,          "local-after-open")                                                                       \
  POINT (LOCAL_BEFORE_BEGIN,        "local-before-begin")                                                                     \
  POINT (LOCAL_IN_SEND,             "local-in-send")                                                                          \
  POINT (LOCAL_IN_ACCEPT,           "local-in-accept")                                                                        \
  POINT (LOCAL_BEFORE_COMMIT,       "local-before-commit")                                                                    \
  POINT (LOCAL_AFTER_COMMIT,        "local-after-commit")                                                                     \
  POINT (LOCAL_BEFORE_ANSWER,       "local-before-answer")                                                                    \
  POINT (LOCAL_BEFORE_DELIVERY,     "local-before-delivery")

typedef enum {
#define RB_CRASH_POINT_AS_ENUM(name, text) RB_CRASH_##name,
  RB_CRASH_POINT_LIST (RB_CRASH_POINT_AS_ENUM)
#undef RB_CRASH_POINT_AS_ENUM
} RbCrashPoint;

#ifdef RB_CRASH_POINTS
void rb_crash_point_reach (RbCrashPoint point);
#define RB_CRASH_POINT(name) rb_crash_point_reach (RB_CRASH_##name)
#else
#define RB_CRASH_POINT(name) ((void) RB_CRASH_##name)
#endif
