import type { Backend } from '../backend/startBackend.ts'
import type { Visitor } from './visitor.ts'

export interface Check {
  readonly what: string
  readonly expected: number
  readonly seen: number
}

/** How often the refresh tokens reached the backend since its log was reset. */
export function sendsOf(backend: Backend) {
  const perToken = [...backend.log.presentationsPerToken().values()].map((those) => those.length)
  return {
    refreshes: perToken.reduce((sum, count) => sum + count, 0),
    most: Math.max(0, ...perToken),
    replays: backend.log.replays().length,
  }
}

/** How many of the visitors are not who they were. */
export async function lost(visitors: readonly Visitor[], ids: readonly string[]): Promise<number> {
  const now = await Promise.all(visitors.map((visitor) => visitor.facts()))
  return now.filter((facts, i) => facts?.user.id !== ids[i]).length
}

export async function idsOf(visitors: readonly Visitor[]): Promise<string[]> {
  const facts = await Promise.all(visitors.map((visitor) => visitor.facts()))
  return facts.map((those) => those?.user.id ?? 'nobody')
}

/** Prints what was checked; answers whether all of it holds. */
export function judge(checks: readonly Check[]): boolean {
  for (const { what, expected, seen } of checks)
    console.log(`  ${seen === expected ? 'ok  ' : 'WRONG'} ${what.padEnd(56)} ${seen}`)
  return checks.every(({ expected, seen }) => seen === expected)
}

export const say = (text: string): void => console.log(text)
