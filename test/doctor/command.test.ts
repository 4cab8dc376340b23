import { expect, test, vi } from 'vitest'
import { doctor } from '../../src/cli/doctor.ts'

/** The exit code of the command, and what it has written. */
async function run(...args: string[]) {
  const lines: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(line))
  const code = await doctor.run(args).finally(() => log.mockRestore())
  return { code, text: lines.join('\n') }
}

test('the doctor writes a line for each finding, and 1 is its exit code where something is wrong', async () => {
  expect(await run('http://127.0.0.1:1')).toEqual({
    code: 1,
    text: expect.stringMatching(/^wrong {4}address {10}http:\/\/127\.0\.0\.1:1 does not answer: /),
  })
})

test('and JSON where that is asked for', async () => {
  const { code, text } = await run('http://127.0.0.1:1', '--json')
  expect([code, JSON.parse(text)]).toEqual([
    1,
    [{ check: 'address', state: 'wrong', message: expect.stringContaining('nothing listens there') }],
  ])
})

test.each([[[]], [['a', 'b']], [['--unknown', 'a']]])('%j is refused', async (args) => {
  await expect(run(...args)).rejects.toThrow(/usage|Unknown option/)
})
