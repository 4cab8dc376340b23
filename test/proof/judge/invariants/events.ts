import { EDGES } from '../edges.ts'
import type { Bench, Monitor } from '../judge.ts'

interface Told {
  readonly refreshed: Set<string>
  readonly expired: Set<number>
  readonly loggedOut: Set<number>
  /** It was woken from a record that does not say that it has expired, and nobody is about to write so. */
  isWoken: boolean
}

/** What a session tells on its way; the rest is told once. */
const ON_ITS_WAY = ['nearingExpiry', 'refreshDeferred']

/** I17: only edges of the table, and no chart that failed. I18: what is told is told once, and nothing of what is over. */
export function discipline({ report }: Bench): Monitor {
  const sessions = new Map<string, Told>()
  function toldBy(by: string): Told {
    const told = sessions.get(by) ?? {
      refreshed: new Set(),
      expired: new Set(),
      loggedOut: new Set(),
      isWoken: false,
    }
    sessions.set(by, told)
    return told
  }

  return {
    on: {
      moved({ by, from, to }) {
        if (!EDGES.has(`${from} ${to}`)) report('I17', `${by} went from ${from} to ${to}`)
      },
      woke({ by, isEnding }) {
        const told = toldBy(by)
        told.isWoken = told.expired.size > 0 && !isEnding
      },
      failed: ({ by }) => report('I17', `the chart of ${by} failed`),
      told({ by, notice: { type, epoch, version } }) {
        const told = toldBy(by)
        if (!['refreshed', 'expired', 'loggedOut', ...ON_ITS_WAY].includes(type)) return
        if (told.loggedOut.has(epoch) && epoch > 0)
          report('I18', `${by} tells ${type} of epoch ${epoch} after its logout`)
        const isAnew = told.isWoken && ON_ITS_WAY.includes(type)
        if (told.expired.has(epoch) && type !== 'loggedOut' && !isAnew) {
          // Once, to a version that came late or from a peer.
          if (type !== 'refreshed') report('I18', `${by} tells ${type} of epoch ${epoch} after its expiry`)
          told.expired.delete(epoch)
          told.isWoken = false
        }
        if (type === 'refreshed') {
          if (told.refreshed.has(`${epoch}.${version}`))
            report('I18', `${by} tells ${epoch}.${version} twice`)
          told.refreshed.add(`${epoch}.${version}`)
        }
        if (type === 'expired') told.expired.add(epoch)
        if (type === 'loggedOut' && epoch > 0) told.loggedOut.add(epoch)
      },
      troubled({ what }) {
        // A store that fell back gives the same number to another renewal.
        if (what === 'failover' || what === 'emptied')
          for (const { refreshed } of sessions.values()) refreshed.clear()
      },
      crashed({ by }) {
        for (const name of sessions.keys())
          if (name === by || name.startsWith(`${by}.`)) sessions.delete(name)
      },
    },
    memory: () =>
      [...sessions].map(([by, { refreshed, expired, loggedOut, isWoken }]) => [
        by,
        [...refreshed].sort(),
        [...expired],
        [...loggedOut],
        isWoken,
      ]),
  }
}
