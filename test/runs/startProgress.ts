import { type Clock, systemClock } from '../../src/base/clock.ts'

/** The line of a long run: how far it is, and how long it will take. */
export interface Progress {
  /** So many are done. `doing`: what goes on now. */
  at(done: number, doing?: string): void
  /** Takes the line away, so that something else can be printed. It comes back by itself. */
  hide(): void
  end(): void
}

export interface ProgressOptions {
  /** What is counted: `goals`, `s`. */
  readonly unit: string
  readonly total: number
  /** What each of them is expected to take; milliseconds. @default all take the same */
  readonly expectedMs?: readonly number[] | undefined
  readonly clock?: Clock
  /** Where the line goes. @default standard error; a CI is no terminal */
  readonly output?: Output
}

interface Output {
  readonly isTTY: boolean
  /** Of a terminal. */
  readonly columns?: number
  write(text: string): unknown
}

/** A terminal has one line that changes; a log gets a new one. */
const TERMINAL_MS = 1_000
const LOG_MS = 15_000
const COLUMNS = 80
const CLEAR = '\x1b[K'

const standardError: Output = {
  get isTTY() {
    return Boolean(process.stderr.isTTY) && !process.env.CI
  },
  get columns() {
    return process.stderr.columns
  },
  write: (text) => process.stderr.write(text),
}

/** Shows how far a run is: in a terminal on one line that changes, elsewhere on a line every 15 s at most. */
export function startProgress(options: ProgressOptions): Progress {
  const { unit, total, expectedMs, clock = systemClock, output = standardError } = options
  const everyMs = output.isTTY ? TERMINAL_MS : LOG_MS
  const startedAt = clock.monotonic()
  let done = 0
  let doing: string | undefined
  let doneAt = startedAt
  let shownAt = startedAt
  let disarm = () => {}

  const sum = (from: number, to: number) =>
    expectedMs ? expectedMs.slice(from, to).reduce((all, ms) => all + ms, 0) : to - from

  /** As fast as until now. Unknown as long as nothing says how fast that is. */
  function leftMs(now: number): number | undefined {
    const past = sum(0, done)
    if (past <= 0 && !expectedMs) return undefined
    const pace = past > 0 ? (doneAt - startedAt) / past : 1
    const next = Math.min(total, done + 1)
    const current = Math.max(0, sum(done, next) * pace - (now - doneAt))
    // What is measured evenly goes on between two looks.
    return expectedMs
      ? current + sum(next, total) * pace
      : Math.max(0, (total - done) * pace - (now - doneAt))
  }

  function draw(): void {
    const now = clock.monotonic()
    const left = leftMs(now)
    const line = [
      `  ${Math.round(done)} of ${total} ${unit}`,
      `${timeText(now - startedAt)} elapsed`,
      left === undefined ? 'time left unknown yet' : `about ${timeText(left)} left`,
    ].join(', ')
    const whole = doing === undefined ? line : `${line}: ${doing}`
    shownAt = now
    // The cursor stays at the left, so whoever prints without asking prints over it.
    output.write(output.isTTY ? `${CLEAR}${whole.slice(0, (output.columns || COLUMNS) - 1)}\r` : `${whole}\n`)
  }

  function tick(): void {
    disarm = clock.setTimer(tick, everyMs, 'background')
    if (clock.monotonic() - shownAt >= everyMs) draw()
  }

  tick()
  return {
    at(nowDone, nowDoing) {
      if (nowDone !== done) doneAt = clock.monotonic()
      done = nowDone
      doing = nowDoing ?? doing
      if (output.isTTY || clock.monotonic() - shownAt >= everyMs) draw()
    },
    hide() {
      if (output.isTTY) output.write(CLEAR)
    },
    end() {
      disarm()
      if (output.isTTY) output.write(CLEAR)
    },
  }
}

function timeText(ms: number): string {
  const seconds = Math.round(ms / 1_000)
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60]
  const two = (count: number) => String(count).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}
