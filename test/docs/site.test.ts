import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { sessionMachine } from 'xstate-session/machine'
import { checkLinks } from '../../docs/site/checkLinks.ts'
import { highlight } from '../../docs/site/highlight.ts'
import { readApi } from '../../docs/site/readApi.ts'
import { readReasons } from '../../docs/site/readReasons.ts'
import { statePage } from '../../docs/site/statePage.ts'
import { testTitles } from '../../docs/site/testTitles.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

test('a link to a page, a heading or a file that is not there is noticed, and a good one is not', () => {
  const files = new Map([
    [
      'index.html',
      '<a href="guide.html#here">good</a><a href="#top">good</a><h1 id="top"></h1><img src="x.svg">',
    ],
    ['guide.html', '<h2 id="here"></h2><a href="https://example.com/a">good</a>'],
    ['x.svg', ''],
    ['deep/bad.html', '<a href="../gone.html"></a><a href="../guide.html#gone"></a><a href="#gone"></a>'],
    ['worse.html', '<a href="http://example.com"></a><a href="https://"></a><img src="gone.png">'],
    ['styled.html', '<td style="text-align:right">1</td><code>style=&quot;&quot;</code>'],
  ])
  expect(checkLinks(files)).toEqual([
    'deep/bad.html: ../gone.html leads nowhere',
    'deep/bad.html: ../guide.html#gone has no such heading',
    'deep/bad.html: #gone has no such heading',
    'worse.html: http://example.com is no address',
    'worse.html: https:// is no address',
    'worse.html: gone.png leads nowhere',
    'styled.html: style="text-align:right" is in line, and the policy of the pages forbids it',
  ])
})

test('the reference has every name of every subpath, and says something about each', async () => {
  const { modules, problems } = readApi()
  expect(problems).toEqual([])
  const { exports } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { exports: object }
  expect(modules.map(({ specifier }) => specifier.replace('xstate-session', '.'))).toEqual(
    Object.keys(exports).filter((subpath) => subpath !== './package.json'),
  )
  const core = modules.find(({ id }) => id === 'index')?.entries ?? []
  expect(
    Object.keys(await import('xstate-session')).filter((name) => !core.some((e) => e.name === name)),
  ).toEqual([])
  const options = core.find(({ name }) => name === 'SessionOptions')
  expect(options?.members.find(({ name }) => name === 'leadTimeMs')).toMatchObject({
    signature: 'leadTimeMs?: number',
    doc: expect.stringContaining('milliseconds'),
    tags: [{ name: 'default', text: '30_000' }],
  })
})

test.each(Object.keys(sessionMachine.config.states ?? {}))(
  'the page of %s tells every event, and its picture what leads in and out',
  (key) => {
    const { markdown, picture } = statePage(key, readReasons())
    const events = new Set(Object.values(sessionMachine.root.states).flatMap(({ ownEvents }) => ownEvents))
    expect(events.size).toBeGreaterThan(8)
    for (const event of events) expect(markdown).toContain(`\`${event}\``)
    for (const drawing of picture.inPage) {
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
  const reasons = readReasons()
  expect(reasons.expired.size).toBe(13)
  expect(reasons.loggedOut.size).toBe(4)
  const { markdown } = statePage('expired', reasons)
  for (const [reason, meaning] of reasons.expired)
    expect(markdown).toContain(`| \`${reason}\` | ${meaning} |`)
})

test('code is coloured by classes and cannot leave its block', () => {
  const html = highlight("const a = '</code><script>'", 'ts', (name) =>
    name === 'a' ? 'x.html#"' : undefined,
  )
  expect(html).toContain('<span class="t-keyword">const</span>')
  expect(html).not.toMatch(/style=|<script/)
  expect(html).toContain('href="x.html#&quot;"')
  expect(() => highlight('', 'cobol')).toThrow('cobol')
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
