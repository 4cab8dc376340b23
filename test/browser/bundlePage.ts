import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { manifest } from '../package/manifest.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The built package, as an application would have it: not the sources that tsconfig.json names. */
const alias = Object.fromEntries(
  Object.entries(manifest.exports)
    .map(([subpath, file]): [string, string] => [subpath.replace('.', manifest.name), `${root}${file}`])
    // The longer names first: the root is the beginning of every other.
    .sort(([a], [b]) => b.length - a.length),
)

/** The script of a page, with everything in it. `page`: its file under `test`. */
export async function bundlePage(page: string): Promise<string> {
  const built = await rolldown({
    cwd: root,
    input: `test/${page}`,
    tsconfig: false,
    platform: 'browser',
    resolve: { alias },
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
    // 'use client' says nothing to a page.
    onLog: (level, log, handle) => log.code !== 'MODULE_LEVEL_DIRECTIVE' && handle(level, log),
  })
  const { output } = await built.generate({ format: 'esm', codeSplitting: false })
  await built.close()
  return output[0].code
}
