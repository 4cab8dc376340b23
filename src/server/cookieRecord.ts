import type { UserDocument } from '../../machines/session.types.ts'
import { type ServerRecord, serverRecordText } from './serverRecord.ts'

/** The bytes that a cookie of 4 096 has for its part of the sealed text. */
export const CHUNK = 3_600
/** How many cookies a sealed session may take. */
export const MAX_PARTS = 5
/**
 * The number of cookies that a session may take for optional fields of its user: nginx by default accepts no longer
 * header line, and Node accepts twice that.
 */
const PARTS_OF_LOOKS = 2
/** The bytes around the text of a record: version, key id, nonce, tag, and the key of the session. */
const SEAL = 110
/** A field shorter than this does not justify one more cookie. */
const SHORT = 200

/** Fields that a session needs. */
const IDENTITY = ['id', 'tenantId']

/** The longest plain text whose seal takes this many cookies: base64 makes four characters of three. */
const plainBytes = (parts: number) => ((parts * CHUNK - SEAL) * 3) / 4

/**
 * A record that fits into cookies. If it is too long, optional fields of the user are left out, the longest first. The
 * user's id and the tokens always stay.
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
  // Without this token the provider asks the user once more at its logout.
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
