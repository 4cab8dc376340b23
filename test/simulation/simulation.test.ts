import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { childEnvironment } from '../childEnvironment.ts'
import { seenBy } from '../proof/mistakes/mistakes.ts'
import { readArguments } from './readArguments.ts'
import { runWorld } from './runWorld.ts'
import { createTime } from './time.ts'

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** The command, in a process of its own: a bug is put into the sources as they are loaded. */
const simulate = (...flags: string[]) =>
  new Promise<{ code: number; output: string }>((resolve) => {
    const all = ['--import', file('../sources.ts'), file('main.ts'), ...flags]
    execFile(process.execPath, all, { env: childEnvironment() }, (error, output, complaints) =>
      resolve({ code: error ? 1 : 0, output: output + complaints }),
    )
  })

/** What a printed command shows where no mistake is put in: here the sources are sound. */
async function violationsOf(command: string): Promise<number> {
  const given = readArguments(command.split(' '))
  if (typeof given === 'string' || given.world === undefined) throw new Error(`No world in "${command}".`)
  const { world, only, faults, ...options } = given
  const { counts, violationCount } = await runWorld({
    ...options,
    seed: world,
    onlySessions: only,
    onlyFaults: faults,
  })
  expect(counts.sessionHours).toBeGreaterThan(0)
  return violationCount
}

describe('a simulated world', () => {
  test('is decided by its seed: the same trace to the last byte, and another one for another seed', async () => {
    const of = async (seed: number) => (await runWorld({ seed, hours: 6, sessions: 4 })).hash
    const first = await of(3)
    expect(await of(3)).toBe(first)
    expect(await of(4)).not.toBe(first)
  })

  test('and so is one of a fleet, whatever else the machine has to do', async () => {
    const of = async (seed: number) => (await runWorld({ seed, hours: 6, sessions: 6, isFleet: true })).hash
    const first = await of(3)
    expect(await of(3)).toBe(first)
    expect(await of(4)).not.toBe(first)
  })

  test('a mistake is found, shrunk to the session and the faults that it takes, and replayed by the printed command', async () => {
    const bug = ['--bug', 'clearOnAnyFailure']
    const found = await simulate('--world', '2000000', '--hours', '9', ...bug)
    expect(found.code).toBe(1)
    const [, command = ''] = /npm run simulate -- (.*)/.exec(found.output) ?? []
    expect(command).toMatch(/--only \d+ --faults [\d,]+ --bug clearOnAnyFailure$/)
    const again = await simulate(...command.split(' '))
    expect(again.code).toBe(1)
    expect(again.output).toContain('I14')
    const [, hash] = /SHA-256\)\s+(\w+)/.exec(again.output) ?? []
    expect((await simulate(...command.split(' '))).output).toContain(hash)
    expect(await violationsOf(command.replace(' --bug clearOnAnyFailure', ''))).toBe(0)
  }, 240_000)
})

test.each(seenBy('simulation'))(
  'a mistake is found by its rule in a world that is named, shrunk and replayed: $name',
  async ({ name: bug, seen: { reports: rule, seed, isFleet } }) => {
    const flags = isFleet ? ['--fleet'] : []
    const first = await simulate('--seed', `${seed}`, '--hours', '500', ...flags, '--bug', bug)
    expect(first.code).toBe(1)
    const [, world] = new RegExp(`^${rule} in world (\\d+) at `, 'm').exec(first.output) ?? []
    const [, command = ''] = /npm run simulate -- (.*)/.exec(first.output) ?? []
    expect(command).toContain(`--world ${world} `)
    const again = await simulate(...command.split(' '))
    expect(again.code).toBe(1)
    expect(again.output).toContain(`${rule} in world ${world} at `)
    expect(await violationsOf(command.replace(` --bug ${bug}`, ''))).toBe(0)
  },
  240_000,
)

test('the command of the docs shows what they say', async () => {
  const page = readFileSync(file('../../docs/simulation.md'), 'utf8')
  const [, command = ''] = /^npm run simulate -- (--world .*)$/m.exec(page) ?? []
  const { code, output } = await simulate(...command.split(' '))
  expect(code).toBe(1)
  const [, printed] = /^(I\d+, session \d+: .*)$/m.exec(output) ?? []
  expect(page).toContain(`\n${command ? `npm run simulate -- ${command}` : ''}\n\n${printed}\n`)
})

test('a run of sound code tells how many faults it took, and what of the losses only a fault explains', async () => {
  const { code, output } = await simulate('--seed', '1', '--hours', '1000')
  expect(code).toBe(0)
  const numberOf = (name: string) => Number(new RegExp(`^ *${name} +(\\d+)`, 'm').exec(output)?.[1])
  const table = (title: string) => [
    ...((output.split(`${title}\n`)[1] ?? '').split('\n\n')[0]?.matchAll(/^ {2}(.*?) +(\d+)$/gm) ?? []),
  ]
  const sum = (rows: readonly RegExpExecArray[]) => rows.reduce((all, [, , count]) => all + Number(count), 0)
  expect(numberOf('faults injected')).toBe(sum(table('Faults injected, by kind:')))
  const lost = table('Sessions lost, by cause:')
  expect(numberOf('sessions lost')).toBe(sum(lost))
  expect(numberOf('of these after a fault of process or store')).toBe(
    sum(lost.filter(([, cause]) => cause?.startsWith('its process or store failed'))),
  )
  expect(numberOf('of these by REFRESH_FAILED, as in an outage')).toBe(
    sum(lost.filter(([, cause]) => cause?.startsWith('the backend answered REFRESH_FAILED'))),
  )
}, 240_000)

describe('what would prove nothing is refused', () => {
  test.each([
    ['--seed 1764165600000', '--seed takes 0 to 4294'],
    ['--seed one', '--seed takes'],
    ['--hours 0', '--hours takes'],
    ['--hours Infinity', '--hours takes'],
    ['--sessions 0', '--sessions takes 1 to 10000'],
    ['--sessions 2.5', '--sessions takes'],
    ['--world 4294967296', '--world takes'],
    ['--world 5 --only 99', '--only takes 0 to 19'],
    ['--world 5 --only 3,', '--only takes'],
    ['--world 5 --only none', '--only takes'],
    ['--world 5 --faults x', '--faults takes'],
    ['--only 3', '--only goes with --world'],
    ['--faults 3', '--faults goes with --world'],
    ['--world 5 --seed 2', '--seed does not go with --world'],
    ['--world 5 --million', '--million does not go with --world'],
    ['--hours 5 --million', '--million does not go with --hours'],
    ['--bug buriesNothing', 'buriesNothing is a bug of servers: it goes with --fleet'],
    ['--bug nonsense', 'there is no bug nonsense'],
    ['--nonsense', '--nonsense'],
  ])('%s', (line, complaint) => {
    expect(readArguments(line.split(' '))).toContain(complaint)
  })

  test.each([
    ['a fault that its world does not know', '--world 5 --faults 3,9999', 'World 5 has no fault 9999'],
    ['no time for any session', '--world 5 --only 0 --hours 0.001', 'Nothing was simulated'],
    ['nonsense, with the usage', '--seed one', 'npm run simulate -- --world'],
  ])('%s', async (_, line, complaint) => {
    const { code, output } = await simulate(...line.split(' '))
    expect(code).toBe(1)
    expect(output).toContain(complaint)
  })
})

test('time that stands still, since something new is due at the same instant each time, is found', async () => {
  const time = createTime()
  const again = (): void => void time.at(time.now(), again)
  time.at(5, again)
  expect(await time.pass(10)).toBe(false)
  expect(time.now()).toBe(5)
})

test('what is thrown when something is due is told, and time goes on', async () => {
  const time = createTime()
  const told: unknown[] = []
  time.at(5, () => {
    throw new Error('one')
  })
  time.at(6, () => Promise.reject(new Error('two')))
  expect(await time.pass(10, (error) => told.push(error))).toBe(true)
  expect(told.map(String)).toEqual(['Error: one', 'Error: two'])
})
