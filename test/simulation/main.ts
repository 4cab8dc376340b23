import { createHash } from 'node:crypto'
import { patchSources } from '../patchSources.ts'
import { patchesOf } from '../proof/mistakes/mistakes.ts'
import { keepRun } from '../runs/keepRun.ts'
import { startProgress } from '../runs/startProgress.ts'
import { readArguments, usage, WORLDS_PER_SEED } from './readArguments.ts'

/** How long one world goes on; simulated hours. */
const WORLD_HOURS = 48
const SCALE = { sessions: 1_000_000, lifeMs: 900_000, burstMs: 1_000, rounds: 4 }

const given = readArguments(process.argv.slice(2))
if (typeof given === 'string') refuse(`${given}.\n\n${usage}`)
const { seed, hours, sessions, world, only, faults, bug, isFleet, isScale, isPublished } = given
patchSources(bug === undefined ? [] : patchesOf(bug, 'simulation'))
// Only now: a bug is put in as the sources are loaded.
const { runWorld } = await import('./runWorld.ts')
const { shrink } = await import('./shrink.ts')
const { printTotals, printShrunk } = await import('./print.ts')
const { addWorld, noTotals } = await import('./totals.ts')
const { pageOf } = await import('./pageOf.ts')

if (isScale) await scale()
else await simulate()

async function simulate(): Promise<void> {
  const startedAt = performance.now()
  const totals = noTotals()
  const hash = createHash('sha256')
  const progress = startProgress({ unit: 'session-hours', total: hours })
  const isDone = () =>
    world === undefined ? (totals.counts.sessionHours ?? 0) >= hours : totals.worlds === 1
  for (let next = world ?? seed * WORLDS_PER_SEED; !isDone(); next++) {
    const options = {
      seed: next,
      hours: world === undefined ? WORLD_HOURS : hours,
      sessions,
      isFleet,
      onlySessions: only,
      onlyFaults: faults,
    }
    const result = await runWorld(options)
    const unknown = faults?.find((id) => result.faults.every((fault) => fault.id !== id))
    if (unknown !== undefined) refuse(`World ${next} has no fault ${unknown} within its hours.`)
    addWorld(totals, next, result)
    progress.at(totals.counts.sessionHours ?? 0, `world ${next} has ended`)
    hash.update(result.hash)
    if (result.violationCount === 0 || totals.found.length > 1) continue
    progress.hide()
    // The first one is shown as small as it gets; one that was given small already, as it is.
    const isSmall = only !== undefined || faults !== undefined
    printShrunk(isSmall ? { options, result, runs: 0 } : await shrink(options, result), bug)
  }
  progress.end()
  console.log('')
  const tookMs = performance.now() - startedAt
  printTotals(totals, hash.digest('hex'), tookMs)
  // One world, or a mistake that was put in, is no picture of the code.
  if (world === undefined && bug === undefined)
    keepRun(
      isFleet ? 'simulation-fleet' : 'simulation',
      pageOf(totals, { seed, hours, isFleet }, tookMs),
      isPublished,
    )
  process.exitCode = totals.violations > 0 ? 1 : 0
  if (!totals.counts.sessionHours && totals.violations === 0)
    refuse('Nothing was simulated: in its time nobody has a session.')
}

function refuse(why: string): never {
  console.error(why)
  process.exit(2)
}

async function scale(): Promise<void> {
  const { measureScale } = await import('./scale.ts')
  const { sessions, lifeMs, burstMs, rounds } = SCALE
  console.log(
    `${sessions} sessions log in within ${burstMs} ms; bearers live ${lifeMs / 60_000} minutes; ${rounds} lives.`,
  )
  for (const isJittered of [false, true]) {
    const { mean, peak } = measureScale(sessions, lifeMs, burstMs, rounds, isJittered, seed)
    const name = isJittered ? 'with jitter' : 'without jitter'
    console.log(
      `${name.padEnd(16)} mean ${mean.toFixed(0)}/s   peak ${peak}/s   peak to mean ${(peak / mean).toFixed(1)}`,
    )
  }
}
