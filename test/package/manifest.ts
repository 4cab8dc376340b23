import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export const manifest: {
  name: string
  version: string
  exports: Record<string, string>
  peerDependencies: Record<string, string>
  peerDependenciesMeta: Record<string, { optional: boolean }>
  devDependencies: Record<string, string>
} = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))

/** `.`, `./machine` and so on; without the manifest itself. */
export const subpaths = Object.keys(manifest.exports).filter((subpath) => subpath !== './package.json')

/** What an application writes to import a subpath. */
export const specifierOf = (subpath: string) => subpath.replace(/^\./, manifest.name)
