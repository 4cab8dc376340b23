import type { ExpiredReason } from '../../machines/session.types.ts'
import { refusedCauses, securityNotices, unknownCauses, warnings } from '../base/outcomeWords.ts'
import type { RefreshOutcome } from '../session/strategy.ts'

type Words<T extends string> = Readonly<Record<T, true>>

const reasons: Words<ExpiredReason> = {
  refreshRejected: true,
  refreshUnsupported: true,
  refreshOutcomeUnknown: true,
  notRefreshable: true,
  missingCredential: true,
  accessRevoked: true,
  identityMismatch: true,
  keyLost: true,
  stepUpRequired: true,
  idle: true,
  absoluteLifetime: true,
  unusableLifetime: true,
  internal: true,
}

type Check = (value: unknown) => boolean

const word =
  (words: Words<string>): Check =>
  (value) =>
    typeof value === 'string' && Object.hasOwn(words, value)
const isFlag: Check = (value) => typeof value === 'boolean'
const isTrue: Check = (value) => value === true
const isSpan: Check = (value) => Number.isFinite(value) && (value as number) >= 0
/** The session checks whether a header can carry it. */
const isText: Check = (value) => typeof value === 'string'
const isToken: Check = (value) => typeof value === 'string' && value !== ''
const isObject: Check = (value) => typeof value === 'object' && value !== null
const isUser: Check = (value) => isObject(value) && isToken((value as { readonly id?: unknown }).id)
const areWarnings: Check = (value) => Array.isArray(value) && value.every(word(warnings))

/** The members that each kind must have, and those that it may have. */
const kinds: Readonly<Record<RefreshOutcome['kind'], readonly [must: Fields, may: Fields]>> = {
  ok: [
    {},
    {
      bearer: isText,
      refreshToken: isToken,
      user: isUser,
      partial: isTrue,
      life: isObject,
      ageMs: isSpan,
      shared: isTrue,
      final: isTrue,
      warnings: areWarnings,
    },
  ],
  refused: [{ cause: word(refusedCauses) }, { retryAfterMs: isSpan, overloaded: isTrue, problem: isText }],
  rejected: [{ reason: word(reasons) }, { security: word(securityNotices) }],
  unknown: [
    { cause: word(unknownCauses), answered: isFlag },
    { consumed: isTrue, retryAfterMs: isSpan, overloaded: isTrue, ageMs: isSpan, warnings: areWarnings },
  ],
  unsupported: [{ forGood: isFlag }, {}],
}
type Fields = Readonly<Record<string, Check>>

/** The reasons why `value` is no outcome; none if it is one. They quote only names of the value. */
export function outcomeFaults(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return ['it is no object']
  const { kind, ...fields } = value as Record<string, unknown>
  if (typeof kind !== 'string' || !Object.hasOwn(kinds, kind)) return ['its kind is none of the known']
  const [must, may] = kinds[kind as RefreshOutcome['kind']]
  const faults = Object.keys(must).flatMap((name) =>
    Object.hasOwn(fields, name) ? [] : [`${kind} without ${name}`],
  )
  for (const [name, part] of Object.entries(fields)) {
    const check = { ...must, ...may }[name]
    if (!check) faults.push(`${kind} has a member that it does not know`)
    else if (part !== undefined && !check(part)) faults.push(`${name} of ${kind} is not what it should be`)
  }
  if (kind === 'ok' && fields.bearer === undefined && fields.refreshToken === undefined)
    faults.push('ok brings no token')
  return faults
}
