import type { Bench, Monitor } from '../judge.ts'

/** I3, I4, I8 and I19: of what is kept in a store. */
export function records(_: Bench): Monitor {
  return { memory: () => [] }
}
