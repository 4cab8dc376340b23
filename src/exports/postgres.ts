/**
 * The sessions of a server in a table of PostgreSQL, with a client of `pg` or `postgres`.
 *
 * Install: `npm install xstate-session xstate pg`
 * @module
 */

export type { PostgresClient } from '../postgres/client.ts'
export { createTableSql } from '../postgres/createTableSql.ts'
export type { PostgresListener } from '../postgres/hints.ts'
export {
  type PostgresServerStore,
  type PostgresServerStoreOptions,
  postgresServerStore,
} from '../postgres/postgresServerStore.ts'
