/**
 * The sessions of a server in a file, by the SQLite of Node.
 *
 * Install: `npm install xstate-session xstate`
 * @module
 */

export {
  type SqliteServerStore,
  type SqliteServerStoreOptions,
  sqliteServerStore,
} from '../sqlite/sqliteServerStore.ts'
