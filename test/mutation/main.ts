/**
 * `npm run mutate`: what the tests notice. Mutates the rooms that are named (default: all), from where the last run
 * stopped, and prints the score of each. `--seeded`: puts the
 * mistakes of `test/proof/mistakes` in instead, all or those that are named. `--publish`: the page to look at goes to `docs/runs`.
 */
import { parseArgs } from 'node:util'
import { keepRun } from '../runs/keepRun.ts'
import { mutateRoom } from './mutateRoom.ts'
import { rooms } from './rooms.ts'
import { roomsPage } from './roomsPage.ts'
import { runSeeded } from './runSeeded.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seeded: { type: 'boolean', default: false }, publish: { type: 'boolean', default: false } },
})

const wanted = positionals.length > 0 ? positionals : Object.keys(rooms)
let isGood = true
if (values.seeded) isGood = await runSeeded(positionals, values.publish)
else {
  for (const [at, name] of wanted.entries()) {
    console.log(`${at + 1} of ${wanted.length}: ${name}`)
    isGood = (await mutateRoom(name)) && isGood
  }
  keepRun('mutation', roomsPage(), values.publish)
}
process.exitCode = isGood ? 0 : 1
