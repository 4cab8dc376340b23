import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, posix } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { manifest, root, specifierOf, subpaths } from './manifest.ts'

/** What the registry answered is kept here; the packed package itself is installed anew each time. */
const cache = join(root, 'node_modules/.cache/installed')

const node22 = '22.23.3'
const node24 = manifest.devDependencies.node ?? ''

/** The oldest release that a peer range allows: what the range promises has to work. */
const oldestOf = (peer: string) => manifest.peerDependencies[peer]?.match(/\d+\.\d+\.\d+/)?.[0] ?? ''
const optionalPeers = Object.keys(manifest.peerDependenciesMeta)

/** The name of a project, and what is installed in it. */
type Peers = [name: string, dependencies: Record<string, string>]
const peers = Object.keys(manifest.peerDependencies)
const allPeers: Peers = [
  'all-peers',
  Object.fromEntries([...peers, '@types/react'].map((name) => [name, manifest.devDependencies[name] ?? ''])),
]
// The types of React 18.0 do not check against any React that can be installed.
const oldestPeers: Peers = [
  'oldest-peers',
  { ...Object.fromEntries(peers.map((peer) => [peer, oldestOf(peer)])), '@types/react': '18.3.0' },
]
const onNode: Peers = [
  'on-node',
  { ...allPeers[1], '@types/node': manifest.devDependencies['@types/node'] ?? '' },
]
const oldestXstate: Peers = ['oldest-xstate', { xstate: oldestOf('xstate') }]

let packed: { filename: string; size: number; unpackedSize: number; files: { path: string }[] }
const tarballs = mkdtempSync(join(tmpdir(), 'xstate-session-'))

function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', [...args, '--loglevel=error', '--no-audit', '--no-fund', '--prefer-offline'], {
    cwd,
    encoding: 'utf8',
    // What `npm run` exports of this repository is no business of another project.
    env: Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^npm_(config_local|package|lifecycle)/.test(name)),
    ),
  })
}

/** An otherwise empty project with these dependencies. */
function project(name: string, dependencies: Record<string, string>): string {
  const folder = join(cache, name)
  const text = JSON.stringify({ private: true, type: 'module', dependencies, allowScripts: { node: true } })
  const file = join(folder, 'package.json')
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, text)
    npm(folder, 'install', '--no-package-lock')
  }
  return folder
}

/** The same, with the packed package in it. */
function projectWithPackage([name, dependencies]: Peers): string {
  const folder = project(name, dependencies)
  npm(folder, 'install', '--no-save', '--no-package-lock', join(tarballs, packed.filename))
  return folder
}

function run(node: string, folder: string, source: string): string {
  return execFileSync(node, ['--input-type=module', '--eval', source], {
    cwd: folder,
    encoding: 'utf8',
  }).trim()
}

beforeAll(() => {
  ;[packed] = JSON.parse(npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', tarballs))
})

afterAll(() => rmSync(tarballs, { recursive: true }))

describe('the tarball', () => {
  test('holds what was built, the pages, what a repository says of itself, and nothing else', () => {
    const paths = packed.files.map(({ path }) => path)
    const pages = readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md'))
    expect(paths.filter((path) => !/^dist\/.*\.(js|d\.ts)$/.test(path)).sort()).toEqual(
      [
        ...['CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json'],
        ...pages.map((page) => `docs/${page}`),
      ].sort(),
    )
    expect(paths.filter((path) => /\btest\b|fixture|bench|example|\.map$/i.test(path))).toEqual([])
  })

  test('has what its pages link to', () => {
    const paths = new Set(packed.files.map(({ path }) => path))
    const dead = [...paths]
      .filter((path) => path.endsWith('.md'))
      .flatMap((page) =>
        Array.from(
          readFileSync(join(root, page), 'utf8')
            .replace(/^ *```.*?^ *```|`[^`\n]*`/gms, '')
            .matchAll(/\]\(([^)\s]+)\)|<\w+[^>]* (?:src|href)="([^"]+)"/g),
        )
          .map(([, link, attribute]) => (link ?? attribute ?? '').split('#')[0] ?? '')
          .filter((link) => link !== '' && !/^[a-z]+:/.test(link))
          .map((link) => posix.join(posix.dirname(page), link))
          // Pictures of the pages are of the repository alone.
          .filter((target) => !paths.has(target) && !target.endsWith('.png'))
          .map((target) => `${page}: ${target}`),
      )
    expect(dead).toEqual([])
  })

  test('is small', () => {
    // An example at each public function, which editors show, and the types of users: 8 kB, and 34 kB unpacked; logins of
    // a page: 16 kB, and 46 kB unpacked; the refresher, the hooks and adapters of logins: 14 kB, and 40 kB unpacked; the logins of a
    // server: 14 kB, and 45 kB unpacked; DPoP, logins in a window, Google, profiles of providers, the sessions of users, logouts of
    // providers and the suite for logins: 40 kB, and 120 kB unpacked; the recorder, its replay and the command: 10 kB, and 30 kB
    // unpacked; the proxy on node:http: 9 kB, and 27 kB unpacked; audit, forward-auth, health, logs and OpenTelemetry: 10 kB, and
    // 32 kB unpacked; the doctor, from outside and from inside: 11 kB, and 35 kB unpacked; the pages of the docs, so that README's links lead somewhere: 150 kB, and 450 kB unpacked;
    // react-admin with its UI, and what to do when it does not work: 6 kB, and 25 kB unpacked; a whole page in React
    // at any provider, and the texts for failed logins: 3 kB, and 12 kB unpacked; the logins of a page at LibreChat: 3 kB;
    // what guides and the doctor say when a login cannot begin, the check of a client at its provider, and the parts of sessions and
    // logins in files of their own: 9 kB, and 37 kB unpacked; the kinds and names of options, and short messages for production
    // beside those for development: 5 kB, and 20 kB unpacked; the doubts, limits and waits of U88 to U94, and their pages: 2 kB;
    // the form of a flight in Redis, in a file of its own: 1.3 kB unpacked.
    expect(packed.size).toBeLessThan(622_000)
    expect(packed.unpackedSize).toBeLessThan(1_962_000)
  })
})

/** One login, one request, one refresh and one logout, on a stub of the backend. */
const smoke = `
  import { createSession } from '${manifest.name}'
  import { openidStrategy } from '${manifest.name}/librechat'
  let refreshes = 0
  const session = createSession({
    baseUrl: 'https://backend.test',
    strategies: { openid: openidStrategy() },
    fetch: async (input, init) => {
      if (!String(input instanceof Request ? input.url : input).includes('oauth/refresh')) {
        return new Response(new Headers(input instanceof Request ? input.headers : init.headers).get('authorization'))
      }
      refreshes += 1
      return Response.json({ token: 'second', refreshToken: 'r2', user: { id: 'u1' }, expiresAt: Date.now() + 600_000 })
    },
  })
  await session.login({ token: 'first', refreshToken: 'r1', user: { id: 'u1' }, expiresAt: Date.now() + 1_000 }, { provider: 'openid' })
  await session.refresh({ by: 'force' })
  const answer = await (await session.fetch('/api/admin/users')).text()
  const { state } = session.getSnapshot()
  await session.logout()
  console.log([answer, state, refreshes, session.getSnapshot().state].join(' '))
  session.dispose()
`

/** Prints the trace of a session that is renewed once. */
const recorded = `
  import { createSession } from '${manifest.name}'
  import { openidStrategy } from '${manifest.name}/librechat'
  import { createRecorder } from '${manifest.name}/recorder'
  const recorder = createRecorder()
  const session = createSession({
    baseUrl: 'https://backend.test',
    strategies: { openid: openidStrategy() },
    fetch: async () => Response.json({ token: 'b', refreshToken: 'r', user: { id: 'u' }, expiresAt: Date.now() + 600_000 }),
    recorder,
  })
  await session.login({ token: 'a', refreshToken: 'q', user: { id: 'u' }, expiresAt: Date.now() + 1_000 }, { provider: 'openid' })
  await session.refresh({ by: 'force' })
  console.log(JSON.stringify(recorder.trace()))
  session.dispose()
`

describe.each([node22, node24])('on Node %s', (version) => {
  let node: string
  beforeAll(() => {
    node = join(project(`node-${version}`, { node: version }), 'node_modules/node/bin/node')
    expect(run(node, root, 'console.log(process.version)')).toBe(`v${version}`)
  })

  test('every subpath can be imported, and offers what the sources offer', async () => {
    const folder = projectWithPackage(allPeers)
    for (const subpath of subpaths) {
      const specifier = specifierOf(subpath)
      const names = run(node, folder, `console.log(Object.keys(await import('${specifier}')).sort().join())`)
      expect(names.split(',')).toEqual(Object.keys((await import(specifier)) as object).sort())
    }
    const version = `import m from '${manifest.name}/package.json' with { type: 'json' }; console.log(m.version)`
    expect(run(node, folder, version)).toBe(manifest.version)
  })

  test('a session works in a project with the oldest XState that is allowed, and no optional peer', () => {
    const folder = projectWithPackage(oldestXstate)
    expect(optionalPeers.filter((peer) => existsSync(join(folder, 'node_modules', peer)))).toEqual([])
    expect(run(node, folder, smoke)).toBe('Bearer second active 1 loggedOut')
  })

  test('a subpath whose peer is missing says which, as the guide does', () => {
    // Elsewhere: below this repository its own packages would be found.
    const folder = join(tarballs, `without-peers-${version}`)
    cpSync(projectWithPackage(oldestXstate), folder, { recursive: true })
    const failures = subpaths.flatMap((subpath) => {
      const source = `await import('${specifierOf(subpath)}').catch((error) => console.log(error.message))`
      const [, peer] = /^Cannot find package '([^']+)' imported from /.exec(run(node, folder, source)) ?? []
      return peer === undefined ? [] : [[subpath.slice(1), peer] as const]
    })
    const guide = readFileSync(join(root, 'docs/guide.md'), 'utf8')
    const rows = Array.from(guide.matchAll(/^\| (`\/[^|]+) \| `([^`]+)` \|/gm), ([, names = '', peer = '']) =>
      Array.from(names.matchAll(/`([^`]+)`/g), ([, name = '']) => [name, peer]),
    )
    expect(failures).toEqual(rows.flat().sort())
  })

  test('the command plays a trace', () => {
    const folder = projectWithPackage(oldestXstate)
    writeFileSync(join(folder, 'trace.json'), run(node, folder, recorded))
    const bin = join(folder, 'node_modules/.bin/xstate-session')
    const play = (...args: string[]) => {
      const { status, stdout, stderr } = spawnSync(bin, args, {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, PATH: `${dirname(node)}:${process.env.PATH}` },
      })
      return { status, stdout, stderr }
    }
    const played = play('replay', 'trace.json', '--fixture', 'fixture.json')
    expect(played).toMatchObject({ status: 0, stderr: '' })
    expect(played.stdout).toMatch(/session\.started: login; loggedOut → active\./)
    expect(played.stdout).toMatch(/renewed, here or by a peer/)
    expect(played.stdout).toMatch(/^Trace and chart agree\.$/m)
    const fixture = JSON.parse(readFileSync(join(folder, 'fixture.json'), 'utf8'))
    expect(fixture.entries.length).toBeGreaterThan(3)
    const at = fixture.entries.findIndex((entry: { state?: string }) => entry.state === 'active')
    fixture.entries[at].state = 'expired'
    writeFileSync(join(folder, 'other.json'), JSON.stringify(fixture))
    const diverged = play('replay', 'other.json')
    expect(diverged.status).toBe(1)
    expect(diverged.stdout).toMatch(
      new RegExp(`disagree at entry ${at}: recorded was expired, and the chart comes to active`),
    )
    writeFileSync(join(folder, 'garbage.json'), '{')
    writeFileSync(join(folder, 'large.json'), ' '.repeat(4_000_001))
    for (const [args, message] of [
      [[], /^xstate-session replay trace\.json/m],
      [['replay'], /^usage: xstate-session replay/],
      [['replay', 'missing.json'], /^missing\.json: cannot be read/],
      [['replay', 'garbage.json'], /^garbage\.json: is no JSON/],
      [['replay', 'large.json'], /^large\.json: has 4000001 bytes/],
      [['replay', 'package.json'], /^package\.json: no trace.*\n {2}format: must be "xstate-session trace"/],
    ] as const) {
      const { status, stderr } = play(...args)
      expect(status).toBe(2)
      expect(stderr).toMatch(message)
    }
  })

  test('the command looks at a deployment', () => {
    const folder = projectWithPackage(oldestXstate)
    const { status, stdout } = spawnSync(
      node,
      ['node_modules/xstate-session/dist/cli.js', 'doctor', 'http://127.0.0.1:1'],
      {
        cwd: folder,
        encoding: 'utf8',
      },
    )
    expect([status, stdout]).toEqual([1, expect.stringMatching(/^wrong +address +.* nothing listens there/)])
  })

  test('nothing happens on import: no timer, no listener, no output', () => {
    const folder = projectWithPackage(allPeers)
    const imports = subpaths.map((subpath) => `await import('${specifierOf(subpath)}')`).join('\n')
    const handles =
      'console.log(process.getActiveResourcesInfo().filter((name) => name === "Timeout").length)'
    expect(run(node, folder, `${imports}\n${handles}`)).toBe('0')
  })
})

describe('the types', () => {
  const offered = (those: readonly string[]) => [
    ...those.map((subpath, at) => `import * as m${at} from '${specifierOf(subpath)}'`),
    `import { createSession, type SessionState } from '${manifest.name}'`,
    `import { openidStrategy } from '${manifest.name}/librechat'`,
    "const session = createSession({ baseUrl: 'https://backend.test', strategies: { openid: openidStrategy() } })",
    'export const state: SessionState = session.getSnapshot()',
    'export const token: Promise<string> = session.getToken()',
    '// @ts-expect-error: a base URL is required',
    'createSession({ strategies: {} })',
    `export default [${those.map((_, at) => `m${at}`)}]`,
  ]
  const forPages = subpaths.filter((subpath) => subpath !== './node')

  // A page has no types of Node.
  test.each([
    ['nodenext', 'nodenext', forPages, allPeers, []],
    ['esnext', 'bundler', forPages, allPeers, []],
    ['nodenext', 'nodenext', forPages, oldestPeers, []],
    ['nodenext', 'nodenext', subpaths, onNode, ['node']],
  ])(
    'check with module %s, resolution %s, of %j with %o, library check on',
    (module, moduleResolution, those, peers, types) => {
      const folder = projectWithPackage(peers)
      writeFileSync(join(folder, 'consumer.ts'), offered(those).join('\n'))
      writeFileSync(
        join(folder, 'tsconfig.json'),
        JSON.stringify({
          compilerOptions: {
            module,
            moduleResolution,
            target: 'es2022',
            lib: ['es2023', 'dom', 'dom.iterable'],
            types,
            strict: true,
            noEmit: true,
            skipLibCheck: false,
          },
          files: ['consumer.ts'],
        }),
      )
      expect(tsc(folder)).toBe('')
    },
  )

  // As an application does that has `composite`, or is a library itself: `export const session = createBffSession(…)`.
  test('of what functions return can be named by the names of their own subpath', async () => {
    const folder = projectWithPackage(onNode)
    const files = await Promise.all(
      subpaths.map(async (subpath) => {
        const functions = Object.entries((await import(specifierOf(subpath))) as object)
          .filter(([name, value]) => typeof value === 'function' && /^[a-z]/.test(name))
          .map(([name]) => `export const of_${name} = m.${name}(...(any as Parameters<typeof m.${name}>))`)
        const name = `of${subpath.replaceAll(/\W/g, '_')}`
        const config = join(folder, `${name}.json`)
        const text = [`import * as m from '${specifierOf(subpath)}'`, 'declare const any: any', ...functions]
        writeFileSync(join(folder, `${name}.ts`), text.join('\n'))
        writeFileSync(
          config,
          JSON.stringify({
            compilerOptions: {
              module: 'nodenext',
              target: 'es2022',
              lib: ['es2023', 'dom', 'dom.iterable'],
              types: subpath === './node' ? ['node'] : [],
              strict: true,
              declaration: true,
              emitDeclarationOnly: true,
              outDir: 'declarations',
              skipLibCheck: true,
            },
            files: [`${name}.ts`],
          }),
        )
        return config
      }),
    )
    // Each alone: a name that another subpath offers is no help to an application that does not import it.
    expect(files.flatMap((file) => tsc(file).match(/^.*cannot be named.*xstate-session.*$/gm) ?? [])).toEqual(
      [],
    )
  })
})

/** What the compiler complains about; nothing, if all is well. */
function tsc(folder: string): string {
  try {
    return execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' })
  } catch (error) {
    return (error as { stdout: string }).stdout
  }
}
