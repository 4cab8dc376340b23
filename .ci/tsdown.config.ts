import { fileURLToPath } from 'node:url'
import { defineConfig } from 'tsdown'

export default defineConfig({
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  entry: [
    'src/exports/{index,machine,msw,oauth}.ts',
    // Chosen by the `imports` of package.json: the page's transport, and Node's.
    'src/transport{,.node}.ts',
  ],
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  dts: true,
  deps: { neverBundle: ['#transport'] },
  publint: { strict: true },
  attw: { profile: 'esm-only', level: 'error' },
  failOnWarn: true,
})
