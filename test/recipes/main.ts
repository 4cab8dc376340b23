/**
 * `npm run recipes [names…]`: follows the pages of the docs in a folder of their own, with this package as npm would give
 * it and the newest of everything else: made, installed, built, started, and used in Chromium. Ends with a table.
 * `--publish`: the page to look at goes to `docs/runs`.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startBackend } from '../../examples/backend/startBackend.ts'
import { freePort } from '../../examples/demo/freePort.ts'
import { keepRun } from '../runs/keepRun.ts'
import { startSteps } from '../runs/startSteps.ts'
import { drive } from './drive.ts'
import { filesOf } from './filesOf.ts'
import { online } from './online.ts'
import { pageOf } from './pageOf.ts'
import { type Recipe, recipes } from './recipes.ts'
import { begin, run } from './run.ts'

/** A step that was done, and when: seconds from the begin of its recipe. */
export interface TakenStep {
  readonly step: string
  readonly at: number
}

export interface Result {
  readonly name: string
  readonly seconds: number
  readonly steps: readonly TakenStep[]
  /** What was built, each with its version: `next 16.2.1`. */
  readonly versions: readonly string[]
  readonly error?: string
}

const START_MS = 60_000
/** Short enough to see a renewal. */
const BEARER_MS = 16_000
const repository = fileURLToPath(new URL('../..', import.meta.url))
const { values, positionals: wanted } = parseArgs({
  options: { publish: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const unknown = wanted.filter((name) => !recipes[name])
if (unknown.length > 0) {
  console.error(`No recipe "${unknown.join('", "')}". There are: ${Object.keys(recipes).join(', ')}.`)
  process.exit(2)
}
const names = wanted.length > 0 ? wanted : Object.keys(recipes)
const steps = startSteps('recipes', names, { unit: 'recipes' })
const place = await mkdtemp(join(tmpdir(), 'recipes-'))

try {
  console.log(`Packs the package into ${place}`)
  await run(`npm pack --ignore-scripts --pack-destination ${place}`, repository)
  const [tarball = ''] = await readdir(place)
  const results: Result[] = []
  for (const [at, name] of names.entries()) {
    steps.hide()
    console.log(`${at + 1} of ${names.length}: ${name}`)
    const result = await steps.take(name, () => follow(name, recipes[name] as Recipe, join(place, tarball)))
    steps.hide()
    results.push(result)
    if (result.error) console.error(result.error)
  }
  steps.end()
  console.log('\n| recipe | | last step | seconds |\n| --- | --- | --- | --- |')
  for (const { name, error, steps: taken, seconds } of results)
    console.log(`| ${name} | ${error ? 'FAILED' : 'works'} | ${taken.at(-1)?.step ?? 'none'} | ${seconds} |`)
  keepRun(
    'recipes',
    pageOf(results, `npm run recipes${wanted.length > 0 ? ` -- ${wanted.join(' ')}` : ''}`),
    values.publish,
  )
  const failed = results.filter(({ error }) => error).length
  console.log(`\n${results.length - failed} passed, ${failed} failed, 0 skipped`)
  process.exitCode = failed > 0 ? 1 : 0
} finally {
  await rm(place, { recursive: true, force: true })
}

/** From nothing to a user who has logged out. */
async function follow(name: string, recipe: Recipe, tarball: string): Promise<Result> {
  const since = performance.now()
  const seconds = () => Math.round((performance.now() - since) / 1000)
  const taken: TakenStep[] = []
  let versions: readonly string[] = []
  const done = (step: string) => {
    taken.push({ step, at: seconds() })
    steps.note(`${name}, ${step}`)
  }
  const above = join(place, name)
  const folder = join(above, 'panel')
  const port = await freePort(0)
  const publicUrl = `http://localhost:${port}/`
  const backend = await startBackend({ panelUrl: publicUrl.slice(0, -1), knobs: { sessionMs: BEARER_MS } })
  try {
    await online(async () => {
      await rm(above, { recursive: true, force: true })
      await mkdir(above)
      await run(recipe.create, above)
    })
    done('created')
    const packages = [tarball, ...recipe.packages].join(' ')
    await online(() => run(`npm install --no-audit --no-fund ${packages}`, folder))
    for (const [asked, by] of Object.entries(recipe.versions ?? {})) await isAskedFor(asked, by, folder)
    versions = await Promise.all(recipe.frameworks.map((one) => versionOf(one, folder)))
    done('installed')
    for (const page of [...(recipe.after ?? []), recipe.page])
      for (const { path, text } of await filesOf(page)) {
        await mkdir(dirname(join(folder, path)), { recursive: true })
        await writeFile(join(folder, path), text)
      }
    await run(recipe.build, folder)
    done('built')
    const server = begin(recipe.start, folder, {
      PORT: String(port),
      PUBLIC_URL: publicUrl,
      BACKEND_URL: backend.url,
      SESSION_SECRET: randomBytes(32).toString('base64'),
    })
    try {
      await answers(publicUrl, server.child)
      done('started')
      for (const path of ['session', 'session/']) await isFound(publicUrl + path)
      const refreshes = () => backend.log.presentations.length
      await drive({ url: publicUrl, accounts: backend.accounts, recipe, refreshes, done })
    } catch (error) {
      throw new Error(`${(error as Error).message}\nThe server said:\n${server.output()}`)
    } finally {
      await server.stop()
    }
    return { name, seconds: seconds(), steps: taken, versions }
  } catch (error) {
    const did = taken.map(({ step, at }) => `${step} (${at} s)`).join(', ')
    const told = `${name}: ${(error as Error).message}\n${did ? `Done: ${did}.` : 'Nothing was done.'}`
    return { name, seconds: seconds(), steps: taken, versions, error: told }
  } finally {
    await backend.close()
  }
}

/** An old version stays as long as somebody must have it. */
async function isAskedFor(asked: string, by: string, folder: string): Promise<void> {
  const [, name = '', major = ''] = /^(.+)@(\d+)$/.exec(asked) ?? []
  const { peerDependencies = {} } = await manifestOf(by, folder)
  const range = peerDependencies[name]
  if (!range || !new RegExp(`^[\\^~]?${major}\\.[^|]*$`).test(range))
    throw new Error(`${by} asks for ${name} ${range}: ask for no ${asked} any more.`)
}

async function versionOf(name: string, folder: string): Promise<string> {
  return `${name} ${(await manifestOf(name, folder)).version}`
}

async function manifestOf(name: string, folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8')) as Manifest
}

interface Manifest {
  readonly version: string
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** Waits until somebody answers at `url`. */
async function answers(url: string, child: { readonly exitCode: number | null }): Promise<void> {
  const until = performance.now() + START_MS
  while (performance.now() < until && child.exitCode === null) {
    if (await fetch(url).then(Boolean, () => false)) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error('Nobody answers.')
}

/** With the slash and without: by the server itself, or by a redirect that leads there. */
async function isFound(url: string): Promise<void> {
  const answer = await fetch(url)
  const { error } = (await answer.json()) as { error?: string }
  if (answer.status !== 401 || error !== 'no_session') throw new Error(`${url} answers ${answer.status}.`)
}
