import { hash } from 'node:crypto'
import type { Violation } from './judge.ts'

/** One thing that may happen next. Its name says what, and is the same in every run that gets here. */
export interface Choice {
  readonly name: string
  take(): void
}

/** The code under test and its surroundings, at rest between two choices. */
export interface World {
  choices(): Choice[]
  /** What tells this state from others: two states with one print have the same future. */
  print(): string
  violations(): readonly Violation[]
  /** For people: what it looks like now. */
  describe(): string
}

export interface Scenario {
  readonly name: string
  readonly about: string
  /** What limits the exploration besides the depth, in words. */
  readonly bound: string
  /** How many choices in a row CI explores. */
  readonly depth: number
  start(): Promise<World>
}

export interface Found extends Violation {
  /** The names of the choices that lead to it, and their numbers: `--way`. */
  readonly trace: readonly string[]
  readonly way: string
}

export interface Explored {
  readonly depth: number
  readonly states: number
  readonly transitions: number
  /** How many states were found again by another way. */
  readonly merged: number
  /** How many of those were checked to have the same future one choice on, and which had not. */
  readonly audited: number
  readonly unsound: readonly string[]
  /** Nothing is left to explore: the budget of the scenario ends before the depth does. */
  readonly isExhausted: boolean
  /** The first of each kind; none has a shorter trace. */
  readonly found: readonly Found[]
}

interface Node {
  readonly parent?: Node
  readonly name: string
  readonly index: number
}

export interface Limits {
  readonly depth: number
  /** One of so many merges is audited; 0: none. */
  readonly auditEvery?: number
  /** Ends at the first violation. */
  readonly isEager?: boolean
  readonly onLevel?: (depth: number, states: number, transitions: number) => void
}

/** Lets everything run that waits for nobody but the event loop. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/**
 * Breadth first, so that the first way to a violation is a shortest one. A state is the way to it, which is taken again
 * whenever the state is needed: the code under test cannot be copied, and runs the same way every time.
 */
export async function explore(scenario: Scenario, limits: Limits): Promise<Explored> {
  const { depth, auditEvery = 0, isEager = false } = limits
  const root: Node = { name: '', index: -1 }
  const first = await scenario.start()
  const seen = new Map<string, Node>([[short(first.print()), root]])
  const found = new Map<string, Found>()
  const unsound: string[] = []
  let level: Node[] = [root]
  let transitions = 0
  let merged = 0
  let audited = 0
  let reached = 0
  note(root, first)

  function note(node: Node, world: World): boolean {
    const violations = world.violations()
    for (const violation of violations) {
      const kind = violation.invariant
      if (!found.has(kind)) found.set(kind, { ...violation, ...wayOf(node) })
    }
    return violations.length > 0
  }

  async function audit(one: Node, other: Node) {
    audited += 1
    const [a, b] = [await futures(scenario, one), await futures(scenario, other)]
    if (a === b) return
    unsound.push(
      [wayOf(one).trace.join(', '), wayOf(other).trace.join(', '), firstDifference(a, b)].join('\n'),
    )
  }

  while (level.length > 0 && reached < depth) {
    reached += 1
    const next: Node[] = []
    for (const node of level) {
      let world: World | undefined = await replay(scenario, node)
      const names = world.choices().map(({ name }) => name)
      for (const [index, name] of names.entries()) {
        world ??= await replay(scenario, node)
        await take(world, name)
        transitions += 1
        const child: Node = { parent: node, name, index }
        const isBroken = note(child, world)
        const print = short(world.print())
        world = undefined
        if (isBroken && isEager) return result()
        // What follows a violation proves nothing.
        if (isBroken) continue
        const other = seen.get(print)
        if (!other) {
          seen.set(print, child)
          next.push(child)
          continue
        }
        merged += 1
        if (auditEvery > 0 && merged % auditEvery === 0) await audit(child, other)
      }
    }
    level = next
    limits.onLevel?.(reached, seen.size, transitions)
  }

  function result(): Explored {
    const isExhausted = level.length === 0
    return {
      depth: reached,
      states: seen.size,
      transitions,
      merged,
      audited,
      unsound,
      isExhausted,
      found: [...found.values()],
    }
  }
  return result()
}

async function take(world: World, name: string): Promise<void> {
  const choice = world.choices().find((one) => one.name === name)
  if (!choice) throw new Error(`The same way leads elsewhere: no "${name}" among what may happen now.`)
  choice.take()
  await settle()
}

async function replay(scenario: Scenario, node: Node): Promise<World> {
  const world = await scenario.start()
  for (const name of wayOf(node).trace) await take(world, name)
  return world
}

/** What each choice leads to, as one text. */
async function futures(scenario: Scenario, node: Node): Promise<string> {
  const names = (await replay(scenario, node)).choices().map(({ name }) => name)
  const all: string[] = []
  for (const name of names) {
    const world = await replay(scenario, node)
    await take(world, name)
    const kinds = world.violations().map(({ invariant }) => invariant)
    // Not under its name: who acts may have changed places.
    all.push(`${kinds} ${world.print()}`)
  }
  return [...new Set(all)].sort().join('\n\n')
}

function firstDifference(a: string, b: string): string {
  const [left, right] = [a.split('\n'), b.split('\n')]
  const only = (lines: string[], others: string[]) => lines.filter((line) => !others.includes(line))
  return `only there: ${only(left, right).join('; ')}\nonly here: ${only(right, left).join('; ')}`
}

function wayOf(node: Node) {
  const trace: string[] = []
  const way: number[] = []
  for (let one: Node | undefined = node; one?.parent; one = one.parent) {
    trace.unshift(one.name)
    way.unshift(one.index)
  }
  return { trace, way: way.join('.') }
}

/** Enough to tell some thousand million states apart. */
const short = (print: string) => hash('sha256', print, 'base64').slice(0, 20)

/** One run, told step by step. `way`: the numbers of the choices, as a violation prints them. */
export async function narrate(scenario: Scenario, way: string): Promise<string[]> {
  const world = await scenario.start()
  const lines = [`        ${world.describe()}`]
  for (const step of way === '' ? [] : way.split('.')) {
    const choice = world.choices()[Number(step)]
    if (!choice) throw new Error(`There is no choice ${step} here.`)
    choice.take()
    await settle()
    lines.push(`${step.padStart(4)}  ${choice.name}`, `        ${world.describe()}`)
    for (const { invariant, text } of world.violations()) lines.push(`  !!    ${invariant}: ${text}`)
  }
  return lines
}
