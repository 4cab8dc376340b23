/** The sessions of a server in a file, by the SQLite of Node. */

export { type SqliteEntries, type SqliteEntriesOptions, sqliteEntries } from '../sqlite/sqliteEntries.ts'
