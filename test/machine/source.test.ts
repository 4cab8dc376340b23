import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { sessionMachine } from '../../machines/session.machine.ts'
import { FUNCTION, runningChart, sourceConfig, writtenChart } from './sourceChart.ts'

/**
 * Stately Studio and the visualiser of VS Code read a machine out of its source text and run nothing. They show
 * this chart whole only as long as it is written whole.
 */
const text = readFileSync(new URL('../../machines/session.machine.ts', import.meta.url), 'utf8')
const written = (source = text) => sourceConfig(source, 'sessionMachine')
const running = runningChart(sessionMachine.root as never)

test('the chart that is written is the chart that runs: states, transitions, guards, actions, tags, invokes', () => {
  const chart = writtenChart(written())
  expect(chart).toEqual(running)
  expect(Object.keys(chart)).toEqual([
    'session',
    'loggedOut',
    'active',
    'nearingExpiry',
    'refreshing',
    'retrying',
    'expired',
  ])
  const transitions = Object.values(chart).flatMap((state) => state.transitions)
  expect(transitions.length).toBeGreaterThan(40)
  expect(chart.refreshing?.invokes).toEqual(['refresh: refresh'])
})

test('and word for word the config that XState was given', () => {
  const given = JSON.stringify(sessionMachine.config, (_, value) =>
    typeof value === 'function' ? FUNCTION : value,
  )
  expect(written()).toEqual(JSON.parse(given))
})

test('every guard, action and actor that it names is there', () => {
  const { guards, actions, actors } = sessionMachine.implementations
  const used = { guard: new Set<string>(), actions: new Set<string>(), src: new Set<string>() }
  JSON.stringify(written(), (key, value) => {
    const names = Array.isArray(value) ? value : [value]
    if (key === 'guard' || key === 'actions' || key === 'src')
      for (const name of names) used[key].add(typeof name === 'string' ? name : name.type)
    return value
  })
  expect(used.guard.size).toBeGreaterThan(15)
  expect([...used.guard].filter((name) => !Object.hasOwn(guards, name))).toEqual([])
  expect([...used.actions].filter((name) => !Object.hasOwn(actions, name))).toEqual([])
  expect([...used.src].sort()).toEqual(Object.keys(actors).sort())
})

/** The text with one change; it has to be one. */
function changed(from: string, to: string): string {
  const next = text.replace(from, to)
  expect(next).not.toBe(text)
  return next
}

test.each([
  ['a spread among the states', '  states: {\n', '  states: {\n    ...more,\n'],
  ['a spread in a state', "      tags: 'ended',\n", "      tags: 'ended',\n      ...common,\n"],
  ['a spread in a list', "        'time.checked': [\n", "        'time.checked': [\n          ...ends,\n"],
  ['a computed event', "        'network.restored': [", '        [restored]: ['],
  ['a computed name of a state', '    retrying: {', "    ['retrying']: {"],
  ['a state from elsewhere', '    expired: {\n', '    expired: expiredState,\n    ended: {\n'],
  ['a state in short', '    expired: {\n', '    expired,\n    ended: {\n'],
  ['a state out of a function', '    loggedOut: {\n', '    waiting: stateOf(1),\n    loggedOut: {\n'],
  ['states out of a function', '  states: {\n', '  states: Object.freeze({\n'],
  ['a description that is put together', "tags: 'ended',", `tags: 'ended', meta: \`\${text}\`,`],
  ['an initial state from elsewhere', "initial: 'loggedOut'", 'initial: start'],
  ['a guard in place', "guard: 'isRetryDue'", 'guard: () => true'],
  ['an action in place', "actions: 'noteUser',", 'actions: assign({}),'],
  ['a choice', "tags: 'ended'", "tags: isOver ? 'ended' : 'busy'"],
  [
    'a method',
    '  context: ({ input = {} }) => initial(input),',
    '  context({ input = {} }) { return initial(input) },',
  ],
  ['a config from elsewhere', '.createMachine({', '.createMachine(config, {'],
  ['a machine out of a function', 'sessionMachine = setup({', 'sessionMachine = build({'],
])('what is not written out is refused: %s', (_, from, to) => {
  expect(() => written(changed(from, to))).toThrow(/not written/)
})

test('so is a machine that is made into another', () => {
  expect(() => written(`${text.trimEnd()}.provide({})\n`)).toThrow('not written as setup')
})

test.each([
  [
    'a transition',
    "            guard: 'isRereadDue',\n",
    "            guard: 'isRereadDue',\n            target: 'expired',\n",
  ],
  ['a guard', "guard: 'isRetryDue'", "guard: 'isOver'"],
  ['an action', "'noteReread', 'reread'", "'noteReread'"],
  ['a reason', "reason: 'refreshUnsupported'", "reason: 'internal'"],
  ['a tag', "tags: 'ended'", "tags: 'busy'"],
  ['a description', 'The session is over', 'It is over'],
  ['an invoke', "src: 'refresh'", "src: 'alarm'"],
  ['an event', "'network.restored': [", "'network.back': ["],
])('a text in which one thing is another, %s, is another chart', (_, from, to) => {
  expect(writtenChart(written(changed(from, to)))).not.toEqual(running)
})
