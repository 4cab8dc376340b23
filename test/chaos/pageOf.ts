import type { Lane, RunPage, Span, Tone } from '../runs/runPage.ts'
import type { History } from './history.ts'
import type { Report } from './runChaos.ts'

/** So many sessions are shown one by one: those that lived longest. */
const SHOWN = 16
const PARTS = 120

const OF_STORE = /^store/
const OF_WIRE = /^(wire|gateway|provider)/

/** What a run looks like: the faults, the sessions and the refreshes, beside each other in time. */
export function pageOf(
  { history, figures, losses, violations }: Report,
  command: string,
): Omit<RunPage, 'date'> {
  const { startedAt, calls, doings } = history
  const endsAt = Math.max(startedAt + 1, ...calls.map(({ at, tookMs }) => at + tookMs))
  const seconds = Math.ceil((endsAt - startedAt) / 1_000)
  const since = (at: number) => Math.round((at - startedAt) / 10) / 100
  const columns = (instants: readonly number[]) => {
    const counts = Array<number>(PARTS).fill(0)
    for (const at of instants) {
      const part = Math.floor(((at - startedAt) / 1_000 / seconds) * PARTS)
      if (part >= 0 && part < PARTS) counts[part] = (counts[part] ?? 0) + 1
    }
    return counts
  }
  const spansOf = (wanted: (doing: History['doings'][number]) => boolean, tone: Tone): Span[] =>
    doings.filter(wanted).map(({ what, at, until }) => ({
      from: since(at),
      to: Math.min(seconds, since(until)),
      text: `${what}, ${((Math.min(until, endsAt) - at) / 1_000).toFixed(1)} s`,
      tone,
    }))
  const processes = [...new Set(calls.map(({ process }) => process))].toSorted((a, b) => a - b)
  const faults: Lane[] = [
    ...processes.map((i) => ({
      label: `process ${i}: killed, stopped, clock set`,
      spans: spansOf(({ process }) => process === i, 'bad'),
    })),
    {
      label: 'store: killed, cut, slow, failed over',
      spans: spansOf(({ what }) => OF_STORE.test(what), 'bad'),
    },
    {
      label: 'way to the backend: slow, cut, gateways',
      spans: spansOf(({ what }) => OF_WIRE.test(what), 'wait'),
    },
  ]
  const refreshesOf = (...fates: string[]) =>
    columns(history.presentations.filter(({ fate }) => fates.includes(fate)).map(({ at }) => at))
  const answers = (is: (status: number) => boolean) =>
    columns(calls.filter(({ status }) => is(status)).map(({ at }) => at))
  return {
    title: `Chaos: ${seconds} s, ${violations.length === 0 ? 'no rule broken' : `${violations.length} times a rule was broken`}`,
    about:
      'Three processes of a server, a real store, backend and provider, and clients with a session each. A seed decides what goes wrong; a judge who asks no part of the system looks for broken rules.',
    command,
    facts: {
      'rules broken': violations.length,
      'sessions lost without cause': figures['sessions lost without cause'] ?? 0,
      logins: figures.logins ?? 0,
      'sessions lost to a fault': history.losses.length - (figures['sessions lost without cause'] ?? 0),
      'API requests': calls.length,
      'refreshes sent': figures['refreshes sent'] ?? 0,
      'tokens used twice': history.reuseDetections,
      'p99 of an answer, ms': figures['p99 of an answer, ms'] ?? 0,
    },
    sections: [
      {
        title: 'Faults, refreshes and calls',
        about: 'All lanes have the same time. What each fault was is in the table below.',
        figures: [
          {
            kind: 'lanes',
            seconds,
            lanes: [
              ...faults,
              { label: 'refreshes: renewed', columns: refreshesOf('delivered'), tone: 'good' },
              {
                label: 'refreshes: answer lost, refused or unclear',
                columns: refreshesOf('lost', 'refused', 'rejected', 'ambiguous', 'silent'),
                tone: 'bad',
              },
              { label: 'calls served', columns: answers((status) => status === 200), tone: 'good' },
              {
                label: 'calls told to come back',
                columns: answers((status) => status === 503),
                tone: 'wait',
              },
              {
                label: 'calls with another answer or none',
                columns: answers((status) => status !== 200 && status !== 503),
                tone: 'bad',
              },
              { label: 'sessions logged out', columns: columns(history.logouts.map(({ at }) => at)) },
              { label: 'sessions lost', columns: columns(history.losses.map(({ at }) => at)), tone: 'bad' },
            ],
          },
        ],
      },
      {
        title: 'The faults, in their order',
        figures: [
          {
            kind: 'table',
            head: ['at', 'what', 'where', 'for'],
            rows: doings.map(({ what, at, until, process }) => [
              `${since(at).toFixed(1)} s`,
              what,
              process === undefined ? '' : `process ${process}`,
              `${((Math.min(until, endsAt) - at) / 1_000).toFixed(1)} s`,
            ]),
          },
        ],
      },
      {
        title: 'Sessions, one by one',
        about:
          'From the login to the last call, with each refresh that was sent: green was renewed, red was not. Those that were sent most.',
        figures: [{ kind: 'lanes', seconds, lanes: sessionLanes(history, since) }],
      },
      {
        title: 'What was lost, and why',
        figures: [countTable('cause', losses)],
      },
      { title: 'All figures', figures: [countTable('what', figures)] },
    ],
  }
}

function sessionLanes(
  { issues, calls, presentations, losses, logouts }: History,
  since: (at: number) => number,
): Lane[] {
  const sendsOf = Map.groupBy(presentations, ({ session }) => session)
  const callsOf = Map.groupBy(calls, ({ session }) => session)
  const most = [...sendsOf].toSorted((a, b) => b[1].length - a[1].length).slice(0, SHOWN)
  return most.map(([session, sends]) => {
    const lost = losses.find((one) => one.session === session)
    const loggedOut = logouts.find((one) => one.session === session)
    const begun = issues.find((one) => one.session === session)?.at ?? sends[0]?.at ?? 0
    const ended = lost?.at ?? loggedOut?.at ?? callsOf.get(session)?.at(-1)?.at ?? begun
    const fate = lost ? ', lost' : loggedOut ? ', logged out' : ''
    return {
      label: `session ${session}${fate}`,
      spans: [
        { from: since(begun), to: since(ended), text: `session ${session}${fate}`, tone: 'faint' },
        ...sends.map(
          ({ at, doneAt, fate }): Span => ({
            from: since(at),
            to: since(doneAt),
            text: `refresh, ${fate}`,
            tone: fate === 'delivered' ? 'good' : 'bad',
          }),
        ),
      ],
    }
  })
}

const countTable = (head: string, counts: Readonly<Record<string, number>>) =>
  ({ kind: 'table', head: [head, 'how often'], rows: Object.entries(counts) }) as const
