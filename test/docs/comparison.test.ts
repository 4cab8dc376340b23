import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (page: string) => readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8')
const comparison = read('comparison.md')

/** What Measurements says that a row weighs today, as it is written there. */
function measured(what: string): string {
  const row = read('measurements.md')
    .split('\n')
    .find((line) => line.includes(`| ${what} |`))
  const [today] = row?.split('|').slice(-2) ?? []
  expect(today, what).toMatch(/^ \d+\.\d $/)
  return (today as string).trim()
}

test('our sizes are those of Measurements', () => {
  const oneStrategy = measured('core, one strategy and XState')
  expect(comparison).toContain(`Ours with XState is ${oneStrategy} kB.`)
  expect(comparison).toContain(`| **xstate-session, core and one strategy** | **${oneStrategy}** |`)
  const all = 'all that a page behind its server needs, with tabs and React hooks'
  expect(comparison).toContain(`| **xstate-session, ${all}** | **${measured(all)}** |`)
  for (const row of ['core, login at any provider, refresh, XState, oauth4webapi', 'the same with DPoP'])
    expect(comparison).toContain(`| **xstate-session, ${row}** | **${measured(row)}** |`)
  const least = measured('core and one strategy, own code')
  const behind = measured('a page behind its server and tabs, own code')
  expect(comparison.replace(/\s+/g, ' ')).toContain(
    `ours are ${least} kB with one strategy, and ${behind} kB behind a server with tabs.`,
  )
})
