import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fakeClock } from '../fakeClock.ts'
import { startProgress } from './startProgress.ts'
import { startSteps } from './startSteps.ts'

function screen(isTTY: boolean, columns = 80) {
  const written: string[] = []
  return { isTTY, columns, written, write: (text: string) => written.push(text) }
}

/** Without what moves the cursor. */
const shown = (text: string) => text.replaceAll('\x1b[K', '').replaceAll('\r', '')

describe('in a log', () => {
  test('a line comes every 15 s at most, whoever asks for it', () => {
    const [clock, output] = [fakeClock(), screen(false)]
    const progress = startProgress({ unit: 's', total: 60, clock, output })
    for (let second = 1; second <= 60; second++) {
      clock.advance(1_000)
      progress.at(second)
    }
    expect(output.written).toEqual([
      '  14 of 60 s, 0:15 elapsed, about 0:45 left\n',
      '  29 of 60 s, 0:30 elapsed, about 0:30 left\n',
      '  44 of 60 s, 0:45 elapsed, about 0:15 left\n',
      '  59 of 60 s, 1:00 elapsed, about 0:00 left\n',
    ])
    progress.end()
    clock.advance(60_000)
    expect(output.written).toHaveLength(4)
    expect(clock.pending()).toEqual([])
  })

  test('it keeps no process alive', () => {
    const clock = fakeClock()
    startProgress({ unit: 's', total: 60, clock, output: screen(false) })
    expect(clock.pending()).toEqual([{ inMs: 15_000, kind: 'background' }])
  })

  test('nobody guesses before something is done', () => {
    const [clock, output] = [fakeClock(), screen(false)]
    startProgress({ unit: 'goals', total: 3, clock, output })
    clock.advance(15_000)
    expect(output.written).toEqual(['  0 of 3 goals, 0:15 elapsed, time left unknown yet\n'])
  })
})

describe('in a terminal', () => {
  test('one line changes, is no wider than the terminal, and leaves nothing', () => {
    const [clock, output] = [fakeClock(), screen(true, 40)]
    const progress = startProgress({ unit: 'goals', total: 3, clock, output })
    progress.at(1, 'something with a long name')
    clock.advance(1_000)
    progress.end()
    expect(output.written.join('')).not.toContain('\n')
    expect(output.written).toHaveLength(3)
    for (const text of output.written) {
      expect(text.startsWith('\x1b[K')).toBe(true)
      expect(shown(text).length).toBeLessThan(40)
    }
    expect(output.written.at(-1)).toBe('\x1b[K')
  })

  test('hours are told, too', () => {
    const [clock, output] = [fakeClock(), screen(true)]
    const progress = startProgress({ unit: 'worlds', total: 4, clock, output })
    clock.advance(3_600_000)
    progress.at(1, 'the second')
    expect(output.written.at(-1)).toBe(
      '\x1b[K  1 of 4 worlds, 1:00:00 elapsed, about 3:00:00 left: the second\r',
    )
  })
})

describe('steps', () => {
  test('what they took the last time says how long they will take', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'steps-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const clock = fakeClock()
    async function run(pace: number) {
      const output = screen(true)
      const steps = startSteps('run', ['short', 'long'], { unit: 'steps', clock, output, folder })
      await steps.take('short', () => clock.advance(1_000 * pace))
      await steps.take('long', () => {
        clock.advance(10_000 * pace)
        steps.note('long, nearly there')
        clock.advance(20_000 * pace)
      })
      steps.end()
      return output.written.map((text) => shown(text))
    }
    expect(await run(1)).toContain('  0 of 2 steps, 0:00 elapsed, time left unknown yet: short')
    const again = await run(2)
    expect(again).toContain('  0 of 2 steps, 0:00 elapsed, about 0:31 left: short')
    // Twice as slow as the last time.
    expect(again).toContain('  1 of 2 steps, 0:22 elapsed, about 0:40 left: long, nearly there')
  })

  test('a step that fails is told to the caller, and counts', async () => {
    const [clock, output] = [fakeClock(), screen(true)]
    const folder = mkdtempSync(join(tmpdir(), 'steps-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const steps = startSteps('run', ['one'], { unit: 'steps', clock, output, folder })
    await expect(steps.take('one', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(output.written.at(-1)).toContain('1 of 1 steps')
    steps.end()
  })
})
