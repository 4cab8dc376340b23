import * as z from 'zod/mini'
import type { LedgerRow } from '../../machines/session.ledger.ts'
import { asStored } from '../session/records.ts'
import type { SessionRecord, StoredSession } from '../stores/store.ts'
import type { ServerEndReason } from './notice.ts'
import type { Json } from './serverLogin.ts'
import type { SessionTags } from './sessionTags.ts'

/**
 * The ledger's row of the record's refresh token, on the wall clock. It is written before the token is sent. While a
 * row exists, everybody knows that the token may be spent: this process after a crash, and every other one.
 */
export interface Intent extends LedgerRow {
  /** The process that sent last. */
  readonly owner: string
}

/** Everything that a server keeps of one session. */
export interface ServerRecord {
  readonly v: 1
  /** Its own key. The sealed text does not contain it, because the seal is bound to the key. */
  readonly key: string
  /**
   * A random name of the login that a page may know. The page names with it the login of its requests. It is no key,
   * and is derived from none.
   */
  readonly login: string
  /** The name of the login, and its identity when the session began. */
  readonly via: readonly [name: string, identity: string]
  readonly session: StoredSession
  readonly intent?: Intent
  /** When the user was last active, and when the backend last confirmed the session; wall clock, milliseconds. */
  readonly activeAt: number
  readonly verifiedAt: number
  /** The tags by which it is found; absent with sealed cookies, and of a tombstone. */
  readonly tags?: SessionTags
  /** With `maxSessionsPerUser`: a later session of a user has a higher number, whatever the clocks say. */
  readonly nth?: number
  /** The data that its login keeps with it. */
  readonly data?: Json
  /** Of a tombstone. */
  readonly reason?: ServerEndReason
}

const recordSchema = z.looseObject({
  v: z.optional(z.literal(1)),
  login: z.string(),
  via: z.tuple([z.string(), z.string()]),
  // `asStored` reads both. An unreadable intent counts as a send of which nobody knows.
  session: z.looseObject({}),
  intent: z.optional(z.unknown()),
  activeAt: z.optional(z.number()),
  verifiedAt: z.optional(z.number()),
  nth: z.optional(z.number()),
  tags: z.optional(
    z.looseObject({
      user: z.string(),
      sub: z.optional(z.string()),
      sid: z.optional(z.string()),
      /** How long before the session's own beginning. */
      beforeMs: z.optional(z.number()),
    }),
  ),
})

/** `value`, unless another field of the record says the same. */
const unless = <T>(value: T, same: unknown): T | undefined => (value === same ? undefined : value)

/** The text for the seal. It leaves out what the key or another field says, because a server keeps many records. */
export function serverRecordText({
  key,
  session,
  activeAt,
  verifiedAt,
  tags,
  ...rest
}: ServerRecord): string {
  const { v, epoch, version, startedAt, sessionId, provider, endsAt, lifeMs, ...others } =
    session as SessionRecord
  return JSON.stringify({
    ...rest,
    v: undefined,
    ...(tags && { tags: { ...tags, at: undefined, beforeMs: unless(epoch - tags.at, 0) } }),
    session: {
      epoch,
      version: unless(version, 1),
      ...others,
      lifeMs,
      provider: unless(provider, rest.via[0]),
      endsAt: unless(endsAt, lifeMs === undefined ? undefined : epoch + lifeMs),
      startedAt: unless(startedAt, epoch),
      sessionId: unless(sessionId, key),
    },
    activeAt: unless(activeAt, epoch),
    verifiedAt: unless(verifiedAt, epoch),
  })
}

function tagsOf(
  { beforeMs = 0, ...tags }: { readonly user: string; readonly beforeMs?: number | undefined },
  epoch: number,
) {
  return { ...(tags as Omit<SessionTags, 'at'>), at: epoch - beforeMs }
}

/** The record in a text that was unsealed under `key`, if it has this format; `newer`: a later release wrote it. */
export function readServerRecord(text: string, key: string): ServerRecord | 'newer' | undefined {
  let value: { readonly v?: unknown } | null
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value?.v === 'number' && value.v > 1) return 'newer'
  const { data } = recordSchema.safeParse(value)
  if (!data) return undefined
  const { intent, session: sealed, tags, ...rest } = data
  const { epoch, lifeMs } = sealed as Partial<SessionRecord>
  const isTimed = typeof epoch === 'number' && typeof lifeMs === 'number'
  const living =
    'ended' in sealed
      ? {}
      : {
          startedAt: epoch,
          sessionId: key,
          provider: rest.via[0],
          ...(isTimed && { endsAt: epoch + lifeMs }),
        }
  const stored = asStored({ v: 1, version: 1, ...living, ...sealed, doubt: intent })
  if (!stored) return undefined
  const { doubt: row, ...session } = stored as SessionRecord
  return {
    key,
    activeAt: stored.epoch,
    verifiedAt: stored.epoch,
    ...(rest as Pick<ServerRecord, 'login' | 'via'>),
    v: 1,
    ...(tags && { tags: tagsOf(tags, stored.epoch) }),
    session: session as StoredSession,
    ...(row && { intent: { ...row, owner: String((intent as Partial<Intent> | null)?.owner) } }),
  }
}
