import type { RunPage } from '../../test/runs/runPage.ts'

/** What one part of a soak has brought. */
export interface SoakPart {
  readonly calls: number
  readonly refreshes: number
  /** Resident, at its end; MB. */
  readonly memory: number
}

export interface Soaked {
  readonly parts: readonly SoakPart[]
  readonly partSeconds: number
  readonly sessions: number
  readonly loginsASecond: number
  readonly calls: number
  readonly served: number
  /** How often a call had another status than 200. */
  readonly failures: ReadonlyMap<number, number>
  readonly lost: number
  readonly twice: number
}

/** The page of a soak: what it did, and what it took, over its time. */
export function soakPage(soaked: Soaked, command: string): Omit<RunPage, 'date'> {
  const { parts, partSeconds, sessions, loginsASecond, calls, served, failures, lost, twice } = soaked
  const seconds = parts.length * partSeconds
  const perSecond = (count: number) => Math.round(count / partSeconds)
  const perMinute = (count: number) => Math.round((count * 60) / partSeconds)
  const minutes = Math.max(1, Math.round(60 / partSeconds))
  const rows = Array.from({ length: Math.ceil(parts.length / minutes) }, (_, minute) => {
    const those = parts.slice(minute * minutes, (minute + 1) * minutes)
    const tookMs = those.length * partSeconds
    const sum = (of: (part: SoakPart) => number) => those.reduce((all, part) => all + of(part), 0)
    return [
      Math.round((minute * minutes * partSeconds) / 60) + 1,
      Math.round(sum((part) => part.calls) / tookMs),
      Math.round((sum((part) => part.refreshes) * 60) / tookMs),
      Math.round(those.at(-1)?.memory ?? 0),
    ]
  })
  return {
    title: 'Soak',
    about: `As many calls as two cores sustain, by ${sessions} sessions whose bearers live for a minute and whose refresh tokens rotate. Memory is that of the server's process.`,
    command,
    facts: {
      'sessions lost': lost,
      'tokens sent twice': twice,
      'calls served': `${served} of ${calls}`,
      'calls a second': Math.round(calls / seconds),
      refreshes: parts.reduce((all, part) => all + part.refreshes, 0),
      'logins a second, one after the other': loginsASecond,
    },
    sections: [
      {
        title: 'Over its time',
        figures: [
          {
            kind: 'lanes',
            seconds,
            lanes: [
              { label: 'calls a second', columns: parts.map((part) => perSecond(part.calls)), tone: 'ours' },
              {
                label: 'refreshes a minute',
                columns: parts.map((part) => perMinute(part.refreshes)),
                tone: 'good',
              },
              { label: 'memory, MB', columns: parts.map((part) => Math.round(part.memory)), tone: 'plain' },
            ],
          },
        ],
      },
      {
        title: 'Minute by minute',
        figures: [
          {
            kind: 'table',
            head: ['minute', 'calls a second', 'refreshes a minute', 'memory, MB'],
            rows,
          },
          ...(failures.size > 0
            ? [
                {
                  kind: 'table' as const,
                  head: ['status of a call', 'how often'],
                  rows: [...failures].map(([status, count]) => [status, count]),
                },
              ]
            : []),
        ],
      },
    ],
  }
}
