import { grantOf } from '../../issuer.ts'
import type { Bearer, Family, Stored } from '../history.ts'
import { type Bench, type Monitor, processOf } from '../judge.ts'
import { TAKEN } from '../leeway.ts'

/** Whatever a failed refresh may end a session with. */
const FAILURES = [
  'refreshRejected',
  'refreshOutcomeUnknown',
  'accessRevoked',
  'identityMismatch',
  'refreshUnsupported',
]

/**
 * Of what is kept in a store. I2: what is sent was written down while it was current. I3: each version is committed
 * once, in their order. I4: and before anybody gets it. I8: who fails with an old token changes nothing. I19: whenever
 * everything ended at this moment, the newest token would be found, or the line that says that it may be spent.
 */
export function records({ report, kind, hasIntents, areRecordsSeen = true, troubled }: Bench): Monitor {
  const current = new Map<Family, Stored>()
  const families = new Map<number, Family>()
  /** What each process has written down to send. */
  const intended = new Map<string, string | undefined>()
  /** Tokens whose send has failed, and those that were rejected. */
  const failed = new Set<string>()
  const rejected = new Set<string>()
  /** Tokens that nobody may send any more: their session has expired for it, which I14 judges. */
  const givenUp = new Set<string>()
  /** Bearers that are in no record, and the processes that have told that they could not write them. */
  const uncommitted = new Map<string, Set<string>>()

  const isOver = (token: string) => rejected.has(token) || givenUp.has(token)
  const familyOf = (token: string | undefined) => families.get(grantOf(token).id)

  /** Told once of each. */
  function isUncommitted(by: string, { name, mintedAt }: Bearer): boolean {
    const excused = uncommitted.get(name)
    if (!excused || excused.has(processOf(by)) || troubled(mintedAt, TAKEN)) return false
    return uncommitted.delete(name)
  }

  function commit(by: string, before: Stored | null, after: Stored) {
    const isMoved =
      before !== null && JSON.stringify({ ...before, intent: 0 }) !== JSON.stringify({ ...after, intent: 0 })
    const isNewer =
      before === null ||
      after.epoch > before.epoch ||
      (after.epoch === before.epoch && after.version > before.version)
    // A token that the backend will never take is dropped from the version that has it.
    const isDrop = after.token === undefined && !after.isEnded && after.version === before?.version
    if (isMoved && !isNewer && !isDrop)
      report('I3', `${by} commits ${after.epoch}.${after.version} after ${before?.epoch}.${before?.version}`)
    if (after.isEnded && FAILURES.includes(after.reason ?? '') && before?.token && !failed.has(before.token))
      report('I8', `${by} ends a session as ${after.reason}, and ${before.token} has not failed`)
    if (after.intent?.isRejected && !before?.intent?.isRejected && !isOver(after.token ?? ''))
      report('I8', `${by} writes down that ${after.token} was rejected, which it was not`)
    const isNew =
      after.intent && (after.intent.at !== before?.intent?.at || after.intent.owner !== before.intent.owner)
    if (isNew && after.intent.isOpen && after.intent.at > 0) intended.set(by, after.token)
  }

  return {
    on: {
      login: ({ family }) => void families.set(family.id, family),
      delivered({ bearer }) {
        if (bearer && kind !== 'memory') uncommitted.set(bearer.name, new Set())
      },
      closed({ send: { token, result } }) {
        failed.add(token)
        if (result === 'rejected') rejected.add(token)
      },
      committed({ by, before, after }) {
        if (areRecordsSeen) commit(processOf(by), before, after)
        uncommitted.delete(after.bearer ?? '')
        const family = familyOf(after.token) ?? familyOf(before?.token)
        if (family) current.set(family, after)
      },
      sent({ send }) {
        const by = processOf(send.by)
        if (hasIntents && areRecordsSeen && intended.get(by) !== send.token)
          report(
            'I2',
            `${send.by} sends ${send.token}, and ${intended.get(by) ?? 'nothing'} was written down`,
          )
        intended.delete(by)
      },
      returned({ call, bearer }) {
        if (isUncommitted(call.by, bearer))
          report('I4', `${call.by} gets ${bearer.name}, which is not committed`)
      },
      wired({ by, bearer }) {
        if (isUncommitted(by, bearer))
          report('I4', `${by} sends a request with ${bearer.name}, which is not committed`)
      },
      told({ by, notice }) {
        if (notice.type === 'warning' && notice.code === 'persistFailed')
          for (const excused of uncommitted.values()) excused.add(processOf(by))
      },
      moved({ to, reason, user }) {
        if (to !== 'expired' || (reason !== 'refreshRejected' && reason !== 'refreshOutcomeUnknown')) return
        for (const [family, { token }] of current) if (token && family.user === user) givenUp.add(token)
      },
      crashed: ({ by }) => void intended.delete(by),
    },
    atRest() {
      if (!hasIntents || !areRecordsSeen) return
      for (const [family, { isEnded, token, intent }] of current) {
        if (isEnded || token === undefined || grantOf(token).index === family.index) continue
        if (!intent && !troubled(family.startedAt, TAKEN))
          report('I19', `the record holds ${token}, the provider has replaced it, and no line says so`)
      }
    },
    memory: () => [
      ...[...current].map(([{ id }, stored]) => [
        id,
        stored.token,
        stored.isEnded,
        stored.epoch,
        stored.version,
      ]),
      ...[...intended].map((intent) => ['intended', ...intent]),
      ...[...failed].map((token) => ['failed', token, rejected.has(token), givenUp.has(token)]),
      ...[...uncommitted].map(([name, excused]) => ['uncommitted', name, ...excused]),
    ],
  }
}
