import { statSync } from 'node:fs'
import type { Clock } from '../base/clock.ts'
import { Misconfigured } from '../base/errors.ts'

/** Reads check no more often than this. */
const LOOK_MS = 1_000

/**
 * Notices that the file of an open database was deleted or replaced. Everything that is written afterwards would be
 * lost with the process. `file`: `null` if there is none.
 */
export function sqliteFileWatch(file: string | null, clock: Clock) {
  const known = new Map<string, string>()
  let lookedAt = Number.NEGATIVE_INFINITY
  let lost: Error | undefined

  function look() {
    if (lost) throw lost
    if (file === null) return
    lookedAt = clock.monotonic()
    for (const suffix of ['', '-wal']) {
      const found = statSync(`${file}${suffix}`, { throwIfNoEntry: false })
      const mark = found && `${found.dev} ${found.ino}`
      const before = known.get(suffix)
      if (before === undefined && mark) known.set(suffix, mark)
      else if (before !== mark) {
        lost = new Misconfigured(
          `sqliteServerStore: ${file}${suffix} was deleted or replaced while it was open. Its sessions are lost: restart this process; all users must log in again.`,
        )
        throw lost
      }
    }
  }
  look()

  return {
    look,
    /** The same, at most once in that time. */
    glance() {
      if (lost || clock.monotonic() - lookedAt >= LOOK_MS) look()
    },
  }
}
