import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import {
  ATTEMPT_TIMEOUT_MS,
  IDLE_AFTER_MS,
  LEAD_TIME_MS,
  MAX_LIFETIME_MS,
  PATIENCE_MS,
  REPLAY_WINDOW_MS,
} from '../../src/base/durations.ts'

const folder = fileURLToPath(new URL('../../src/', import.meta.url))
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file))
  .map((file) => ({ file, text: readFileSync(folder + file, 'utf8') }))

/** Options of the same name that mean something else: an attempt and a margin, and the patience of a driver. */
const others = ['redis/coordinatorOptions.ts attemptTimeoutMs', 'testing/driverOfSession.ts patienceMs']

const asNumber = (text: string | undefined) => Number(text?.replaceAll('_', ''))

test.each(
  Object.entries({
    leadTimeMs: LEAD_TIME_MS,
    patienceMs: PATIENCE_MS,
    attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
    maxLifetimeMs: MAX_LIFETIME_MS,
    replayWindowMs: REPLAY_WINDOW_MS,
    idleAfterMs: IDLE_AFTER_MS,
  }),
)('the default of %s stands in one place, and its docstrings say the same', (name, ms) => {
  const told: [string, number][] = []
  for (const { file, text } of files) {
    for (const [, number] of text.matchAll(new RegExp(`\\b${name}\\s*[:=]\\s*([\\d_]+)`, 'g')))
      expect(asNumber(number), `${file} repeats the default; take it from base/durations.ts`).not.toBe(ms)
    const docs = new RegExp(`@default ([\\d_]+)[^@/]*\\*/\\s*readonly ${name}\\?: number`, 'g')
    if (!others.includes(`${file} ${name}`))
      for (const [, number] of text.matchAll(docs)) told.push([file, asNumber(number)])
  }
  expect(told).toEqual(told.map(([file]) => [file, ms]))
  expect(told).not.toEqual([])
})
