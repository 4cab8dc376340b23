/**
 * `npm run mutate`: what the tests notice. It mutates the rooms or files that are named (default: all rooms), continues
 * where the last run stopped, and prints the score of each. `--sample 200 --seed 1`: only so many mutants of each room,
 * drawn at random. `--workers 1`: so many mutants at the same time. `--seeded`: puts the mistakes of
 * `test/proof/mistakes` in instead, all or those that are named. `--publish`: the page to look at goes to `docs/runs`.
 */
import { parseArgs } from 'node:util'
import { keepRun } from '../runs/keepRun.ts'
import { mutateRoom } from './mutateRoom.ts'
import { rooms } from './rooms.ts'
import { roomsPage } from './roomsPage.ts'
import { runSeeded } from './runSeeded.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    seeded: { type: 'boolean', default: false },
    publish: { type: 'boolean', default: false },
  },
})

function count(option: 'sample' | 'seed' | 'workers'): number {
  const number = Number(values[option])
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Error(
      `--${option} ${values[option]}: it must be a whole number above 0, such as --${option} 1.`,
    )
  return number
}

const wanted = positionals.length > 0 ? positionals : Object.keys(rooms)
let isGood = true
if (values.seeded) isGood = await runSeeded(positionals, values.publish)
else {
  const sample = values.sample === undefined ? undefined : { size: count('sample'), seed: count('seed') }
  const workers = count('workers')
  for (const [at, name] of wanted.entries()) {
    console.log(`${at + 1} of ${wanted.length}: ${name}`)
    isGood = (await mutateRoom(name, { sample, workers })) && isGood
  }
  keepRun('mutation', roomsPage(), values.publish)
}
process.exitCode = isGood ? 0 : 1
