import { createHash } from 'node:crypto'
import type { Time } from './time.ts'

/** How many lines of each seat are kept for whoever wants to know how it came to this. */
const KEPT = 150
const CHUNK = 16_384

export interface Line {
  readonly at: number
  readonly text: string
}

/** What happened, seat by seat: all of it in one hash, the last of it in words. */
export function createTrace(time: Time, onLine?: (seat: number, line: Line) => void) {
  const hash = createHash('sha256')
  const kept = new Map<number, Line[]>()
  let chunk = ''
  let lines = 0
  return {
    /** `seat` -1: it concerns everybody. */
    note(seat: number, text: string): void {
      const line = { at: time.now(), text }
      lines += 1
      chunk += `${line.at} ${seat} ${text}\n`
      if (chunk.length > CHUNK) {
        hash.update(chunk)
        chunk = ''
      }
      const own = kept.get(seat)
      if (!own) kept.set(seat, [line])
      else if (own.push(line) > 2 * KEPT) own.splice(0, KEPT)
      onLine?.(seat, line)
    },
    /** The last lines of a seat, and what concerned everybody meanwhile. */
    of(seat: number): Line[] {
      const own = (kept.get(seat) ?? []).slice(-KEPT)
      const from = own[0]?.at ?? 0
      const all = seat === -1 ? [] : (kept.get(-1) ?? []).filter(({ at }) => at >= from)
      return [...own, ...all].sort((a, b) => a.at - b.at)
    },
    lines: () => lines,
    digest(): string {
      hash.update(chunk)
      return hash.digest('hex')
    },
  }
}

export type Trace = ReturnType<typeof createTrace>

/** `12:03:04.567`, with as many hours as there are. */
export function clockText(at: number): string {
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0')
  const ms = String(Math.floor(at % 1_000)).padStart(3, '0')
  return `${two(at / 3_600_000)}:${two((at / 60_000) % 60)}:${two((at / 1_000) % 60)}.${ms}`
}
