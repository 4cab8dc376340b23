import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { sessionMachine } from 'xstate-session/machine'
import { checkLinks } from '../../docs/site/checkLinks.ts'
import { commentsOf, type Reference, readReference } from '../../docs/site/readReference.ts'
import { reasonsOf } from '../../docs/site/reasonsOf.ts'
import { statePage } from '../../docs/site/statePage.ts'
import { drawState } from '../../docs/site/statePictures.ts'
import { testTitles } from '../../docs/site/testTitles.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

let reference: Reference
beforeAll(async () => {
  reference = await readReference()
}, 120_000)

test('a link to a page, a heading or a file that is not there is noticed, and a good one is not', () => {
  const pages = new Map([
    [
      'index.html',
      '<a href="/guide.html#here">good</a><a href="#top">good</a><h1 id="top"></h1><img src="/x.svg">',
    ],
    ['guide.html', '<h2 id="here"></h2><a href="https://example.com/a">good</a><a href="/#top">good</a>'],
    ['deep/bad.html', '<a href="../gone.html"></a><a href="../guide.html#gone"></a><a href="#gone"></a>'],
    ['worse.html', '<a href="http://example.com"></a><a href="https://"></a><img src="gone.png">'],
  ])
  expect(checkLinks(pages, new Set(['x.svg']))).toEqual([
    'deep/bad.html: ../gone.html leads nowhere',
    'deep/bad.html: ../guide.html#gone has no such heading',
    'deep/bad.html: #gone has no such heading',
    'worse.html: http://example.com is no address',
    'worse.html: https:// is no address',
    'worse.html: gone.png leads nowhere',
  ])
})

test('the reference has every name of every subpath, and says something about each', async () => {
  const { modules, problems } = reference
  expect(problems).toEqual([])
  const { exports } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { exports: object }
  expect(modules.map(({ specifier }) => specifier.replace('xstate-session', '.')).sort()).toEqual(
    Object.keys(exports)
      .filter((subpath) => subpath !== './package.json')
      .sort(),
  )
  const core = modules.find(({ specifier }) => specifier === 'xstate-session')
  expect(Object.keys(await import('xstate-session')).filter((name) => !core?.names.includes(name))).toEqual(
    [],
  )
  const options = core?.entries.find(({ name }) => name === 'SessionOptions')
  const lead = options?.children?.find(({ name }) => name === 'leadTimeMs')
  const [comment] = lead ? commentsOf(lead) : []
  expect(comment?.summary.map(({ text }) => text).join('')).toContain('milliseconds')
  expect(comment?.getTag('@default')?.content[0]?.text).toContain('30_000')
})

test.each(Object.keys(sessionMachine.config.states ?? {}))(
  'the page of %s tells every event, and its picture what leads in and out',
  (key) => {
    const markdown = statePage(key, reasonsOf(reference))
    const events = new Set(Object.values(sessionMachine.root.states).flatMap(({ ownEvents }) => ownEvents))
    expect(events.size).toBeGreaterThan(8)
    for (const event of events) expect(markdown).toContain(`\`${event}\``)
    for (const drawing of drawState(key).inPage) {
      expect(drawing).toContain(`class="node ${key} lit"`)
      for (const [event, transitions] of sessionMachine.root.states[key]?.transitions ?? [])
        for (const { target } of transitions)
          if (target?.[0] && target[0].key !== key) {
            expect(drawing).toContain(`>${event}</text>`)
            expect(drawing).toContain(`>${target[0].key}</text>`)
          }
    }
  },
)

test('every reason has its meaning on the page of its state', () => {
  const reasons = reasonsOf(reference)
  expect(reasons.expired.size).toBe(13)
  expect(reasons.loggedOut.size).toBe(4)
  const markdown = statePage('expired', reasons)
  for (const [reason, meaning] of reasons.expired)
    expect(markdown).toContain(`| \`${reason}\` | ${meaning} |`)
})

test('titles of tests are found with their lines, those of tables too, skipped ones not', () => {
  const text = [
    "test('one', () => {})",
    "test.each([['two', 1]])('%s', () => {})",
    "test.skip('three', () => {})",
  ]
  expect([...testTitles('x.test.ts', text.join('\n'))]).toEqual(
    [
      ['%s', 2],
      ['two', 2],
      ['one', 1],
    ].sort(([, a], [, b]) => Number(a) - Number(b)),
  )
})
