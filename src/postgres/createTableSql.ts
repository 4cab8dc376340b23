import { DEFAULT_TABLE, quotedTable } from './table.ts'

/**
 * The statements that create the table of `postgresServerStore` if it does not exist: for a migration, for `psql`, or
 * for one process before the others. `table` is the option of the store, `xstate_sessions` by default.
 *
 * No index has a value that changes with every write, so PostgreSQL can update a row in place. For cleaning, an entry
 * is found by the hour in which it expires.
 *
 * @throws {Misconfigured} for a name that is none
 *
 * @example
 * console.log(createTableSql())
 */
export function createTableSql(table: string = DEFAULT_TABLE): string {
  const quoted = quotedTable(table)
  const name = table.slice(table.indexOf('.') + 1)
  return `CREATE TABLE IF NOT EXISTS ${quoted} (
  key text COLLATE "C" PRIMARY KEY,
  value text NOT NULL,
  revision bigint NOT NULL,
  expires_at bigint NOT NULL,
  tags text[] NOT NULL,
  awaited_until bigint NOT NULL DEFAULT 0,
  expires_hour bigint GENERATED ALWAYS AS (expires_at / 3600000) STORED
) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS "${name}_expires" ON ${quoted} (expires_hour);
CREATE INDEX IF NOT EXISTS "${name}_tags" ON ${quoted} USING gin (tags);
`
}
