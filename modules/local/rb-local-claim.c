/* rb-local-claim.c: taking a handle of the network, as its newest broker
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A handle belongs to the account that first took it. Each broker of that account that takes it gets a higher generation, and
 * that is all it needs to know that an older one has to go. */
#include "config.h"

#include "rb-local-claim.h"

#include "rb-error.h"

#include <string.h>

/* The owner of a handle and its latest generation; all zero when nobody ever had it. */
static gboolean
find_owner (RbSql       *sql,
            const char  *handle,
            char       **owner,
            gint64      *mailbox,
            gint64      *generation,
            GError     **error)
{
  g_autoptr(RbSqlStatement) statement = rb_sql_prepare (sql, "SELECT id, owner, generation FROM mailbox WHERE handle = ?1", error);
  RbSqlStep step;

  if (statement == NULL)
    return FALSE;

  rb_sql_bind_text (statement, 1, handle);
  step = rb_sql_step (statement, error);
  if (step == RB_SQL_ROW)
    {
      *mailbox = rb_sql_column_int (statement, 0);
      *owner = g_strdup (rb_sql_column_text (statement, 1));
      *generation = rb_sql_column_int (statement, 2);
    }
  return step != RB_SQL_ERROR;
}

static gboolean
read_identity (RbSql   *sql,
               char     identity[33],
               GError **error)
{
  g_autoptr(RbSqlStatement) statement = rb_sql_prepare (sql, "SELECT identity FROM network", error);
  RbSqlStep step;

  if (statement == NULL)
    return FALSE;

  step = rb_sql_step (statement, error);
  if (step == RB_SQL_ROW)
    g_strlcpy (identity, rb_sql_column_text (statement, 0), 33);
  else if (step == RB_SQL_DONE)
    rb_set_error (error, RB_ERROR_CORRUPT, "database_damaged", "The database of the local network has no identity");
  return step == RB_SQL_ROW;
}

/* What a mailbox may hold is what its latest owner says. */
static gboolean
write_claim (RbSql                  *sql,
             const RbLocalSettings  *settings,
             gint64                  now_ms,
             gint64                  generation,
             gint64                 *mailbox,
             GError                **error)
{
  g_autoptr(RbSqlStatement) statement = NULL;

  statement = rb_sql_prepare (sql,
                              "INSERT INTO mailbox (handle, owner, generation, claimed_ms, messages_max, bytes_max)"
                              " VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
                              " ON CONFLICT (handle) DO UPDATE SET generation = ?3, claimed_ms = ?4, messages_max = ?5,"
                              " bytes_max = ?6 RETURNING id",
                              error);
  if (statement == NULL)
    return FALSE;

  rb_sql_bind_text (statement, 1, settings->handle);
  rb_sql_bind_text (statement, 2, settings->owner);
  rb_sql_bind_int (statement, 3, generation);
  rb_sql_bind_int (statement, 4, now_ms);
  rb_sql_bind_int (statement, 5, settings->mailbox_limit);
  rb_sql_bind_int (statement, 6, settings->mailbox_bytes);
  if (rb_sql_step (statement, error) != RB_SQL_ROW)
    return FALSE;

  *mailbox = rb_sql_column_int (statement, 0);
  return rb_sql_run (statement, error);
}

/* What we know of sequence numbers is worth nothing in another database, or in an older copy of this one. */
static gboolean
check_same_network (const RbLocalClaim  *held,
                    const char          *identity,
                    gint64               generation,
                    GError             **error)
{
  if (held->generation == 0 || (strcmp (held->network, identity) == 0 && generation >= held->generation))
    return TRUE;

  rb_set_error (error, RB_ERROR_CORRUPT, "database_replaced",
                "Another database took the place of the local network's: restart the broker to use it");
  return FALSE;
}

/* @owner: NULL when nobody has the handle */
static gboolean
check_may_take (const RbLocalClaim     *held,
                const RbLocalSettings  *settings,
                const char             *owner,
                gint64                  generation,
                GError                **error)
{
  if (owner != NULL && strcmp (owner, settings->owner) != 0)
    {
      rb_set_error (error, RB_ERROR_REJECTED, "handle_taken",
                    "Handle '%s' belongs to another account of this machine: set [local] handle to another name",
                    settings->handle);
      return FALSE;
    }
  if (held->generation != 0 && generation > held->generation)
    {
      rb_set_error (error, RB_ERROR_BAD_STATE, "superseded", "Another broker took over handle '%s'", settings->handle);
      return FALSE;
    }
  return TRUE;
}

static gboolean
take_in_transaction (RbLocalClaim           *self,
                     RbSql                  *sql,
                     const RbLocalSettings  *settings,
                     gint64                  now_ms,
                     GError                **error)
{
  RbLocalClaim next = { 0 };
  g_autofree char *owner = NULL;
  gint64 generation = 0;

  if (!read_identity (sql, next.network, error) ||
      !find_owner (sql, settings->handle, &owner, &next.mailbox, &generation, error) ||
      !check_same_network (self, next.network, generation, error) ||
      !check_may_take (self, settings, owner, generation, error))
    return FALSE;

  next.generation = self->generation != 0 ? self->generation : generation + 1;
  if (!write_claim (sql, settings, now_ms, next.generation, &next.mailbox, error) || !rb_sql_exec (sql, "COMMIT", error))
    return FALSE;

  *self = next;
  return TRUE;
}

/**
 * rb_local_claim_take:
 * @self: (inout): what we held before, all zero for nothing; what we hold now
 * @sql: the database
 * @settings: whose handle, and what its mailbox may hold
 * @now_ms: the wall clock
 * @error: return location for a #GError
 *
 * Takes the handle, as the newest broker that has it, or confirms that we still
 * hold it.
 *
 * Fails with %RB_ERROR_REJECTED "handle_taken" (another account's),
 * %RB_ERROR_BAD_STATE "superseded" (somebody newer has it), %RB_ERROR_CORRUPT
 * "database_replaced" (not the database we held it in), or as SQL does.
 *
 * Returns: %TRUE if the handle is ours
 */
gboolean
rb_local_claim_take (RbLocalClaim           *self,
                     RbSql                  *sql,
                     const RbLocalSettings  *settings,
                     gint64                  now_ms,
                     GError                **error)
{
  if (!rb_sql_set_synchronous (sql, TRUE, error) || !rb_sql_exec (sql, "BEGIN IMMEDIATE", error))
    return FALSE;
  if (take_in_transaction (self, sql, settings, now_ms, error))
    return TRUE;

  if (rb_sql_in_transaction (sql))
    rb_sql_exec (sql, "ROLLBACK", NULL);
  return FALSE;
}
