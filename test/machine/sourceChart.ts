import ts from 'typescript'

/** A function that is written into the config. What it answers is no part of the picture. */
export const FUNCTION = '(function)'

export type Written =
  | string
  | number
  | boolean
  | null
  | readonly Written[]
  | { readonly [name: string]: Written }

/** Where alone a function may stand: it is called with facts, and no state or transition comes out of it. */
const COMPUTED = ['context', 'input', 'params']

/**
 * The config of `name` as it is written in `text`, read like the editors read it: nothing is run. Throws for whatever
 * is not written out in place, such as a spread, a computed name, or something that is defined elsewhere.
 */
export function sourceConfig(text: string, name: string): Written {
  const source = ts.createSourceFile('machine.ts', text, ts.ScriptTarget.Latest, true)
  const declared = source.statements
    .filter(ts.isVariableStatement)
    .flatMap(({ declarationList }) => [...declarationList.declarations])
    .find((declaration) => ts.isIdentifier(declaration.name) && declaration.name.text === name)
  const call = declared?.initializer
  const isMachine =
    call !== undefined &&
    ts.isCallExpression(call) &&
    ts.isPropertyAccessExpression(call.expression) &&
    call.expression.name.text === 'createMachine' &&
    ts.isCallExpression(call.expression.expression) &&
    call.expression.expression.expression.getText() === 'setup'
  if (!isMachine) throw new Error(`${name} is not written as setup(…).createMachine(…)`)
  const [config] = call.arguments
  if (!config || !ts.isObjectLiteralExpression(config)) throw notWritten(config ?? call, name)
  return read(config, [])
}

function read(node: ts.Expression, path: readonly string[]): Written {
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isNumericLiteral(node)) return Number(node.text)
  if (node.kind === ts.SyntaxKind.TrueKeyword) return true
  if (node.kind === ts.SyntaxKind.FalseKeyword) return false
  if (node.kind === ts.SyntaxKind.NullKeyword) return null
  if (ts.isArrayLiteralExpression(node))
    return node.elements.map((element, index) => read(element, [...path, String(index)]))
  if (ts.isObjectLiteralExpression(node))
    return Object.fromEntries(node.properties.map((p) => member(p, path)))
  if ((ts.isArrowFunction(node) || ts.isFunctionExpression(node)) && COMPUTED.includes(path.at(-1) ?? ''))
    return FUNCTION
  throw notWritten(node, path.join('.'))
}

function member(property: ts.ObjectLiteralElementLike, path: readonly string[]): [string, Written] {
  if (!ts.isPropertyAssignment(property)) throw notWritten(property, path.join('.'))
  const { name, initializer } = property
  if (!ts.isIdentifier(name) && !ts.isStringLiteral(name)) throw notWritten(name, path.join('.'))
  return [name.text, read(initializer, [...path, name.text])]
}

const notWritten = (node: ts.Node, where: string) =>
  new Error(`${where || 'the config'}: \`${node.getText().slice(0, 40)}\` is not written out`)

/** What a picture of the chart shows, by names. */
export interface ChartState {
  readonly description: string | undefined
  readonly tags: readonly string[]
  readonly invokes: readonly string[]
  /** `event [guard] -> target / actions`, in the order in which they are tried. */
  readonly transitions: readonly string[]
}
export type Chart = Readonly<Record<string, ChartState>>

type Fields = { readonly [name: string]: Written }

/** The chart that a written config makes; the root is called by its id. */
export function writtenChart(config: Written): Chart {
  const { id, states, ...root } = config as Fields
  const inner = Object.entries((states ?? {}) as Record<string, Fields>)
  const nested = inner.filter(([, state]) => 'states' in state).map(([name]) => name)
  if (nested.length > 0) throw new Error(`${nested.join()}: states of states are not read here`)
  return Object.fromEntries(
    [[String(id), root], ...inner].map(([name, state]) => [name, writtenState(state as Fields)]),
  )
}

const listOf = (value: Written | undefined): readonly Written[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as Written]

const named = (value: Written): string =>
  typeof value === 'string'
    ? value
    : [(value as Fields).type, paramsOf((value as Fields).params)].filter(Boolean).join(' ')

const paramsOf = (params: unknown) =>
  params === undefined
    ? ''
    : typeof params === 'function'
      ? FUNCTION
      : typeof params === 'string'
        ? params
        : JSON.stringify(params)

function writtenState({ description, tags, invoke, on, always }: Fields): ChartState {
  const arrows = (event: string, value: Written | undefined) =>
    listOf(value).map((one) => {
      const { guard, target, actions } = (typeof one === 'string' ? { target: one } : one) as Fields
      const goes = target === undefined ? [] : [String(target).replace(/^\./, '')]
      return arrow(event, guard === undefined ? undefined : named(guard), goes, listOf(actions).map(named))
    })
  return {
    description: description as string | undefined,
    tags: listOf(tags) as string[],
    invokes: listOf(invoke).map((one) => `${(one as Fields).id}: ${(one as Fields).src}`),
    transitions: [
      ...arrows('', always),
      ...Object.entries((on ?? {}) as Fields).flatMap(([event, value]) => arrows(event, value)),
    ],
  }
}

const arrow = (
  event: string,
  guard: string | undefined,
  targets: readonly string[],
  actions: readonly string[],
) => `${event} [${guard ?? ''}] -> ${targets.join()} / ${actions.join(', ')}`

/** A node of a machine that runs, as far as its picture goes. */
interface RunningNode {
  readonly key: string
  readonly description?: string | undefined
  readonly tags: readonly string[]
  readonly invoke: readonly { readonly id: string; readonly src: unknown }[]
  readonly always?: readonly RunningTransition[] | undefined
  readonly transitions: ReadonlyMap<string, readonly RunningTransition[]>
  readonly states: Readonly<Record<string, RunningNode>>
}
interface RunningTransition {
  readonly guard?: unknown
  readonly target?: readonly { readonly key: string }[] | undefined
  readonly actions: readonly unknown[]
}

/** The chart of a machine that runs, in the same words. */
export function runningChart(root: RunningNode): Chart {
  const states = [root, ...Object.values(root.states)]
  return Object.fromEntries(states.map((node) => [node.key, runningState(node)]))
}

function runningState({ description, tags, invoke, always = [], transitions }: RunningNode): ChartState {
  const nameOf = (value: unknown) =>
    typeof value === 'string'
      ? value
      : [(value as Fields).type, paramsOf((value as Fields).params)].filter(Boolean).join(' ')
  const arrows = (event: string, list: readonly RunningTransition[]) =>
    list.map(({ guard, target = [], actions }) =>
      arrow(
        event,
        guard === undefined ? undefined : nameOf(guard),
        target.map(({ key }) => key),
        actions.map(nameOf),
      ),
    )
  return {
    description,
    tags,
    invokes: invoke.map(({ id, src }) => `${id}: ${src}`),
    transitions: [...arrows('', always), ...[...transitions].flatMap(([event, list]) => arrows(event, list))],
  }
}
