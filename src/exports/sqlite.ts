/**
 * The sessions of a server in a file, by the SQLite of Node.
 * @module
 */

export {
  type SqliteServerStore,
  type SqliteServerStoreOptions,
  sqliteServerStore,
} from '../sqlite/sqliteServerStore.ts'
