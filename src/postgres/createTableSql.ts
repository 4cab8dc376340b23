import { DEFAULT_TABLE, quotedTable } from './table.ts'

/**
 * The statements that make the table of `postgresServerStore` where it is not there yet: for a migration, `psql`, or
 * one process before the others. `table` is the option of the store, `xstate_sessions` by default.
 *
 * What changes with every write stands in no index, so that PostgreSQL can renew a row in its place: an entry is found for
 * cleaning by the hour in which it expires.
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
