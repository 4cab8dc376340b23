import type { UserDocument } from '../../machines/session.types.ts'
import { type ServerRecord, serverRecordText } from './serverRecord.ts'

/** What is left of a cookie's 4 096 bytes for its part of the sealed text. */
export const CHUNK = 3_600
/** How many cookies a sealed session may take. */
export const MAX_PARTS = 5
/** How many one takes for the looks of its user: by default nginx takes no longer line of a header, and Node twice that. */
const PARTS_OF_LOOKS = 2
/** Around the text of a record: version, key id, nonce, tag, and the key of the session. */
const SEAL = 110
/** A shorter field is no reason for one more cookie. */
const SHORT = 200

/** What a session cannot do without. */
const IDENTITY = ['id', 'tenantId']

/** How long a plain text may be whose seal takes so many cookies: base64 makes four of three. */
const plainBytes = (parts: number) => ((parts * CHUNK - SEAL) * 3) / 4

/**
 * A record that cookies can hold: the longest of what the backend tells of the user is left out, one by one, where it
 * would cost the session. Its id and its tokens stay whatever they cost.
 */
export function cookieRecord(record: ServerRecord): ServerRecord {
  if ('ended' in record.session) return record
  const { session } = record
  const shown = Object.keys(session.user).filter((name) => !IDENTITY.includes(name))
  const lengthOf = (name: string) => {
    const value = session.user[name]
    return (typeof value === 'string' ? value : JSON.stringify(value)).length
  }
  const longest = shown.sort((a, b) => lengthOf(b) - lengthOf(a))
  const user: Record<string, unknown> = { ...session.user }
  // Without it the provider asks once more at its logout.
  const { data: _, ...rest } = record
  let fitted = bytesOf(record) <= plainBytes(PARTS_OF_LOOKS) ? record : rest
  for (const name of longest) {
    const isLong = lengthOf(name) > SHORT
    if (bytesOf(fitted) <= plainBytes(isLong ? PARTS_OF_LOOKS : MAX_PARTS)) break
    delete user[name]
    fitted = { ...fitted, session: { ...session, user: { ...user } as UserDocument } }
  }
  return fitted
}

const bytesOf = (record: ServerRecord) => new TextEncoder().encode(serverRecordText(record)).length
