import { parseArgs } from 'node:util'
import { bugs } from './bugs.ts'

const usage = `npm run simulate -- [--seed 1] [--hours 1000 | --million] [--fleet] [--bug name]
npm run simulate -- --world <its number> [--hours 48] [--sessions 20] [--only 3,7] [--faults 1,2 | none] [--fleet] [--bug name]
npm run simulate -- --scale
Bugs: ${Object.keys(bugs).join(', ')}.`

export interface Arguments {
  readonly seed: number
  /** Session-hours in all, or with `world` the length of that world. */
  readonly hours: number
  readonly sessions: number
  readonly world?: number | undefined
  readonly only?: readonly number[] | undefined
  readonly faults?: readonly number[] | undefined
  readonly bug?: string | undefined
  /** Behind a fleet of servers, and not in browsers. */
  readonly isFleet: boolean
  readonly isScale: boolean
}

const texts = ['seed', 'hours', 'sessions', 'world', 'only', 'faults', 'bug'] as const

/** What the command line asks for; `undefined` where it cannot be understood, which is told. */
export function readArguments(): Arguments | undefined {
  try {
    const { values } = parseArgs({
      options: {
        ...(Object.fromEntries(texts.map((name) => [name, { type: 'string' }])) as Record<
          (typeof texts)[number],
          { type: 'string' }
        >),
        million: { type: 'boolean' },
        fleet: { type: 'boolean' },
        scale: { type: 'boolean' },
      },
    })
    const list = (text: string | undefined) =>
      text === undefined ? undefined : text === 'none' ? [] : text.split(',').map(Number)
    const { world, bug } = values
    const read: Arguments = {
      seed: Number(values.seed ?? 1),
      hours: values.million ? 1_000_000 : Number(values.hours ?? (world === undefined ? 1_000 : 48)),
      sessions: Number(values.sessions ?? 20),
      world: world === undefined ? undefined : Number(world),
      only: list(values.only),
      faults: list(values.faults),
      bug,
      isFleet: values.fleet === true,
      isScale: values.scale === true,
    }
    const numbers = [
      read.seed,
      read.hours,
      read.sessions,
      read.world ?? 0,
      ...(read.only ?? []),
      ...(read.faults ?? []),
    ]
    const isKnown = bug === undefined || Object.hasOwn(bugs, bug)
    if (isKnown && numbers.every((value) => value >= 0)) return read
  } catch {
    // Told below.
  }
  console.error(usage)
  return undefined
}
