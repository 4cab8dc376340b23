import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { runWorld } from './runWorld.ts'
import { measureScale } from './scale.ts'
import { createTime } from './time.ts'

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** The command, in a process of its own: a bug is put into the sources as they are loaded. */
const simulate = (...flags: string[]) =>
  new Promise<{ code: number; output: string }>((resolve) => {
    const all = ['--import', file('../sources.ts'), file('main.ts'), ...flags]
    execFile(process.execPath, all, (error, output) => resolve({ code: error ? 1 : 0, output }))
  })

describe('a simulated world', () => {
  test('is decided by its seed: the same trace to the last byte, and another one for another seed', async () => {
    const of = async (seed: number) => (await runWorld({ seed, hours: 6, sessions: 4 })).hash
    const first = await of(3)
    expect(await of(3)).toBe(first)
    expect(await of(4)).not.toBe(first)
  })

  test('a mistake is found, shrunk to the session and the faults that it takes, and replayed by the printed command', async () => {
    const bug = ['--bug', 'clearOnAnyFailure']
    const found = await simulate('--world', '1000001', '--hours', '8', ...bug)
    expect(found.code).toBe(1)
    const [, command = ''] = /npm run simulate -- (.*)/.exec(found.output) ?? []
    expect(command).toMatch(/--only \d+ --faults [\d,]+ --bug clearOnAnyFailure$/)
    const again = await simulate(...command.split(' '))
    expect(again.code).toBe(1)
    expect(again.output).toContain('I14')
    const [, hash] = /SHA-256\)\s+(\w+)/.exec(again.output) ?? []
    expect((await simulate(...command.split(' '))).output).toContain(hash)
    const sound = command.replace(' --bug clearOnAnyFailure', '').split(' ')
    expect((await simulate(...sound)).code).toBe(0)
  }, 240_000)
})

test.each([
  ['forgetsIntents', '3000001', '19', 'I1'],
  ['buriesNothing', '3000001', '11', 'I6'],
])('a mistake of a fleet is found, too: %s', async (bug, world, seat, invariant) => {
  const flags = ['--fleet', '--world', world, '--only', seat, '--hours', '2']
  expect((await simulate(...flags)).code).toBe(0)
  const { code, output } = await simulate(...flags, '--bug', bug)
  expect(code).toBe(1)
  expect(output).toContain(`${invariant} in world ${world}`)
})

test('time that stands still, since something new is due at the same instant each time, is found', async () => {
  const time = createTime()
  const again = (): void => void time.at(time.now(), again)
  time.at(5, again)
  expect(await time.pass(10)).toBe(false)
  expect(time.now()).toBe(5)
})

test('T15 jitter spreads the refreshes of sessions that logged in together', () => {
  const peakOf = (isJittered: boolean) => measureScale(20_000, 900_000, 1_000, 2, isJittered, 1)
  expect(peakOf(false).peak).toBe(20_000)
  const { peak, mean } = peakOf(true)
  expect(peak / mean).toBeLessThan(8)
})
