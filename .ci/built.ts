/**
 * Builds the package if a source is younger than the build, and says so in one line; else it says nothing. For commands that
 * somebody waits for: `npm run demo`.
 *
 *   node .ci/built.ts [FOLDER]
 */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const SOURCES = [
  'machines/**/*.ts',
  'src/**/*.ts',
  'package.json',
  'package-lock.json',
  '.ci/tsdown.config.ts',
]
/** Written by each build. */
const BUILT = ['dist/index.js', 'dist/index.d.ts', 'dist/cli.js']

const root = process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url))
const changedAt = (file: string) => statSync(`${root}/${file}`).mtimeMs
const isBuilt = BUILT.every((file) => existsSync(`${root}/${file}`))
const builtAt = isBuilt ? Math.min(...BUILT.map(changedAt)) : 0

if (globSync(SOURCES, { cwd: root }).some((file) => changedAt(file) > builtAt)) {
  console.log('Building the package, once for each change of its sources …')
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'build'], {
    cwd: root,
    encoding: 'utf8',
  })
  if (status !== 0) {
    console.error(`${stdout}${stderr}`)
    process.exit(1)
  }
}
