import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const script = new URL('../../.ci/built.ts', import.meta.url).pathname

/** A package whose build writes what is expected of it, and says a lot. */
function folder(build: string) {
  const root = mkdtempSync(join(tmpdir(), 'built-'))
  for (const name of ['src', 'machines', 'dist']) mkdirSync(join(root, name))
  const write = (name: string, text: string, seconds: number) => {
    writeFileSync(join(root, name), text)
    utimesSync(join(root, name), seconds, seconds)
  }
  write('package.json', JSON.stringify({ scripts: { build } }), 1_000)
  write('src/x.ts', '', 1_000)
  return {
    write,
    built: (seconds: number) => {
      for (const name of ['dist/index.js', 'dist/index.d.ts', 'dist/cli.js']) write(name, '', seconds)
    },
    run() {
      const { status, stdout, stderr } = spawnSync(process.execPath, [script, root], { encoding: 'utf8' })
      return { status, stdout, stderr }
    },
  }
}

test('P16: a build that is there is used, without a word', () => {
  const { built, run } = folder('echo a lot && exit 1')
  built(2_000)
  expect(run()).toEqual({ status: 0, stdout: '', stderr: '' })
})

test.each(['a source that changed', 'no build at all'])('P16: %s is built, in one line', (why) => {
  const { built, write, run } = folder('echo a lot')
  if (why === 'a source that changed') {
    built(2_000)
    write('src/x.ts', '', 3_000)
  }
  const { status, stdout } = run()
  expect([status, stdout.trim().split('\n').length]).toEqual([0, 1])
  expect(stdout).not.toContain('a lot')
})

test('P16: a build that fails says why, and nothing is started', () => {
  const { run } = folder('echo what went wrong && exit 1')
  const { status, stderr } = run()
  expect([status, stderr]).toEqual([1, expect.stringContaining('what went wrong')])
})
