import { randomBytes } from 'node:crypto'
import { hashSecret } from './users.ts'

/** A local session's row. Only the hash of its current refresh token is kept. */
export interface SessionRow {
  readonly id: string
  readonly userId: string
  /** Absolute: set at login, never moved. */
  readonly expiration: number
  hash: string
}

export interface SessionStore {
  create(userId: string, expiration: number): SessionRow
  setToken(row: SessionRow, token: string): void
  /** The user's live row whose current token this is. */
  find(userId: string, token: string): SessionRow | undefined
  /** Any live row of the user. */
  findAny(userId: string): SessionRow | undefined
  delete(row: SessionRow): void
  deleteAll(userId: string): number
}

export function createSessionStore(now: () => number): SessionStore {
  const rows = new Map<string, SessionRow>()
  const liveRows = (userId: string): SessionRow[] =>
    [...rows.values()].filter((row) => row.userId === userId && row.expiration > now())

  return {
    create(userId, expiration) {
      const row: SessionRow = { id: randomBytes(12).toString('hex'), userId, expiration, hash: '' }
      rows.set(row.id, row)
      return row
    },
    setToken(row, token) {
      row.hash = hashSecret(token)
    },
    find: (userId, token) => liveRows(userId).find((row) => row.hash === hashSecret(token)),
    findAny: (userId) => liveRows(userId)[0],
    delete: (row) => void rows.delete(row.id),
    deleteAll(userId) {
      const mine = [...rows.values()].filter((row) => row.userId === userId)
      for (const row of mine) rows.delete(row.id)
      return mine.length
    },
  }
}
