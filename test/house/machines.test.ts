import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { sessionMachine } from '../../machines/session.machine.ts'

const folder = fileURLToPath(new URL('../../machines/', import.meta.url))
const textOf = (file: string) => readFileSync(folder + file, 'utf8')

test('the chart is whole in one file: no other file makes a machine or a state', () => {
  const made = readdirSync(folder).filter((file) =>
    /\b(createMachine|createStateConfig|setup)\(/.test(textOf(file)),
  )
  expect(made).toEqual(['session.machine.ts'])
  for (const name of Object.keys(sessionMachine.config.states ?? {}))
    expect(textOf('session.machine.ts')).toContain(`    ${name}: {`)
})

test('machines read no clock and roll no dice (T6, T14)', () => {
  for (const file of readdirSync(folder))
    expect(textOf(file), file).not.toMatch(/Date\.now|performance\.now|setTimeout|Math\.random|new Date\(/)
})

test('no file of the chart is longer than a reader takes in: 300 lines', () => {
  const long = readdirSync(folder).filter((file) => textOf(file).trimEnd().split('\n').length > 300)
  expect(long).toEqual([])
})
