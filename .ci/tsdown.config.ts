import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'tsdown'

const root = fileURLToPath(new URL('..', import.meta.url))
const subpaths = Object.fromEntries(
  readdirSync(`${root}src/exports`).map((file) => [file.replace(/\.ts$/, ''), `src/exports/${file}`]),
)

export default defineConfig({
  cwd: root,
  entry: {
    ...subpaths,
    // Chosen by the `imports` of package.json: what a page sends with, and what Node sends with.
    transport: 'src/platform/transport.ts',
    'transport.node': 'src/platform/transport.node.ts',
    // Likewise: what the proxy sends with.
    forward: 'src/platform/forward.ts',
    'forward.node': 'src/platform/forward.node.ts',
    // Likewise: WebCrypto, and Node's own.
    crypto: 'src/platform/crypto.ts',
    'crypto.node': 'src/platform/crypto.node.ts',
    // Likewise: whether this is for pages of browsers, and whether options are checked in full.
    inBrowser: 'src/platform/inBrowser.ts',
    elsewhere: 'src/platform/elsewhere.ts',
    development: 'src/platform/development.ts',
    production: 'src/platform/production.ts',
    // `npx xstate-session`.
    cli: 'src/cli/main.ts',
  },
  // One file per source file: an application then leaves out whole files, such as the schemas of a strategy
  // that it does not use.
  unbundle: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  dts: true,
  deps: { neverBundle: ['#transport', '#crypto', '#forward', '#browser', '#development', /^node:/] },
  publint: { strict: true },
  attw: { profile: 'esm-only', level: 'error' },
  failOnWarn: true,
  // How long a plugin took is no fault of the package. And one file per source file keeps its 'use client': a test of
  // the built files says so.
  checks: { pluginTimings: false, moduleLevelDirective: false },
})
