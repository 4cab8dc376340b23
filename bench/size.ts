/**
 * P6 and P7: what a page downloads, minified and gzipped, bundled from the built package as an application
 * would for production: under the import conditions `production` and `browser`. `goal` is what performance asks for; `budget` is what may not be exceeded: the goal where it is met,
 * else the weight that the rows of the fault matrix cost today. It grows for a row of that matrix and
 * for nothing else: U50, the users that a schema types, costs 0.36 kB in the core and 0.34 to 0.37 behind a server: the
 * schema is asked, its errors are told without a value, and a misfit leaves the user as it was; at any
 * provider, L9, the count of logins that nobody asked for, 0.4, who may in, 0.2, and L29, L33 and L36 0.2;
 * tenants of Entra, userinfo and windows (L6, L23, L27, L61) are functions, and in no row; L57, that a
 * strategy may send a call itself, and end a session whose key is lost, and no later one, 0.11 in the core. All else of DPoP
 * is in its own row, with 0.06 for a key row of a newer version, which is left alone.
 * L35, L38, L40, L51 and L60, kinds of clients, logouts that end nothing, secrets and silent logins, are 0.8
 * together at any provider; that L38 holds whatever the next login asks for and while the provider is slow, and that L60
 * refuses a window, 0.1; that a page back from a logout begins no login, 0.1; sessions of LibreChat with Google are 0.05 in its strategy.
 * L66, that a tab learns of the failed exchange of another one, is 0.1 at any provider.
 * U62, that a session with a refused bearer rests, is 0.04 in the core and behind a server. That the parts of a session are objects
 * with methods, 5 kB less heap for each, is 0.1 in the core.
 * The steps of oauth4webapi instead of forms of our own are 2.6 at any provider, and its proofs 1.4 more with DPoP: a well-kept
 * library is worth that.
 * That a server refreshes without a chart, and a chart takes over what it began, is 0.2 in the core: what both use stands apart.
 * That every reason can close a row of the ledger (U37), so that a rejected token is never sent again, is 0.05 in the core.
 * The option `recorder` costs 0.02; the recorder itself is downloaded by who uses it.
 * What a session does with a store (reading it, writing it, the sends and waits that stand in it) comes with the store, and
 * is not in the core: 2.4.
 * That a session is a few objects with methods, and no closures, is 0.06 in each page, and 5 kB less heap a session (P17).
 * U62, that a session whose bearer was refused rests with its record, is 0.03 in each page.
 * U87, that a login takes the word of a failed one out of the address, is 0.06 behind a server; plainer and shorter descriptions of
 * the chart's rows pay for it, and take 0.06 from the core.
 * U35, that who asked for a refresh is done with the newer bearer of a peer, is 0.1 where a page holds its tokens.
 * U88, that a login waits for the answers that would delete its cookie, in every tab, is 0.13 behind a server; that a late
 * logout of a cookie jar ends no later login, 0.02 where a page holds its tokens.
 * That clock, alarm and readings are objects, 2 kB less heap a session (P17), is 0.02 in the core and 0.07 behind a server.
 * Exits with 1 where one is exceeded.
 */
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('..', import.meta.url))
const core = `export { createSession } from 'xstate-session'`
const withStrategy = `export { createSession } from 'xstate-session'
export { openidStrategy } from 'xstate-session/librechat'`
const hooks = `export * from 'xstate-session/react'`
const behindServer = `export { createBffSession } from 'xstate-session/bff'`
const inTabs = `${behindServer}\nexport { browserPage } from 'xstate-session/browser'`
const inReact = `${behindServer}\n${hooks}`
const inTabsAndReact = `${inTabs}\n${hooks}`
const withLogin = `export { createSession } from 'xstate-session'\nexport { createLogins, oauthProvider } from 'xstate-session/oauth'`
const withDpop = `${withLogin}\nexport { dpopKey } from 'xstate-session/dpop'`
const react = /^react($|\/)/
const peers = [/^xstate($|\/)/, /^zod($|\/)/, react, /^@xstate\/react$/]

/** A kB is 1000 bytes. */
const rows = [
  { id: 'P6', what: 'core, own code', code: core, external: peers, goalBytes: 10_000, budgetBytes: 16_240 },
  {
    id: 'P6',
    what: 'core and one strategy, own code',
    code: withStrategy,
    external: peers,
    goalBytes: 11_500,
    budgetBytes: 18_780,
  },
  {
    id: 'P6',
    what: 'React hooks, own code',
    code: hooks,
    external: peers,
    goalBytes: 2_100,
    budgetBytes: 2_100,
  },
  {
    id: 'P6',
    what: 'a page behind its server and tabs, own code',
    code: inTabs,
    external: peers,
    goalBytes: 9_000,
    budgetBytes: 15_290,
  },
  {
    id: 'P7',
    what: 'core, one strategy and XState',
    code: withStrategy,
    external: [],
    goalBytes: 24_000,
    budgetBytes: 31_040,
    never: 'zod',
  },
  {
    id: 'P7b',
    what: 'core, login at any provider, refresh, XState, oauth4webapi',
    code: withLogin,
    external: [],
    goalBytes: 33_000,
    budgetBytes: 45_170,
    never: 'zod',
  },
  {
    id: 'P7b',
    what: 'the same with DPoP',
    code: withDpop,
    external: [],
    goalBytes: 35_000,
    budgetBytes: 49_090,
    never: 'jose',
  },
  {
    id: 'P7',
    what: 'all that a page behind its server needs, with React hooks',
    code: inReact,
    external: [react],
    goalBytes: 23_000,
    budgetBytes: 27_500,
    never: 'zod',
  },
  {
    id: 'P7',
    what: 'all that a page behind its server needs, with tabs and React hooks',
    code: inTabsAndReact,
    external: [react],
    goalBytes: 26_000,
    budgetBytes: 29_210,
    never: 'zod',
  },
]

interface Measured {
  readonly minified: number
  readonly gzipped: number
  /** What a page downloads later, if it needs that. A login downloads nothing more. */
  readonly laterGzipped: number
  readonly packages: string[]
}

async function measure(code: string, external: RegExp[]): Promise<Measured> {
  const bundle = await rolldown({
    cwd: root,
    input: 'page',
    platform: 'browser',
    // As Vite builds, and webpack in production.
    resolve: { conditionNames: ['import', 'module', 'browser', 'production', 'default'] },
    external,
    treeshake: true,
    // What 'use client' means is for frameworks that render on a server.
    checks: { moduleLevelDirective: false },
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
    plugins: [
      {
        name: 'page',
        resolveId: (id) => (id === 'page' ? `${root}page.js` : undefined),
        load: (id) => (id === `${root}page.js` ? code : undefined),
      },
    ],
  })
  const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: true })
  await bundle.close()
  const chunks = new Map(
    output.flatMap((one) => (one.type === 'chunk' ? [[one.fileName, one] as const] : [])),
  )
  // What a page downloads later, if it needs that, is not in it.
  const own = new Set([output[0]])
  for (const { imports } of own) for (const name of imports) own.add(chunks.get(name) ?? output[0])
  const codeOf = (some: Iterable<{ readonly code: string }>) => [...some].map(({ code }) => code).join('')
  const gzippedOf = (text: string) => (text ? gzipSync(text, { level: 9 }).length : 0)
  const all = codeOf(own)
  const later = [...chunks.values()].filter((chunk) => !own.has(chunk))
  const modules = [...own].flatMap((chunk) => Object.entries(chunk.modules))
  return {
    minified: Buffer.byteLength(all),
    gzipped: gzippedOf(all),
    laterGzipped: gzippedOf(codeOf(later)),
    packages: packagesOf(modules.flatMap(([id, m]) => (m.renderedLength ? [id] : []))),
  }
}

function packagesOf(moduleIds: string[]): string[] {
  const names = moduleIds.flatMap((id) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.[1] ?? [])
  return [...new Set(names)].sort()
}

const kB = (bytes: number) => (bytes / 1000).toFixed(2)

let isOver = false
const table: string[][] = [
  ['', 'what', 'gzip kB', 'goal kB', 'budget kB', 'minified kB', 'later kB', 'includes', ''],
]
for (const { id, what, code, external, goalBytes, budgetBytes, never } of rows) {
  const { minified, gzipped, laterGzipped, packages } = await measure(code, external)
  const faults = [
    ...(gzipped > budgetBytes ? [`over by ${gzipped - budgetBytes} bytes`] : []),
    ...(never && packages.includes(never) ? [`${never} must not be in it`] : []),
  ]
  isOver ||= faults.length > 0
  table.push([
    id,
    what,
    kB(gzipped),
    kB(goalBytes),
    kB(budgetBytes),
    kB(minified),
    kB(laterGzipped),
    packages.join(', ') || 'own code only',
    faults.join(', ') ||
      (gzipped > goalBytes ? `within budget, ${kB(gzipped - goalBytes)} above the goal` : 'ok'),
  ])
}

const widths =
  table[0]?.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0))) ?? []
for (const cells of table)
  console.log(cells.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  '))
process.exitCode = isOver ? 1 : 0
