import type { Bench, Monitor } from '../judge.ts'

/** The edges of the published table. */
const EDGES = new Set([
  ...['loggedOut', 'active', 'nearingExpiry', 'refreshing', 'retrying', 'expired'].flatMap((from) => [
    `${from} active`,
    `${from} loggedOut`,
    ...(from === 'loggedOut' ? [] : [`${from} expired`]),
  ]),
  'active nearingExpiry',
  'active refreshing',
  'nearingExpiry refreshing',
  'refreshing nearingExpiry',
  'refreshing retrying',
  'retrying refreshing',
])

interface Told {
  readonly refreshed: Set<string>
  readonly expired: Set<number>
  readonly loggedOut: Set<number>
}

/** I17: only edges of the table, and no chart that failed. I18: what is told is told once, and nothing of what is over. */
export function discipline({ report }: Bench): Monitor {
  const sessions = new Map<string, Told>()

  return {
    on: {
      moved({ by, from, to }) {
        if (!EDGES.has(`${from} ${to}`)) report('I17', `${by} went from ${from} to ${to}`)
      },
      failed: ({ by }) => report('I17', `the chart of ${by} failed`),
      told({ by, notice: { type, epoch, version } }) {
        const told = sessions.get(by) ?? {
          refreshed: new Set(),
          expired: new Set(),
          loggedOut: new Set(),
        }
        sessions.set(by, told)
        const isOfSession = [
          'refreshed',
          'expired',
          'loggedOut',
          'nearingExpiry',
          'refreshDeferred',
        ].includes(type)
        if (!isOfSession) return
        if (told.loggedOut.has(epoch) && epoch > 0)
          report('I18', `${by} tells ${type} of epoch ${epoch} after its logout`)
        if (told.expired.has(epoch) && type !== 'loggedOut') {
          // Once, to a version that came late or from a peer.
          if (type !== 'refreshed') report('I18', `${by} tells ${type} of epoch ${epoch} after its expiry`)
          told.expired.delete(epoch)
        }
        if (type === 'refreshed') {
          if (told.refreshed.has(`${epoch}.${version}`))
            report('I18', `${by} tells ${epoch}.${version} twice`)
          told.refreshed.add(`${epoch}.${version}`)
        }
        if (type === 'expired') told.expired.add(epoch)
        if (type === 'loggedOut' && epoch > 0) told.loggedOut.add(epoch)
      },
      crashed({ by }) {
        for (const name of sessions.keys())
          if (name === by || name.startsWith(`${by}.`)) sessions.delete(name)
      },
    },
    memory: () =>
      [...sessions].map(([by, { refreshed, expired, loggedOut }]) => [
        by,
        [...refreshed].sort(),
        [...expired],
        [...loggedOut],
      ]),
  }
}
