/**
 * `npm run mutate`: what the tests notice. Mutates the rooms that are named (default: all), from where the last run
 * stopped, and prints the score of each. `--seeded`: puts the
 * mistakes of `test/proof/mistakes` in instead, all or those that are named.
 */
import { parseArgs } from 'node:util'
import { mutateRoom } from './mutateRoom.ts'
import { rooms } from './rooms.ts'
import { runSeeded } from './runSeeded.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seeded: { type: 'boolean', default: false } },
})

const wanted = positionals.length > 0 ? positionals : Object.keys(rooms)
let isGood = true
if (values.seeded) isGood = await runSeeded(positionals)
else
  for (const [at, name] of wanted.entries()) {
    console.log(`${at + 1} of ${wanted.length}: ${name}`)
    isGood = (await mutateRoom(name)) && isGood
  }
process.exitCode = isGood ? 0 : 1
