import { fileURLToPath } from 'node:url'
import { build, type InlineConfig } from 'vite'

const repository = fileURLToPath(new URL('..', import.meta.url))

/** Builds the page at `root` with Vite into `outDir`, as an application would, on the built package. */
export async function buildPage(root: string, outDir: string, config: InlineConfig = {}): Promise<void> {
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    ...config,
    // The package by the names that an application imports.
    resolve: {
      alias: [
        { find: /^xstate-session$/, replacement: `${repository}dist/index.js` },
        { find: /^xstate-session\/([\w-]+)$/, replacement: `${repository}dist/$1.js` },
      ],
    },
    build: { outDir, emptyOutDir: true, modulePreload: { polyfill: false }, ...config.build },
  })
}
