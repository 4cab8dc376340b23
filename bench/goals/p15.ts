import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Report } from '../lib/report.ts'
import { spreadOf } from '../lib/spread.ts'

const SESSIONS = 50_000
const ALLOWED = 100
const SECONDS = 120

interface Herd {
  readonly sends: number
  readonly served: number
  readonly notices: number
  readonly most: number
  readonly blockedMs: number
  readonly restBytes: number
  readonly peakBytes: number
}

/** P15: what a herd of sessions costs the server, and the backend behind it. */
export async function p15(): Promise<Report> {
  const script = new URL('../lib/herd.ts', import.meta.url).pathname
  const options = { sessions: SESSIONS, allowed: ALLOWED, seconds: SECONDS }
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script, ...flags])
  const { sends, served, most, blockedMs, restBytes, peakBytes, notices }: Herd = JSON.parse(stdout)
  const who = 'xstate-session, memory store'
  const row = (what: string, value: number, unit: Report['rows'][number]['unit'], goal?: number) => ({
    what,
    who,
    spread: spreadOf([value]),
    unit,
    ...(goal !== undefined && { goal }),
  })
  return {
    id: 'P15',
    title: `${SESSIONS} sessions due within a minute, ${ALLOWED} refreshes/s allowed, ${SECONDS} s`,
    rows: [
      row('sends a success', sends / Math.max(served, 1), 'times', 1.1),
      row('refreshes', served, 'count'),
      row('sends in the busiest second', most, 'count'),
      row('longest block of the event loop', blockedMs * 1_000, 'micros', 250_000),
      row('memory at its peak', peakBytes, 'bytes', 1.2e9),
      row('memory before', restBytes, 'bytes'),
      row('notices told', notices, 'count'),
    ],
    faults: served > 0 ? [] : ['nobody was served'],
  }
}
