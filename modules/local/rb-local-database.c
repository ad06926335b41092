/* rb-local-database.c: the shared mailboxes of one machine, in SQL
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A message is a row of `message` until its recipient accepted it. Its id then stays in `seen` for a week, so that a sender who
 * repeats itself gets the first answer again. The numbers of a mailbox come from `next_seq`, which only grows. Whatever a mailbox
 * may hold is written there by its owner, because it is others who have to keep to it. */
#include "config.h"

#include "rb-local-database.h"

#include "rb-crash-point.h"
#include "rb-error.h"
#include "rb-file.h"

#include <string.h>

#define BUSY_MS 5000
#define SEEN_MAX_AGE_MS (7 * G_GINT64_CONSTANT (86400000))
#define SEEN_MAX_ROWS G_GINT64_CONSTANT (100000)   /* of one mailbox */

static const char *const migrations[] = {
  "CREATE TABLE network (identity TEXT NOT NULL) STRICT;"
  "INSERT INTO network VALUES (lower(hex(randomblob(16))));"
  "CREATE TABLE mailbox ("
  "  id INTEGER PRIMARY KEY,"
  "  handle TEXT NOT NULL UNIQUE,"
  "  owner TEXT NOT NULL,"               /* SHA-256 of a runtime token */
  "  generation INTEGER NOT NULL,"       /* grows with each broker that takes the handle */
  "  claimed_ms INTEGER NOT NULL,"
  "  next_seq INTEGER NOT NULL DEFAULT 1,"
  "  messages INTEGER NOT NULL DEFAULT 0,"
  "  messages_max INTEGER NOT NULL,"
  "  bytes INTEGER NOT NULL DEFAULT 0,"
  "  bytes_max INTEGER NOT NULL"
  ") STRICT;"
  "CREATE TABLE message ("
  "  mailbox INTEGER NOT NULL,"
  "  seq INTEGER NOT NULL,"
  "  id TEXT NOT NULL,"
  "  sender TEXT NOT NULL,"
  "  status INTEGER NOT NULL,"           /* what the sender was told: RbSendStatus */
  "  sent_ms INTEGER NOT NULL,"
  "  size INTEGER NOT NULL,"
  "  content_type TEXT NOT NULL,"
  "  metadata TEXT NOT NULL,"            /* JSON object, as it came */
  "  content TEXT NOT NULL,"             /* JSON string with its quotes, as it came */
  "  PRIMARY KEY (mailbox, seq),"
  "  UNIQUE (mailbox, id)"
  ") STRICT;"
  "CREATE TABLE seen ("
  "  mailbox INTEGER NOT NULL,"
  "  id TEXT NOT NULL,"
  "  seq INTEGER NOT NULL,"
  "  sender TEXT NOT NULL,"
  "  status INTEGER NOT NULL,"
  "  accepted_ms INTEGER NOT NULL,"
  "  PRIMARY KEY (mailbox, id)"
  ") STRICT, WITHOUT ROWID;"
  "CREATE UNIQUE INDEX seen_by_seq ON seen (mailbox, seq)",
};

typedef enum {
  FIND_GENERATION,
  FIND_RECIPIENT,
  FIND_EARLIER,
  PUT_MESSAGE,
  COUNT_PUT,
  REMOVE_MESSAGE,
  COUNT_REMOVED,
  REMEMBER,
  FORGET,
  READ_ONE,
  READ_NEXT,
  N_STATEMENTS,
} Statement;

#define ROW_COLUMNS "seq, size, id, sender, content_type, metadata, content"

static const char *const statement_sql[] = {
  [FIND_GENERATION] = "SELECT generation FROM mailbox WHERE id = ?1",
  [FIND_RECIPIENT] = "SELECT id, generation, next_seq, messages, messages_max, bytes, bytes_max FROM mailbox WHERE handle = ?1",
  [FIND_EARLIER] = "SELECT sender, status FROM message WHERE mailbox = ?1 AND id = ?2"
                   " UNION ALL SELECT sender, status FROM seen WHERE mailbox = ?1 AND id = ?2 LIMIT 1",
  [PUT_MESSAGE] = "INSERT INTO message (mailbox, seq, id, sender, status, sent_ms, size, content_type, metadata, content)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
  [COUNT_PUT] = "UPDATE mailbox SET next_seq = ?2 + 1, messages = messages + 1, bytes = bytes + ?3 WHERE id = ?1",
  [REMOVE_MESSAGE] = "DELETE FROM message WHERE mailbox = ?1 AND seq = ?2 RETURNING id, sender, status, size",
  [COUNT_REMOVED] = "UPDATE mailbox SET messages = messages - 1, bytes = bytes - ?2 WHERE id = ?1",
  [REMEMBER] = "INSERT OR REPLACE INTO seen (mailbox, id, seq, sender, status, accepted_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
  /* A few at each acceptance are enough to keep up, and no sweep is ever due. */
  [FORGET] = "DELETE FROM seen WHERE mailbox = ?1 AND seq IN (SELECT seq FROM seen WHERE mailbox = ?1 ORDER BY seq LIMIT 4)"
             " AND (accepted_ms < ?2 OR seq <= ?3)",
  [READ_ONE] = "SELECT " ROW_COLUMNS " FROM message WHERE mailbox = ?1 AND seq = ?2",
  [READ_NEXT] = "SELECT " ROW_COLUMNS " FROM message WHERE mailbox = ?1 AND seq >= ?2 ORDER BY seq LIMIT 1",
};
G_STATIC_ASSERT (G_N_ELEMENTS (statement_sql) == N_STATEMENTS);

struct _RbLocalDatabase {
  RbSql          *sql;
  RbSqlStatement *statements[N_STATEMENTS];
};

static gboolean
make_directory (const char  *path,
                GError     **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autoptr(GError) local_error = NULL;

  if (rb_file_make_directory (directory, &local_error))
    return TRUE;

  rb_set_error (error, RB_ERROR_UNAVAILABLE,
                g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOSPC) ? "disk_full"
                : g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_ACCES) ||
                  g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_PERM) ||
                  g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_ROFS) ? "read_only" : "io_error",
                "%s", local_error->message);
  return FALSE;
}

/**
 * rb_local_database_open:
 * @path: the file; it and its directory are created where missing
 * @error: return location for a #GError
 *
 * Fails as rb_sql_open(), rb_sql_check() and rb_sql_migrate() do.
 *
 * Returns: (transfer full) (nullable): the database
 */
RbLocalDatabase *
rb_local_database_open (const char  *path,
                        GError     **error)
{
  g_autoptr(RbLocalDatabase) self = g_new0 (RbLocalDatabase, 1);

  if (!make_directory (path, error))
    return NULL;

  self->sql = rb_sql_open (path, TRUE, BUSY_MS, error);
  if (self->sql == NULL || !rb_sql_check (self->sql, error) ||
      !rb_sql_migrate (self->sql, migrations, G_N_ELEMENTS (migrations), error))
    return NULL;

  for (size_t i = 0; i < N_STATEMENTS; i++)
    {
      self->statements[i] = rb_sql_prepare (self->sql, statement_sql[i], error);
      if (self->statements[i] == NULL)
        return NULL;
    }
  return g_steal_pointer (&self);
}

void
rb_local_database_close (RbLocalDatabase *self)
{
  g_return_if_fail (self != NULL);

  for (size_t i = 0; i < N_STATEMENTS; i++)
    g_clear_pointer (&self->statements[i], rb_sql_statement_free);
  g_clear_pointer (&self->sql, rb_sql_close);
  g_free (self);
}

RbSql *
rb_local_database_get_sql (RbLocalDatabase *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->sql;
}

gboolean
rb_local_database_is_current (RbLocalDatabase     *self,
                              const RbLocalClaim  *claim,
                              GError             **error)
{
  RbSqlStatement *statement = self->statements[FIND_GENERATION];
  gboolean current;

  rb_sql_bind_int (statement, 1, claim->mailbox);
  current = rb_sql_step (statement, error) == RB_SQL_ROW && rb_sql_column_int (statement, 0) == claim->generation;
  rb_sql_reset (statement);
  return current;
}

gboolean
rb_local_database_begin (RbLocalDatabase  *self,
                         gboolean          durable,
                         GError          **error)
{
  return rb_sql_set_synchronous (self->sql, durable, error) && rb_sql_exec (self->sql, "BEGIN IMMEDIATE", error);
}

/* After a failure the transaction is still there: roll it back. */
gboolean
rb_local_database_commit (RbLocalDatabase  *self,
                          GError          **error)
{
  return rb_sql_exec (self->sql, "COMMIT", error);
}

void
rb_local_database_roll_back (RbLocalDatabase *self)
{
  /* SQLite may have rolled back by itself. */
  if (rb_sql_in_transaction (self->sql))
    rb_sql_exec (self->sql, "ROLLBACK", NULL);
}

gboolean
rb_local_database_find (RbLocalDatabase   *self,
                        const char        *handle,
                        RbLocalRecipient  *recipient,
                        GError           **error)
{
  RbSqlStatement *statement = self->statements[FIND_RECIPIENT];
  gboolean found;

  rb_sql_bind_text (statement, 1, handle);
  found = rb_sql_step (statement, error) == RB_SQL_ROW;
  if (found)
    {
      recipient->mailbox = rb_sql_column_int (statement, 0);
      recipient->generation = rb_sql_column_int (statement, 1);
      recipient->next_seq = rb_sql_column_int (statement, 2);
      recipient->messages = rb_sql_column_int (statement, 3);
      recipient->messages_max = rb_sql_column_int (statement, 4);
      recipient->bytes = rb_sql_column_int (statement, 5);
      recipient->bytes_max = rb_sql_column_int (statement, 6);
    }
  rb_sql_reset (statement);
  return found;
}

/**
 * rb_local_database_find_earlier:
 * @self: the database
 * @mailbox: the recipient's
 * @id: message id
 * @sender: (out): who sent it
 * @status: (out): what they were told
 * @error: return location for a #GError
 *
 * Returns: %TRUE if a message of that id waits there or was accepted lately
 */
gboolean
rb_local_database_find_earlier (RbLocalDatabase  *self,
                                gint64            mailbox,
                                const char       *id,
                                char            **sender,
                                RbSendStatus     *status,
                                GError          **error)
{
  RbSqlStatement *statement = self->statements[FIND_EARLIER];
  gboolean found;

  rb_sql_bind_int (statement, 1, mailbox);
  rb_sql_bind_text (statement, 2, id);
  found = rb_sql_step (statement, error) == RB_SQL_ROW;
  if (found)
    {
      *sender = g_strdup (rb_sql_column_text (statement, 0));
      *status = rb_sql_column_int (statement, 1) == RB_SEND_DELIVERED ? RB_SEND_DELIVERED : RB_SEND_STORED;
    }
  rb_sql_reset (statement);
  return found;
}

/**
 * rb_local_database_put:
 * @self: the database, in a transaction
 * @recipient: found in this transaction, after the latest put
 * @envelope: with id and sender
 * @status: what the sender is told
 * @now_ms: the wall clock
 * @error: return location for a #GError
 *
 * Stores a message under the next number of the mailbox.
 *
 * Returns: %TRUE on success
 */
gboolean
rb_local_database_put (RbLocalDatabase         *self,
                       const RbLocalRecipient  *recipient,
                       RbEnvelope              *envelope,
                       RbSendStatus             status,
                       gint64                   now_ms,
                       GError                 **error)
{
  RbSqlStatement *put = self->statements[PUT_MESSAGE];
  RbSqlStatement *count = self->statements[COUNT_PUT];
  gint64 size = (gint64) rb_envelope_get_size (envelope);

  rb_sql_bind_int (put, 1, recipient->mailbox);
  rb_sql_bind_int (put, 2, recipient->next_seq);
  rb_sql_bind_text (put, 3, rb_envelope_get_id (envelope));
  rb_sql_bind_text (put, 4, rb_envelope_get_from (envelope));
  rb_sql_bind_int (put, 5, status);
  rb_sql_bind_int (put, 6, now_ms);
  rb_sql_bind_int (put, 7, size);
  rb_sql_bind_text (put, 8, rb_envelope_get_content_type (envelope));
  rb_sql_bind_bytes_text (put, 9, rb_envelope_get_metadata (envelope));
  rb_sql_bind_bytes_text (put, 10, rb_envelope_get_content (envelope));
  if (!rb_sql_run (put, error))
    return FALSE;

  RB_CRASH_POINT (LOCAL_IN_SEND);
  rb_sql_bind_int (count, 1, recipient->mailbox);
  rb_sql_bind_int (count, 2, recipient->next_seq);
  rb_sql_bind_int (count, 3, size);
  return rb_sql_run (count, error);
}

static gboolean
count_removed (RbLocalDatabase  *self,
               gint64            mailbox,
               gint64            size,
               GError          **error)
{
  RbSqlStatement *statement = self->statements[COUNT_REMOVED];

  rb_sql_bind_int (statement, 1, mailbox);
  rb_sql_bind_int (statement, 2, size);
  return rb_sql_run (statement, error);
}

static gboolean
forget_old (RbLocalDatabase  *self,
            gint64            mailbox,
            gint64            seq,
            gint64            now_ms,
            GError          **error)
{
  RbSqlStatement *statement = self->statements[FORGET];

  rb_sql_bind_int (statement, 1, mailbox);
  rb_sql_bind_int (statement, 2, now_ms - SEEN_MAX_AGE_MS);
  rb_sql_bind_int (statement, 3, seq - SEEN_MAX_ROWS);
  return rb_sql_run (statement, error);
}

static gboolean
remember (RbLocalDatabase  *self,
          RbSqlStatement   *removed,
          gint64            mailbox,
          gint64            seq,
          gint64            now_ms,
          GError          **error)
{
  RbSqlStatement *statement = self->statements[REMEMBER];

  rb_sql_bind_int (statement, 1, mailbox);
  rb_sql_bind_text (statement, 2, rb_sql_column_text (removed, 0));
  rb_sql_bind_int (statement, 3, seq);
  rb_sql_bind_text (statement, 4, rb_sql_column_text (removed, 1));
  rb_sql_bind_int (statement, 5, rb_sql_column_int (removed, 2));
  rb_sql_bind_int (statement, 6, now_ms);
  return rb_sql_run (statement, error);
}

/**
 * rb_local_database_accept:
 * @self: the database, in a transaction
 * @mailbox: ours
 * @seq: number of a message
 * @now_ms: the wall clock
 * @error: return location for a #GError
 *
 * The message goes, its id stays for a while. A number that is not there is fine.
 *
 * Returns: %TRUE on success
 */
gboolean
rb_local_database_accept (RbLocalDatabase  *self,
                          gint64            mailbox,
                          gint64            seq,
                          gint64            now_ms,
                          GError          **error)
{
  RbSqlStatement *removed = self->statements[REMOVE_MESSAGE];
  RbSqlStep step;
  gboolean done;

  rb_sql_bind_int (removed, 1, mailbox);
  rb_sql_bind_int (removed, 2, seq);
  step = rb_sql_step (removed, error);
  RB_CRASH_POINT (LOCAL_IN_ACCEPT);
  done = step == RB_SQL_DONE ||
         (step == RB_SQL_ROW &&
          remember (self, removed, mailbox, seq, now_ms, error) &&
          count_removed (self, mailbox, rb_sql_column_int (removed, 3), error));
  rb_sql_reset (removed);
  return done && (step == RB_SQL_DONE || forget_old (self, mailbox, seq, now_ms, error));
}

void
rb_local_row_clear (RbLocalRow *row)
{
  g_clear_pointer (&row->envelope, rb_envelope_unref);
}

static RbEnvelope *
build_envelope (RbSqlStatement *statement)
{
  const char *metadata = rb_sql_column_text (statement, 5);
  const char *content = rb_sql_column_text (statement, 6);
  g_autoptr(GBytes) metadata_slice = g_bytes_new (metadata, strlen (metadata));
  g_autoptr(GBytes) content_slice = g_bytes_new (content, strlen (content));

  return rb_envelope_new (rb_sql_column_text (statement, 2), rb_sql_column_text (statement, 3), NULL, content_slice,
                          rb_sql_column_text (statement, 4), metadata_slice);
}

/**
 * rb_local_database_read:
 * @self: the database
 * @mailbox: ours
 * @seq: number of a message
 * @or_next: whether a higher number will do
 * @max_size: how large an envelope is wanted
 * @row: (out caller-allocates): the message; to be cleared
 * @error: return location for a #GError
 *
 * Returns: %TRUE if there was one; %FALSE without an error if there was none
 */
gboolean
rb_local_database_read (RbLocalDatabase  *self,
                        gint64            mailbox,
                        gint64            seq,
                        gboolean          or_next,
                        gsize             max_size,
                        RbLocalRow       *row,
                        GError          **error)
{
  RbSqlStatement *statement = self->statements[or_next ? READ_NEXT : READ_ONE];
  gboolean found;

  rb_sql_bind_int (statement, 1, mailbox);
  rb_sql_bind_int (statement, 2, seq);
  found = rb_sql_step (statement, error) == RB_SQL_ROW;
  if (found)
    {
      row->seq = rb_sql_column_int (statement, 0);
      row->size = (gsize) rb_sql_column_int (statement, 1);
      row->envelope = row->size <= max_size ? build_envelope (statement) : NULL;
    }
  rb_sql_reset (statement);
  return found;
}
