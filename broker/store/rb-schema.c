/* rb-schema.c: how the tables of the core look in SQLite
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The core names its tables in rb-tables.c; the SQL here says the same with what SQLite needs to know besides. A change there
 * needs one here: a step of its own once a version with the steps so far was released. rb_schema_check() refuses to start
 * where the two disagree, so that they cannot drift apart unseen.
 *
 * Tables are kept in key order (WITHOUT ROWID), which saves an index; messages are not, because large rows make a
 * key-ordered tree slow. */
#include "config.h"

#include "rb-schema.h"

#include "rb-error.h"

static const char step_1[] =
  "CREATE TABLE meta ("
  "  name TEXT NOT NULL PRIMARY KEY,"
  "  value TEXT NOT NULL"
  ") STRICT, WITHOUT ROWID;"

  "CREATE TABLE messages ("
  "  id TEXT NOT NULL PRIMARY KEY,"
  "  source_id TEXT,"
  "  content TEXT NOT NULL,"
  "  metadata TEXT NOT NULL,"
  "  content_type TEXT NOT NULL,"
  "  arrived_at INTEGER NOT NULL,"
  "  sender TEXT NOT NULL"
  ") STRICT;"

  "CREATE TABLE places ("
  "  message_id TEXT NOT NULL PRIMARY KEY,"
  "  place TEXT NOT NULL,"
  "  endpoint_id TEXT,"
  "  position INTEGER NOT NULL,"
  "  reason TEXT,"
  "  correlation_id TEXT,"
  "  since INTEGER NOT NULL"
  ") STRICT, WITHOUT ROWID;"

  "CREATE TABLE endpoints ("
  "  id TEXT NOT NULL PRIMARY KEY,"
  "  owner_token TEXT NOT NULL,"
  "  nonce TEXT NOT NULL,"
  "  plugin_pid INTEGER NOT NULL,"
  "  pid_start INTEGER NOT NULL,"
  "  agent_id TEXT NOT NULL,"
  "  state TEXT NOT NULL,"
  "  state_since INTEGER NOT NULL,"
  "  grace_deadline INTEGER,"
  "  position INTEGER NOT NULL,"
  "  traits TEXT NOT NULL"
  ") STRICT, WITHOUT ROWID;"

  "CREATE TABLE correlations ("
  "  endpoint_id TEXT NOT NULL,"
  "  direction TEXT NOT NULL,"
  "  correlation_id TEXT NOT NULL,"
  "  at INTEGER NOT NULL,"
  "  PRIMARY KEY (endpoint_id, direction, correlation_id)"
  ") STRICT, WITHOUT ROWID;"

  "CREATE TABLE assignments ("
  "  source_message_id TEXT NOT NULL,"
  "  assignment_id TEXT NOT NULL,"
  "  endpoint_id TEXT NOT NULL,"
  "  state TEXT NOT NULL,"
  "  target TEXT NOT NULL,"
  "  undispatched_id TEXT NOT NULL,"
  "  token TEXT,"
  "  reply_correlation_id TEXT,"
  "  original_trace_id TEXT,"
  "  assigned_at INTEGER NOT NULL,"
  "  last_sequence INTEGER NOT NULL,"
  "  deadline INTEGER,"
  "  is_staged INTEGER NOT NULL,"
  "  PRIMARY KEY (source_message_id, assignment_id)"
  ") STRICT, WITHOUT ROWID;"

  "CREATE TABLE replies ("
  "  source_message_id TEXT NOT NULL,"
  "  assignment_id TEXT NOT NULL,"
  "  reply_request_id TEXT NOT NULL,"
  "  endpoint_id TEXT NOT NULL,"
  "  plugin_pid INTEGER NOT NULL,"
  "  fingerprint TEXT NOT NULL,"
  "  wire_message_id TEXT NOT NULL,"
  "  expires_at INTEGER NOT NULL,"
  "  result TEXT,"
  "  outcome_unknown TEXT,"
  "  PRIMARY KEY (source_message_id, assignment_id, reply_request_id)"
  ") STRICT, WITHOUT ROWID;"

  "CREATE TABLE checkpoints ("
  "  message_id TEXT NOT NULL,"
  "  n INTEGER NOT NULL,"
  "  step TEXT NOT NULL,"
  "  at INTEGER NOT NULL,"
  "  endpoint_id TEXT,"
  "  detail TEXT,"
  "  rule TEXT,"
  "  PRIMARY KEY (message_id, n)"
  ") STRICT, WITHOUT ROWID;"

  "CREATE TABLE outbox ("
  "  position INTEGER NOT NULL PRIMARY KEY,"
  "  kind TEXT NOT NULL,"
  "  subject TEXT NOT NULL,"
  "  payload TEXT NOT NULL,"
  "  created_at INTEGER NOT NULL,"
  "  state TEXT NOT NULL,"
  "  reason TEXT,"
  "  status INTEGER"
  ") STRICT, WITHOUT ROWID;"
  "CREATE TABLE control_keys ("
  "  n INTEGER NOT NULL PRIMARY KEY,"
  "  idempotency_key TEXT NOT NULL"
  ") STRICT;"

  "CREATE TABLE archive ("
  "  n INTEGER NOT NULL PRIMARY KEY,"
  "  kind TEXT NOT NULL,"
  "  id TEXT NOT NULL,"
  "  name TEXT NOT NULL,"
  "  endpoint_id TEXT,"
  "  correlation_id TEXT,"
  "  source_id TEXT,"
  "  detail TEXT,"
  "  begun_at INTEGER NOT NULL,"
  "  ended_at INTEGER NOT NULL,"
  "  outcome TEXT NOT NULL,"
  "  size_bytes INTEGER NOT NULL"
  ") STRICT;"

  "CREATE TABLE archive_text ("
  "  n INTEGER NOT NULL PRIMARY KEY,"
  "  text TEXT NOT NULL"
  ") STRICT;"

  /* The full text index is written by rb-search-index.c before a search, up to and with row @n: nobody pays for it who never searches. It has
   * a copy of each text, so that it can be mended without them. A number is used again only when all behind it is gone: what the index has
   * from there on is old then. No commit touches the index itself: damage to it costs searches, nothing else. */
  "CREATE VIRTUAL TABLE archive_index USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2');"
  "CREATE TABLE archive_indexed (n INTEGER NOT NULL) STRICT;"
  "INSERT INTO archive_indexed VALUES (0);"
  "CREATE TRIGGER archive_text_added AFTER INSERT ON archive_text WHEN NEW.n <= (SELECT n FROM archive_indexed) BEGIN"
  "  UPDATE archive_indexed SET n = NEW.n - 1;"
  "END;"

  "PRAGMA application_id = " G_STRINGIFY (RB_SCHEMA_ID_OPEN);

static const char step_2[] =
  "CREATE TABLE policy_rules ("
  "  n INTEGER NOT NULL PRIMARY KEY,"
  "  what TEXT NOT NULL,"
  "  sender TEXT NOT NULL,"
  "  kind TEXT NOT NULL,"
  "  action TEXT NOT NULL,"
  "  note TEXT NOT NULL,"
  "  created_at INTEGER NOT NULL,"
  "  made_by TEXT NOT NULL"
  ") STRICT, WITHOUT ROWID;"

  "CREATE TABLE known_senders ("
  "  address TEXT NOT NULL PRIMARY KEY,"
  "  since INTEGER NOT NULL"
  ") STRICT, WITHOUT ROWID;";

static const char step_3[] =
  "CREATE TABLE spawns ("
  "  id TEXT NOT NULL PRIMARY KEY,"
  "  kind TEXT NOT NULL,"
  "  origin TEXT NOT NULL,"
  "  state TEXT NOT NULL,"
  "  prompt TEXT,"
  "  asked_at INTEGER NOT NULL,"
  "  since INTEGER NOT NULL,"
  "  deadline INTEGER,"
  "  started_at INTEGER,"
  "  ended_at INTEGER,"
  "  pid INTEGER,"
  "  pid_start INTEGER,"
  "  unit TEXT,"
  "  log_file TEXT,"
  "  directory TEXT,"
  "  endpoint_id TEXT,"
  "  detail TEXT,"
  "  rule TEXT"
  ") STRICT;";

/* What was here before is of no network that anybody knows. */
static const char step_4[] = "ALTER TABLE messages ADD COLUMN network TEXT;";

static const char *const steps[] = { step_1, step_2, step_3, step_4 };

/* What PRAGMA table_info says about a column, as one line: "message_id TEXT NOT NULL KEY 1". */
static char *
describe_column (const char         *name,
                 const GVariantType *type,
                 guint               key_position)
{
  gboolean nullable = g_variant_type_is_maybe (type);
  const GVariantType *item = nullable ? g_variant_type_element (type) : type;
  GString *line = g_string_new (name);

  g_string_append (line, g_variant_type_equal (item, G_VARIANT_TYPE_STRING) ? " TEXT" : " INTEGER");
  if (!nullable)
    g_string_append (line, " NOT NULL");
  if (key_position > 0)
    g_string_append_printf (line, " KEY %u", key_position);
  return g_string_free (line, FALSE);
}

static GStrv
describe_wanted (const RbTableInfo *info)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  g_auto(GStrv) names = g_strsplit (info->columns, " ", -1);
  const GVariantType *type = g_variant_type_first (G_VARIANT_TYPE (info->type));

  for (guint i = 0; names[i] != NULL && type != NULL; i++)
    {
      g_autofree char *line = describe_column (names[i], type, i < info->n_key ? i + 1 : 0);

      g_strv_builder_add (builder, line);
      type = g_variant_type_next (type);
    }
  return g_strv_builder_end (builder);
}

static GStrv
describe_found (RbSql              *sql,
                const RbTableInfo  *info,
                GError            **error)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr(RbSqlStatement) statement = NULL;
  RbSqlStep step;

  statement = rb_sql_prepare (sql,
                              "SELECT name || ' ' || type || iif (\"notnull\", ' NOT NULL', '') || iif (pk, ' KEY ' || pk, '') "
                              "FROM pragma_table_info (?) ORDER BY cid", error);
  if (statement == NULL)
    return NULL;

  rb_sql_bind_text (statement, 1, info->name);
  while ((step = rb_sql_step (statement, error)) == RB_SQL_ROW)
    g_strv_builder_add (builder, rb_sql_column_text (statement, 0));

  return step == RB_SQL_DONE ? g_strv_builder_end (builder) : NULL;
}

static gboolean
check_table (RbSql              *sql,
             const RbTableInfo  *info,
             GError            **error)
{
  g_auto(GStrv) wanted = describe_wanted (info);
  g_auto(GStrv) found = describe_found (sql, info, error);
  guint i = 0;

  if (found == NULL)
    return FALSE;

  while (wanted[i] != NULL && g_strcmp0 (wanted[i], found[i]) == 0)
    i++;
  if (wanted[i] == NULL && found[i] == NULL)
    return TRUE;

  rb_set_error (error, RB_ERROR_CORRUPT, "schema_mismatch",
                "Table '%s' of the database does not fit this program: column %u is '%s' and should be '%s'; "
                "move the database away and restore a copy, or start with an empty one",
                info->name, i + 1, found[i] != NULL ? found[i] : "missing", wanted[i] != NULL ? wanted[i] : "absent");
  return FALSE;
}

guint
rb_schema_get_version (void)
{
  return G_N_ELEMENTS (steps);
}

gboolean
rb_schema_migrate (RbSql   *sql,
                   GError **error)
{
  return rb_sql_migrate (sql, steps, G_N_ELEMENTS (steps), error);
}

gboolean
rb_schema_check (RbSql   *sql,
                 GError **error)
{
  for (guint i = 0; i < RB_N_TABLES; i++)
    {
      if (!check_table (sql, rb_table_get_info (i), error))
        return FALSE;
    }
  return TRUE;
}
