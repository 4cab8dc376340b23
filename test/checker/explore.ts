import { hash } from 'node:crypto'
import type { Violation } from '../proof/judge/judge.ts'

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
  /** What has happened since this was asked the last time, in words that are the same wherever it happens. */
  happened?(): readonly string[]
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
  /** How many states were found again by another way, and are not followed there. At the last choice nothing is. */
  readonly merged: number
  /** How many of those were checked to have the same future, and which had not. */
  readonly audited: number
  readonly unsound: readonly string[]
  /** Nothing is left to explore: the budget of the scenario ends before the depth does. */
  readonly isExhausted: boolean
  /** The first of each kind; none has a shorter trace. */
  readonly found: readonly Found[]
  /** What happened in all transitions, and how often. */
  readonly covered: ReadonlyMap<string, number>
}

interface Node {
  readonly parent?: Node
  readonly name: string
  readonly index: number
  /** What its choices lead to, as soon as they were taken. */
  future?: string
}

export interface Limits {
  readonly depth: number
  /** One of so many merges is audited; 0: none. */
  readonly auditEvery?: number
  /** How many choices an audit goes on. @default 1 */
  readonly ahead?: number
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
  const { depth, auditEvery = 0, ahead = 1, isEager = false } = limits
  const root: Node = { name: '', index: -1 }
  const first = await scenario.start()
  const seen = new Map<string, Node>([[short(first.print()), root]])
  const found = new Map<string, Found>()
  const unsound: string[] = []
  const covered = new Map<string, number>()
  /** Ways that were found to lead to the state of another, whose future is not yet known. */
  let unaudited: [one: Node, other: Node][] = []
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
    const a = await futures(scenario, one, ahead)
    if (ahead === 1 && futureOf(a) === other.future) return
    const b = await futures(scenario, other, ahead)
    if (futureOf(a) === futureOf(b)) return
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
      const future: string[] = []
      for (const [index, name] of names.entries()) {
        world ??= await replay(scenario, node)
        world.happened?.()
        await take(world, name)
        transitions += 1
        for (const what of world.happened?.() ?? []) covered.set(what, (covered.get(what) ?? 0) + 1)
        const child: Node = { parent: node, name, index }
        const isBroken = note(child, world)
        const text = world.print()
        future.push(outcomeOf(world, text))
        const print = short(text)
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
        if (reached === depth) continue
        merged += 1
        if (auditEvery > 0 && merged % auditEvery === 0) unaudited.push([child, other])
      }
      node.future = futureOf(future)
    }
    for (const [one, other] of unaudited) if (other.future !== undefined) await audit(one, other)
    unaudited = unaudited.filter(([, other]) => other.future === undefined)
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
      covered,
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

/** What each choice leads to, and the next ones, so many `ahead`. */
async function futures(scenario: Scenario, node: Node, ahead: number): Promise<string[]> {
  const all: string[] = []
  let world: World | undefined = await replay(scenario, node)
  for (const [index, { name }] of world.choices().entries()) {
    world ??= await replay(scenario, node)
    await take(world, name)
    all.push(outcomeOf(world, world.print()))
    const isBroken = world.violations().length > 0
    world = undefined
    if (ahead > 1 && !isBroken)
      all.push(...(await futures(scenario, { parent: node, name, index }, ahead - 1)))
  }
  return all
}

/** Not under the name of its choice: who acts may have changed places. */
const outcomeOf = (world: World, print: string) =>
  `${world.violations().map(({ invariant }) => invariant)} ${print}`

const futureOf = (outcomes: readonly string[]) => short([...outcomes].sort().join('\n\n'))

function firstDifference(a: readonly string[], b: readonly string[]): string {
  const lines = (all: readonly string[]) => new Set(all.flatMap((text) => text.split('\n')))
  const only = (left: Set<string>, right: Set<string>) =>
    [...left].filter((line) => !right.has(line)).join('; ')
  return `only there: ${only(lines(a), lines(b))}\nonly here: ${only(lines(b), lines(a))}`
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
