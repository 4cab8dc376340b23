import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { seenBy } from '../proof/mistakes/mistakes.ts'
import { keepRun } from '../runs/keepRun.ts'
import { type Progress, startProgress } from '../runs/startProgress.ts'
import { accept } from './accept.ts'
import { NUISANCES, type Nuisance } from './nemesis.ts'
import { pageOf } from './pageOf.ts'
import { type Report, reportOf, runChaos, type ServerKind, STORES } from './runChaos.ts'

const SERVERS: readonly ServerKind[] = ['ours', 'naive', 'inFlightOnly']
const SHOWN = 40
const bugs = seenBy('chaos').map(({ name }) => name)

const usage = `npm run chaos -- [--seed 1] [--seconds 600] [--sessions 200] [--logouts 1] [--server ours]
                 [--store redis] [--bug name] [--nemesis kill,stop] [--keep file] [--publish]
npm run chaos -- --judge file: once more, what was kept.
npm run chaos -- --accept [name,name]: is each bug caught?
--publish: its page to look at goes to docs/runs.
Servers: ${SERVERS.join(', ')}. Stores, of ours: ${STORES.join(', ')}.
Bugs: ${bugs.join(', ')}.
Nemesis: ${NUISANCES.join(', ')}.`

function read() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        seed: { type: 'string' },
        seconds: { type: 'string' },
        sessions: { type: 'string' },
        logouts: { type: 'string' },
        server: { type: 'string' },
        store: { type: 'string' },
        bug: { type: 'string' },
        nemesis: { type: 'string' },
        keep: { type: 'string' },
        judge: { type: 'string' },
        accept: { type: 'boolean' },
        publish: { type: 'boolean', default: false },
      },
    })
    const { seed = Date.now() % 100_000, seconds = 600, sessions = 200, logouts = 1, bug } = values
    const numbers = {
      seed: Number(seed),
      seconds: Number(seconds),
      sessions: Number(sessions),
      logouts: Number(logouts),
    }
    const server = SERVERS.find((kind) => kind === (values.server ?? 'ours'))
    const store = STORES.find((kind) => kind === (values.store ?? 'redis'))
    const nemesis = values.nemesis?.split(',').filter((name) => name !== '') as Nuisance[] | undefined
    const only = positionals.flatMap((names) => names.split(','))
    const areKnown =
      server !== undefined &&
      store !== undefined &&
      (server === 'ours' || store === 'redis') &&
      [...only, ...(bug === undefined ? [] : [bug])].every((name) => bugs.includes(name)) &&
      (nemesis ?? []).every((name) => NUISANCES.includes(name)) &&
      (only.length === 0 || values.accept)
    if (areKnown && Object.values(numbers).every((value) => Number.isInteger(value) && value >= 0))
      return { ...values, ...numbers, server, store, bug, nemesis, only }
  } catch {
    // Told below.
  }
  console.error(usage)
  process.exit(2)
}

const options = read()
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

async function run(): Promise<boolean> {
  if (options.accept) return accept(options.only, stop.signal)
  const report = options.judge ? reportOf(JSON.parse(readFileSync(options.judge, 'utf8'))) : await play()
  const { seed, sessions, seconds, store } = options
  const command = `npm run chaos -- --seed ${seed} --seconds ${seconds} --sessions ${sessions} --store ${store}`
  keepRun('chaos', pageOf(report, command), options.publish)
  return told(report)
}

async function play(): Promise<Report> {
  const { seed, sessions, seconds, server, store } = options
  console.log(`Seed ${seed}: three processes of ${server} over ${store}, ${sessions} clients, ${seconds} s.`)
  let progress: Progress | undefined
  const report = await runChaos({
    ...options,
    stop: stop.signal,
    onElapsed(ms) {
      progress ??= startProgress({ unit: 's', total: seconds })
      progress.at(ms / 1_000)
    },
    onPlan(planned) {
      for (const { at, what, forMs, process: i } of planned)
        console.log(
          `  ${(at / 1000).toFixed(1).padStart(6)} s  ${what}${i === undefined ? '' : ` process ${i}`}, ${forMs} ms`,
        )
    },
  }).finally(() => progress?.end())
  if (options.keep) writeFileSync(options.keep, JSON.stringify(report.history))
  return report
}

/** Prints it. Answers whether no rule was broken. */
function told({ figures, losses, violations }: Report): boolean {
  console.log('')
  for (const [name, count] of Object.entries(figures)) console.log(`${name.padEnd(56)} ${count}`)
  list('Sessions lost, by cause', losses)
  console.log(`\nViolations: ${violations.length}`)
  const kinds = Object.entries(Object.groupBy(violations, ({ kind }) => kind))
  if (kinds.length > 0) console.log(`  ${kinds.map(([kind, those]) => `${kind} ${those.length}`).join(', ')}`)
  for (const { kind, at, session, text, evidence } of violations.slice(0, SHOWN)) {
    console.log(`  ${kind} at ${(at / 1_000).toFixed(2)} s, session ${session}: ${text}`)
    for (const line of evidence) console.log(`    ${line}`)
  }
  return violations.length === 0
}

function list(title: string, counts: Readonly<Record<string, number>>): void {
  console.log(`\n${title}:`)
  for (const [cause, count] of Object.entries(counts)) console.log(`  ${cause.padEnd(54)} ${count}`)
  if (Object.keys(counts).length === 0) console.log('  none')
}

const isWell = await run().catch((error: unknown) => {
  if (!stop.signal.aborted) throw error
  console.log('Stopped.')
  process.exit(130)
})
process.exitCode = isWell ? 0 : 1
