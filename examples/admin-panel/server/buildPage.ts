import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const root = fileURLToPath(new URL('../page', import.meta.url))
const repository = fileURLToPath(new URL('../../..', import.meta.url))
const outDir = `${repository}node_modules/.cache/admin-panel`

/** The files of the built page, by their path under `/`. */
export type Built = ReadonlyMap<string, Buffer>

export async function buildPage(): Promise<Built> {
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    // The built package, by the names that an application imports.
    resolve: {
      alias: [
        { find: /^xstate-session$/, replacement: `${repository}dist/index.js` },
        { find: /^xstate-session\/([\w-]+)$/, replacement: `${repository}dist/$1.js` },
      ],
    },
    build: { outDir, emptyOutDir: true, modulePreload: { polyfill: false } },
  })
  const names = await readdir(outDir, { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile()).map((entry) => `${entry.parentPath}/${entry.name}`)
  return new Map(
    await Promise.all(files.map(async (file) => [file.slice(outDir.length), await readFile(file)] as const)),
  )
}
