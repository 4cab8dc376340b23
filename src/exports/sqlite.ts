export { type SqliteEntries, type SqliteEntriesOptions, sqliteEntries } from '../stores/sqlite.ts'
