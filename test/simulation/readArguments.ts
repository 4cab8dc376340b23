import { parseArgs } from 'node:util'
import { seenBy } from '../proof/mistakes/mistakes.ts'

const bugs = Object.fromEntries(seenBy('simulation').map(({ name, seen }) => [name, seen]))
const ofServers = Object.keys(bugs).filter((name) => bugs[name]?.isFleet)

export const usage = `npm run simulate -- [--seed 1] [--hours 1000 | --million] [--sessions 20] [--fleet] [--bug name] [--publish]
npm run simulate -- --world <its number> [--hours 48] [--sessions 20] [--only 3,7] [--faults 1,2 | none] [--fleet] [--bug name]
npm run simulate -- --scale [--seed 1]
--publish: its page to look at goes to docs/runs.
Bugs: ${Object.keys(bugs).join(', ')}; ${ofServers.join(' and ')} with --fleet.`

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
  readonly isPublished: boolean
}

/** The first world of a seed is this many times its number; a world's number has 32 bits. */
export const WORLDS_PER_SEED = 1_000_000
const LAST_WORLD = 2 ** 32 - 1
const LAST_SEED = Math.floor(LAST_WORLD / WORLDS_PER_SEED)
const MOST_SESSIONS = 10_000
const MOST_HOURS = 1e9

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const
const options = {
  seed: text,
  hours: text,
  sessions: text,
  world: text,
  only: text,
  faults: text,
  bug: text,
  million: flag,
  fleet: flag,
  scale: flag,
  publish: flag,
}

/** What does not go together, and what does not go without the other. */
const CLASHES = [
  ['seed', 'world'],
  ['million', 'world'],
  ['million', 'hours'],
] as const
const NEEDS_WORLD = ['only', 'faults'] as const

/** What the command line asks for, or what is wrong with it. */
export function readArguments(args: readonly string[]): Arguments | string {
  try {
    return read(args)
  } catch (error) {
    return (error as Error).message
  }
}

function read(args: readonly string[]): Arguments {
  const { values } = parseArgs({ args: [...args], options })
  const { world, bug, fleet: isFleet = false, scale: isScale = false, publish: isPublished = false } = values
  for (const [one, other] of CLASHES)
    if (values[one] !== undefined && values[other] !== undefined)
      throw new Error(`--${one} does not go with --${other}`)
  for (const name of NEEDS_WORLD)
    if (values[name] !== undefined && world === undefined) throw new Error(`--${name} goes with --world`)
  if (bug !== undefined && !Object.hasOwn(bugs, bug)) throw new Error(`there is no bug ${bug}`)
  if (bug !== undefined && ofServers.includes(bug) && !isFleet)
    throw new Error(`${bug} is a bug of servers: it goes with --fleet`)
  const sessions = whole('sessions', values.sessions ?? '20', 1, MOST_SESSIONS)
  const list = (name: string, given: string | undefined, most: number) =>
    given?.split(',').map((one) => whole(name, one, 0, most))
  const hours = Number(values.hours ?? (values.million ? 1_000_000 : world === undefined ? 1_000 : 48))
  if (!(hours > 0 && hours <= MOST_HOURS))
    throw new Error(`--hours takes more than 0, and at most ${MOST_HOURS}`)
  return {
    seed: whole('seed', values.seed ?? '1', 0, LAST_SEED),
    hours,
    sessions,
    world: world === undefined ? undefined : whole('world', world, 0, LAST_WORLD),
    only: list('only', values.only, sessions - 1),
    faults: values.faults === 'none' ? [] : list('faults', values.faults, LAST_WORLD),
    bug,
    isFleet,
    isScale,
    isPublished,
  }
}

function whole(name: string, given: string, least: number, most: number): number {
  const value = /^\d+$/.test(given) ? Number(given) : Number.NaN
  if (!(value >= least && value <= most))
    throw new Error(`--${name} takes ${least} to ${most}, not "${given}"`)
  return value
}
