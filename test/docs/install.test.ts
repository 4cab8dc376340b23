import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** What the guide says that a subpath needs besides `xstate`. */
const rows = Array.from(
  read('docs/guide.md').matchAll(/^\| (`\/[^|]+) \|[^|]*\| `([^`]+)` \|$/gm),
  ([, names = '', install = '']) =>
    Array.from(names.matchAll(/`\/([^`]+)`/g), ([, name = '']) => [name, install] as const),
)
const needed = new Map(rows.flat())

test.each(readdirSync(new URL('../../src/exports', import.meta.url)))(
  'the page of src/exports/%s begins with what to install, as the guide says it',
  (file) => {
    const [head = ''] = read(`src/exports/${file}`).split('@module')
    const [, line = ''] = /^ \* Install: `(.*)`$/m.exec(head) ?? []
    expect(line).toMatch(/^npm install xstate-session xstate\b/)
    const more = needed.get(file.replace(/\.ts$/, ''))
    const isDev = more?.includes('--save-dev')
    if (more) expect(line).toContain(isDev ? more : more.replace('npm install ', ''))
  },
)

test('the guide names what subpaths need', () => expect(needed.size).toBeGreaterThan(8))

test('the first screen of README says for whom it is, and which of four ways is yours', () => {
  const screen = read('README.md').split('\n').slice(0, 40).join('\n')
  expect(screen).toContain('is for people who build admin panels')
  const ways = Array.from(screen.matchAll(/\[way (\d)\]\(#([^)]+)\)/g), ([, way = '', anchor = '']) => [
    way,
    anchor,
  ])
  expect(ways.map(([way]) => way)).toEqual(['1', '2', '3', '4'])
})

test('each way of README is a few lines of code, besides what it imports', () => {
  const ways = read('README.md')
    .split(/^### (?=\d)/m)
    .slice(1, 5)
  const lines = ways.map((way) => {
    const [, code = ''] = /^```ts\n(.*?)^```/ms.exec(way) ?? []
    return code.split('\n').filter((line) => line && !line.startsWith('import ')).length
  })
  expect(lines).toEqual([5, 7, 5, 7])
})
