import { parseArgs } from 'node:util'
import { patchSources } from '../patchSources.ts'
import { mistakes, patchesOf, seenBy } from '../proof/mistakes/mistakes.ts'
import { windows } from './windows.ts'

const usage = `npm run check:model -- [--scenario name] [--depth 8] [--audit 50] [--ahead 2] [--bug name] [--way 0.3.1] [--publish]
Several ways take a scenario each. --publish: its page to look at goes to docs/runs.
Bugs: ${seenBy('checker')
  .map(({ name }) => name)
  .join(', ')}.`

function read() {
  try {
    const { values } = parseArgs({
      options: {
        scenario: { type: 'string', multiple: true },
        depth: { type: 'string' },
        audit: { type: 'string' },
        ahead: { type: 'string' },
        bug: { type: 'string' },
        way: { type: 'string', multiple: true },
        publish: { type: 'boolean' },
      },
    })
    const numbers = [values.depth ?? '1', values.audit ?? '1', values.ahead ?? '1'].map(Number)
    const isKnown = values.bug === undefined || seenBy('checker').some(({ name }) => name === values.bug)
    const { scenario: scenarios = [], way: ways = [] } = values
    const isPaired = scenarios.length < 2 || scenarios.length === ways.length
    if (isKnown && isPaired && numbers.every((value) => Number.isInteger(value) && value >= 0))
      return { ...values, scenarios, ways }
  } catch {
    // Told below.
  }
  console.error(usage)
  process.exit(2)
}

const { scenarios, depth, audit, ahead, bug, ways, publish = false } = read()
patchSources([...windows, ...(bug === undefined ? [] : patchesOf(bug, 'checker'))])
// Nobody reads the stacks of errors that a state is full of.
Error.stackTraceLimit = ways.length === 0 ? 0 : 10
const { check, replay } = await import('./check.ts')
const wanted = scenarios[0] ?? mistakes[bug ?? '']?.seenBy.checker?.scenario
process.exitCode =
  ways.length === 0
    ? await check({
        ...(wanted !== undefined && { scenario: wanted }),
        ...(depth !== undefined && { depth: Number(depth) }),
        ...(audit !== undefined && { auditEvery: Number(audit) }),
        ...(ahead !== undefined && { ahead: Number(ahead) }),
        isEager: bug !== undefined,
        isPublished: publish,
      })
    : await replay(ways.map((way, at) => ({ scenario: scenarios[at] ?? wanted, way })))
