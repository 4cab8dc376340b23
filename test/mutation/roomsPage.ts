import { existsSync } from 'node:fs'
import type { RunPage } from '../runs/runPage.ts'
import { KEPT } from './mutateRoom.ts'
import { reportOf } from './reportOf.ts'
import { rooms } from './rooms.ts'

/** What is known of each room: from this run, or from the last one that has tried it. */
export function roomsPage(): Omit<RunPage, 'date'> {
  const known = Object.keys(rooms).flatMap((name) => {
    const file = `${KEPT}/${name}.json`
    return existsSync(file) ? [{ name, ...reportOf(name, file) }] : []
  })
  const all = known.map((room) => ({ ...room, total: room.noticed + room.explained + room.open }))
  const sum = (of: (room: (typeof all)[number]) => number) => all.reduce((total, room) => total + of(room), 0)
  return {
    title: `Mutation: ${sum(({ total }) => total)} mutants in ${all.length} of ${Object.keys(rooms).length} rooms`,
    about:
      'One small mistake after the other is put into the code: a condition, an operator, a block. A room’s score is the share that a test noticed. An explained one counts as not noticed.',
    command: 'npm run mutate',
    facts: {
      mutants: sum(({ total }) => total),
      noticed: sum(({ noticed }) => noticed),
      explained: sum(({ explained }) => explained),
      'neither noticed nor explained': sum(({ open }) => open),
    },
    sections: [
      {
        title: 'Scores, by room',
        about: `Not tried here: ${
          Object.keys(rooms)
            .filter((name) => !all.some((room) => room.name === name))
            .join(', ') || 'none'
        }.`,
        figures: [
          {
            kind: 'bars',
            bars: all.map(({ name, noticed, total, open }) => ({
              label: name,
              value: (100 * noticed) / Math.max(1, total),
              text: `${((100 * noticed) / Math.max(1, total)).toFixed(1)} % of ${total}`,
              tone: open > 0 ? 'wait' : 'good',
            })),
          },
          {
            kind: 'table',
            head: ['room', 'mutants', 'noticed', 'explained', 'neither'],
            rows: all.map(({ name, total, noticed, explained, open }) => [
              name,
              total,
              noticed,
              explained,
              open === 0 ? 0 : { text: String(open), tone: 'wait' },
            ]),
          },
        ],
      },
    ],
  }
}
