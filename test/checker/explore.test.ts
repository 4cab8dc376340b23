import { describe, expect, test } from 'vitest'
import { canonical } from './canonical.ts'
import { explore, narrate, type Scenario } from './explore.ts'

interface Toy {
  readonly print: (given: string) => string
  readonly breaks?: (given: string) => boolean
  readonly names?: (given: string) => string[]
}

/** A world that is the letters that were chosen. */
const toy = ({ print, breaks = () => false, names = () => ['a', 'b'] }: Toy): Scenario => ({
  name: 'toy',
  about: '',
  bound: '',
  depth: 4,
  async start() {
    let given = ''
    return {
      choices: () =>
        names(given).map((name) => ({
          name,
          take() {
            given += name
          },
        })),
      print: () => print(given),
      violations: () => (breaks(given) ? [{ invariant: 'I0', text: given }] : []),
      describe: () => given,
    }
  },
})

const sorted = (given: string) => [...given].sort().join('')

describe('the explorer', () => {
  test('takes every order of choices up to its depth', async () => {
    const { states, transitions, isExhausted } = await explore(toy({ print: (given) => given }), { depth: 4 })
    expect(states).toBe(1 + 2 + 4 + 8 + 16)
    expect(transitions).toBe(2 + 4 + 8 + 16)
    expect(isExhausted).toBe(false)
  })

  test('follows equal states once, and ends where nothing is left', async () => {
    const world = toy({ print: sorted, names: (given) => (given.length < 3 ? ['a', 'b'] : []) })
    const { states, merged, isExhausted } = await explore(world, { depth: 9 })
    expect(states).toBe(1 + 2 + 3 + 4)
    expect(merged).toBe(1 + 2)
    expect(isExhausted).toBe(true)
  })

  test('gives a shortest trace, which can be taken again', async () => {
    const world = toy({ print: sorted, breaks: (given) => sorted(given).includes('abb') })
    const { found } = await explore(world, { depth: 4 })
    expect(found).toHaveLength(1)
    expect(found[0]?.trace).toHaveLength(3)
    expect((await narrate(world, found[0]?.way ?? '')).at(-1)).toContain('!!    I0')
  })

  test('finds out that states with one print differ', async () => {
    // What comes last decides what follows, and the print does not tell.
    const hidden = toy({
      print: (given) => `${given.length}`,
      names: (given) => (given.endsWith('b') ? ['c'] : ['a', 'b']),
    })
    const ends = toy({ print: (given) => (given.length > 2 ? given.slice(1) : `${given.length}`) })
    expect((await explore(ends, { depth: 4, auditEvery: 1 })).unsound.length).toBeGreaterThan(0)
    expect((await explore(toy({ print: sorted }), { depth: 4, auditEvery: 1 })).unsound).toEqual([])
    expect((await explore(hidden, { depth: 2, auditEvery: 1 })).unsound).toHaveLength(1)
    // Nothing follows the last choice, so nothing can be missed there.
    expect(await explore(hidden, { depth: 1, auditEvery: 1 })).toMatchObject({ merged: 0, unsound: [] })
  })

  test('looks as far ahead as it is told', async () => {
    // A difference that one choice does not show.
    const late = toy({ print: (given) => (given.length > 2 ? given : `${given.length}`) })
    expect((await explore(late, { depth: 2, auditEvery: 1 })).unsound).toEqual([])
    expect((await explore(late, { depth: 2, auditEvery: 1, ahead: 2 })).unsound).toHaveLength(1)
  })

  test('refuses a world that is not the same twice', async () => {
    let started = 0
    const names = () => (started > 3 ? ['z'] : ['a', 'b'])
    const world = toy({ print: (given) => given, names })
    const restless = { ...world, start: () => world.start().finally(() => void started++) }
    await expect(explore(restless, { depth: 4 })).rejects.toThrow('The same way leads elsewhere')
  })

  test('lets those who are alike change places, and nobody else', () => {
    expect(canonical(['P1 holds', 'P2 waits'], ['P1', 'P2'])).toBe(
      canonical(['P1 waits', 'P2 holds'], ['P1', 'P2']),
    )
    expect(canonical(['P1 holds'], [])).not.toBe(canonical(['P2 holds'], []))
    expect(canonical(['P1 holds', 'P2 holds'], ['P1', 'P2'])).not.toBe(canonical(['P1 holds'], ['P1', 'P2']))
  })
})
