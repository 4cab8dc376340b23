import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { childEnvironment } from './childEnvironment.ts'
import { closingLine } from './closingLine.ts'
import { LongFirst } from './longFirst.ts'

export const root = fileURLToPath(new URL('..', import.meta.url))
const source = (file: string) => `${root}src/${file}`

// Tests import the package by its own name, as a reader would, and get the sources.
export const alias = [
  { find: /^xstate-session$/, replacement: source('exports/index.ts') },
  { find: /^xstate-session\/([\w-]+)$/, replacement: source('exports/$1.ts') },
  { find: /^#transport$/, replacement: source('platform/transport.node.ts') },
  { find: /^#forward$/, replacement: source('platform/forward.node.ts') },
  { find: /^#crypto$/, replacement: source('platform/crypto.node.ts') },
  { find: /^#browser$/, replacement: source('platform/elsewhere.ts') },
  { find: /^#development$/, replacement: source('platform/development.ts') },
]

// As the processes that a test starts: each file of a process of its own would compile all it loads.
process.env.NODE_COMPILE_CACHE ??= childEnvironment().NODE_COMPILE_CACHE

const oldest = `${root}test/oldest/node_modules/`

/** Each of which has the oldest version that is supported beside it. */
const peers = ['jose', 'msw', 'oauth4webapi', 'react', 'react-dom', 'xstate']

/** How long something may take to come true: a machine that does other things at the same time is no fault of the code. */
export const patience = { poll: { timeout: 30_000 } }

/**
 * What needs a process of its own: a document, a global, or a module put in the place of another, stays behind for the
 * file after it. The others share processes, one of which for each file would cost most of a second.
 */
const alone = readdirSync(`${root}test`, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.test\.tsx?$/.test(name) && !name.includes('node_modules'))
  .filter((name) =>
    /^\/\/ @vitest-environment |^vi\.mock\(|Object\.assign\(globalThis|vi\.stubGlobal\(/m.test(
      readFileSync(`${root}test/${name}`, 'utf8'),
    ),
  )
  .map((name) => `test/${name}`)

/** What the checker and the simulation are worth: each must find the mistakes seeded for it. Minutes: `npm run test:proof`. */
const proof = ['test/checker/checker.test.ts', 'test/simulation/simulation.test.ts']

/** Needs the built package, and the registry or a browser. */
const built = ['test/package/**/*.installed.test.ts', 'test/**/*.{chromium,browsers}.test.ts']

const inNode = {
  setupFiles: [`${root}test/seed.ts`],
  // A machine that does other things at the same time is no fault of the code.
  testTimeout: 120_000,
  // Models and charts are walked by the ten thousand: most of what is made is garbage soon.
  execArgv: ['--max-semi-space-size=64'],
}

export default defineConfig({
  root,
  resolve: { alias },
  test: {
    reporters: ['default', closingLine()],
    expect: patience,
    // On two cores Vitest would take one, and many of these files wait for a real part.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    sequence: { sequencer: LongFirst },
    coverage: {
      provider: 'v8',
      include: ['machines/**/*.ts', 'src/**/*.ts'],
      // Lists of names, and the transport of the other platform.
      exclude: ['src/exports/**', 'src/platform/transport.ts'],
      reporter: ['text-summary', 'json'],
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: ['**/node_modules/**', ...alone, ...proof, ...built],
          isolate: false,
          ...inNode,
        },
      },
      {
        extends: true,
        test: { name: 'proof', include: proof, ...inNode },
      },
      {
        extends: true,
        test: { name: 'alone', include: alone, exclude: built, ...inNode },
      },
      {
        extends: true,
        resolve: {
          alias: [{ find: new RegExp(`^(${peers.join('|')})(/.*)?$`), replacement: `${oldest}$1$2` }],
        },
        test: {
          name: 'oldest',
          include: ['test/{react,machine,session,msw,oauth,backchannel}/*.test.{ts,tsx}'],
          // What hides and shows parts of a page came with React 19; and @xstate/react finds the React of the other projects.
          exclude: ['test/react/{restart,embedded,activity}.test.tsx'],
          ...inNode,
          env: { REACT_MAJOR: '18' },
        },
      },
      {
        extends: true,
        test: {
          name: 'chromium',
          // Needs the built package and Chromium: `npm run test:browser`.
          include: ['test/**/*.chromium.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'browsers',
          // Needs the built package, Chromium, Firefox and WebKitGTK: `npm run test:browser`.
          include: ['test/**/*.browsers.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: `${root}test/types/tsconfig.json`,
            // Of all other files `npm run test:types` tells.
            ignoreSourceErrors: true,
          },
        },
      },
      {
        extends: true,
        test: {
          name: 'package',
          include: ['test/package/**/*.installed.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
})
