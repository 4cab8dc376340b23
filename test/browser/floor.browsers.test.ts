import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { beforeAll, describe, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { BROWSERS, memberNeeds, type Need, syntaxNeeds, type Versions } from './floor.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Subpaths that no page loads. */
const SERVERS = [
  'backchannel',
  'librechat-login',
  'msw',
  'node',
  'oauth-login',
  'package.json',
  'redis',
  'refresher',
  'server',
  'sqlite',
  'testing',
]
/** What an application brings along. */
const THEIRS = /^(react|react-dom|jose|msw|@xstate|@statelyai|@tanstack|ra-core|@refinedev)(\/|$)/

/** Names of package.json, and ours. */
const NAMES = {
  chrome: 'chrome',
  edge: 'edge',
  firefox: 'firefox',
  safari: 'safari',
  ios_saf: 'safari_ios',
} as const

const floor = Object.fromEntries(
  manifest.browserslist.map((line) => {
    const [, name = '', version] = /^(\w+) >= ([\d.]+)$/.exec(line) ?? []
    return [NAMES[name as keyof typeof NAMES], Number(version)]
  }),
) as Versions

/** Everything that a page can load from the built package, in one script. */
async function bundleAll() {
  const files = Object.entries(manifest.exports).filter(([path]) => !SERVERS.includes(path.slice(2)))
  const built = await rolldown({
    cwd: root,
    input: 'all',
    tsconfig: false,
    platform: 'browser',
    external: THEIRS,
    onLog: () => {},
    plugins: [
      {
        name: 'all',
        resolveId: (id) => (id === 'all' ? `${root}all.js` : undefined),
        load: (id) =>
          id === `${root}all.js`
            ? files
                .map(([, file], n) => `export * as page${n} from ${JSON.stringify(root + file)}`)
                .join('\n')
            : undefined,
      },
    ],
  })
  const { output } = await built.generate({ format: 'esm' })
  await built.close()
  const modules = output[0].moduleIds.map((id) => relative(root, id))
  return { code: output[0].code, modules }
}

/** The source of a built file: the lists of names and the platform's parts stand beside the rooms. */
function sourceOf(built: string): string {
  const file = built.replace(/^dist\//, '').replace(/\.js$/, '.ts')
  if (file.startsWith('machines/')) return root + file
  if (file.includes('/')) return `${root}src/${file}`
  return `${root}src/${/^(transport|crypto)/.test(file) ? 'platform' : 'exports'}/${file}`
}

const isAbove = ({ since }: Need) => BROWSERS.some((browser) => since[browser] > floor[browser])
const show = ({ feature, since }: Need) =>
  `${feature}: ${BROWSERS.map((name) => `${name} ${since[name]}`).join(', ')}`

describe('U74: the browsers of a page', () => {
  let needs: Need[] = []
  beforeAll(async () => {
    const { code, modules } = await bundleAll()
    const ours = modules.filter((id) => id.startsWith('dist/')).map(sourceOf)
    expect(ours.length).toBeGreaterThan(60)
    needs = [...syntaxNeeds(code), ...memberNeeds(ours)]
  }, 120_000)

  test('U74: no page needs one that is younger than package.json says', () => {
    expect(needs.filter(isAbove).map(show)).toEqual([])
  })

  test('U74: nor is one turned away for nothing', () => {
    for (const browser of BROWSERS)
      expect(Math.max(...needs.map(({ since }) => since[browser])), browser).toBe(floor[browser])
  })

  test('U74: the pages that speak of browsers name these', () => {
    const { chrome, firefox, safari } = floor
    const line = `Chrome and Edge ${chrome}, Firefox ${firefox}, Safari ${safari}`
    for (const page of ['README.md', 'docs/browser.md']) {
      const text = readFileSync(root + page, 'utf8').replace(/\s+/g, ' ')
      expect(text, page).toContain(line)
    }
    expect([floor.edge, floor.safari_ios]).toEqual([chrome, safari])
  })

  test('what is too new is found', () => {
    const members = memberNeeds([`${root}test/browser/page/tooNew.ts`]).filter(isAbove)
    expect(members.map(({ feature }) => feature).sort()).toEqual([
      'Array.toSorted',
      'Promise.withResolvers',
      'URL.parse',
    ])
    const code = 'URL.parse(a); /(?<=a)b/; /[a--b]/v; class A { static {} }; Promise.withResolvers()'
    expect(syntaxNeeds(code).map(({ feature }) => feature)).toEqual(
      expect.arrayContaining([
        'URL.parse',
        'lookbehind_assertion',
        'flag v',
        'static {}',
        'Promise.withResolvers',
      ]),
    )
  })
})
