import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { childEnvironment } from '../childEnvironment.ts'
import { seenBy } from '../proof/mistakes/mistakes.ts'
import { corners, scenarios } from './scenarios.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

function check(...args: string[]) {
  const { status, stdout } = spawnSync(
    process.execPath,
    ['--import', './test/sources.ts', 'test/checker/main.ts', ...args],
    { cwd: root, encoding: 'utf8', env: childEnvironment() },
  )
  return { status, stdout }
}

describe('the model checker', { timeout: 240_000 }, () => {
  /** To each mistake the shortest way, as it was found. */
  const ways: string[][] = []

  test('finds nothing in the sources as they are, and says how far it looked', () => {
    const { status, stdout } = check('--depth', '2')
    expect(stdout).toMatch(/depth 2: \d+ states, \d+ transitions, \d+ merged \([1-9]\d* audited\)/)
    expect(stdout).toMatch(
      /\n\d\d scenarios, \d{3} states, \d{3,4} transitions, (\d+) merged \(\1 audited\), 0 violations, 0 merged wrongly\n/,
    )
    expect(status).toBe(0)
  })

  test.each(seenBy('checker'))(
    'finds a seeded mistake, and the shortest way to it: $name',
    ({ name, seen }) => {
      // As deep as the scenario is explored without it.
      const { status, stdout } = check('--bug', name)
      expect(status).toBe(1)
      const [, kind, way = ''] = /^ {2}([IU]\d+): .*\n.*--way ([\d.]+)$/m.exec(stdout) ?? []
      expect(seen.reports).toContain(kind)
      ways.push(['--scenario', seen.scenario, '--way', way])
    },
  )

  test('the same ways show nothing where the mistakes are not', () => {
    const { status, stdout } = check(...ways.flat())
    expect(status).toBe(0)
    expect(stdout.match(/^[\w-]+, [\d.]+:$/gm)).toHaveLength(ways.length)
    expect(stdout).not.toContain('!!')
  })

  test.each(seenBy('checker'))('$name has a scenario', ({ seen }) => {
    expect([...scenarios, ...corners].map(({ name }) => name)).toContain(seen.scenario)
  })

  test('refuses what it does not know', () => {
    expect(check('--bug', 'none').status).toBe(2)
  })
})
