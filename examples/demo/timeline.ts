import { styleText } from 'node:util'
import type { SessionState, SessionStateName } from 'xstate-session'

type Style = Parameters<typeof styleText>[0]

/** Colours, on a terminal that wants them. */
export const paint = (style: Style, text: string): string =>
  styleText(style, text, { stream: process.stdout })

export interface Row {
  readonly who: string
  readonly facts: SessionState
  readonly cause: string
  /** Calls that were answered with 200, so far. */
  readonly served: number
  /** Requests that reached the backend, refreshes included, so far. */
  readonly requests: number
  /** Refreshes that reached the backend, so far. */
  readonly refreshes: number
}

export interface Timeline {
  scene(title: string, sentence: string): void
  row(row: Row): void
  /** Something that was done to the backend. */
  note(text: string): void
  line(text?: string): void
}

const stateStyles: Record<SessionStateName, Style> = {
  loggedOut: 'gray',
  active: 'green',
  nearingExpiry: 'yellow',
  refreshing: 'cyan',
  retrying: 'magenta',
  expired: 'red',
}

const widths = { time: 6, who: 11, state: 13, cause: 34, served: 6, requests: 8 } as const

/** Prints the life of the sessions, one line for every step; 99 columns wide. */
export function createTimeline(write: (line: string) => void, now: () => number = Date.now): Timeline {
  const start = now()
  const time = (): string => `${((now() - start) / 1000).toFixed(1)}s`.padStart(widths.time)
  const header = columns(
    'time',
    'session',
    'state',
    'why',
    'served',
    'requests',
    'version',
    'ends in',
    (text) => text,
  )

  return {
    scene(title, sentence) {
      write('')
      write(paint('bold', title))
      for (const text of wrap(sentence, 98)) write(text)
      write(paint('dim', header))
    },
    row({ who, facts, cause, served, requests, refreshes }) {
      const left =
        facts.expiresAt === undefined ? '-' : `${Math.max(0, (facts.expiresAt - now()) / 1000).toFixed(1)}s`
      write(
        columns(
          time(),
          who,
          facts.state,
          cause,
          `${served}`,
          `${requests} (${refreshes})`,
          `v${facts.version}`,
          left,
          (text) => paint(stateStyles[facts.state], text),
        ),
      )
    },
    note: (text) => write(paint('dim', `${time()} ${'backend'.padEnd(widths.who)} ${text}`)),
    line: (text = '') => write(text),
  }
}

function columns(
  time: string,
  who: string,
  state: string,
  cause: string,
  served: string,
  requests: string,
  version: string,
  left: string,
  paintState: (text: string) => string,
): string {
  const start = `${time.padStart(widths.time)} ${who.padEnd(widths.who)} ${paintState(state.padEnd(widths.state))}`
  const end = `${served.padStart(widths.served)} ${requests.padStart(widths.requests)} ${version.padStart(7)} ${left.padStart(7)}`
  return `${start} ${cause.padEnd(widths.cause)} ${end}`
}

/** Breaks a sentence between words. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
