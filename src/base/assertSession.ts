import { assertHas } from './assertHas.ts'

/** Refuses what is no session, for `factory`, which ties something to one. */
export const assertSession = (session: unknown, factory: string): void =>
  assertHas(
    session,
    ['getSnapshot', 'subscribe'],
    `${factory}: the first argument`,
    'a session: what createSession or createBffSession returns',
  )
