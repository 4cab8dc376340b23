import { parseArgs } from 'node:util'
import { patchSources } from '../patchSources.ts'
import { bugs } from './bugs.ts'
import { windows } from './windows.ts'

const usage = `npm run check:model -- [--scenario name] [--depth 8] [--audit 50] [--ahead 2] [--bug name] [--way 0.3.1]
Bugs: ${Object.keys(bugs).join(', ')}.`

function read() {
  try {
    const { values } = parseArgs({
      options: {
        scenario: { type: 'string' },
        depth: { type: 'string' },
        audit: { type: 'string' },
        ahead: { type: 'string' },
        bug: { type: 'string' },
        way: { type: 'string' },
      },
    })
    const numbers = [values.depth ?? '1', values.audit ?? '1', values.ahead ?? '1'].map(Number)
    const isKnown = values.bug === undefined || Object.hasOwn(bugs, values.bug)
    if (isKnown && numbers.every((value) => Number.isInteger(value) && value >= 0)) return values
  } catch {
    // Told below.
  }
  console.error(usage)
  process.exit(2)
}

const { scenario, depth, audit, ahead, bug: name, way } = read()
const bug = name === undefined ? undefined : bugs[name]
patchSources([...windows, ...(bug?.patches ?? [])])
// Nobody reads the stacks of errors that a state is full of.
Error.stackTraceLimit = way === undefined ? 0 : 10
const { check, replay } = await import('./check.ts')
const wanted = scenario ?? bug?.scenario
process.exitCode =
  way === undefined
    ? await check({
        ...(wanted !== undefined && { scenario: wanted }),
        ...(depth !== undefined && { depth: Number(depth) }),
        ...(audit !== undefined && { auditEvery: Number(audit) }),
        ...(ahead !== undefined && { ahead: Number(ahead) }),
        isEager: bug !== undefined,
      })
    : await replay(wanted, way)
